-- What a look at the files on disk found. Times are milliseconds since 1970.

-- None: as it was stored, or not looked at since. 1 missing, 2 changed by somebody, 3 other bytes under the old time and length.
ALTER TABLE files ADD COLUMN found INTEGER;
CREATE INDEX files_found ON files (item, part) WHERE found IS NOT NULL;
-- An album's hard link or copy may be the last good one of a file.
CREATE INDEX album_links_by_target ON album_links (target);

-- Deletions at Google, and the trash. Times are milliseconds since 1970.

-- Why an absence from the listing proves nothing; none: no reason is known, so it does.
ALTER TABLE listing ADD COLUMN doubt TEXT DEFAULT 'an earlier version began it';
ALTER TABLE full_listings ADD COLUMN doubt TEXT DEFAULT 'an earlier version made it';

-- What Google answered when it was asked for an item that its listings missed. Holds until a listing has the item again.
CREATE TABLE absences (
    item        INTEGER PRIMARY KEY REFERENCES items (n),
    generation  INTEGER NOT NULL,   -- of the newest listing that had missed it by then
    asked       INTEGER NOT NULL,
    is_gone     INTEGER NOT NULL,   -- 0: Google gives it all the same
    stays       INTEGER             -- why its file stays although it is gone: 1 changed by somebody, 2 put back by a person
) STRICT;

-- What was moved to the trash and was not removed from there yet.
CREATE TABLE trash (
    path        TEXT PRIMARY KEY,   -- below the folder of the trash
    item        INTEGER NOT NULL REFERENCES items (n),
    part        INTEGER NOT NULL,   -- 0 main, 1 motion, 2 sidecar
    home        TEXT NOT NULL,      -- where it was, below the root
    bytes       INTEGER NOT NULL,
    sha256      BLOB NOT NULL,
    moved       INTEGER NOT NULL,
    is_there    INTEGER NOT NULL,   -- 0: on its way
    age         INTEGER NOT NULL DEFAULT 0 -- milliseconds that were seen to pass
) STRICT, WITHOUT ROWID;

CREATE INDEX trash_by_item ON trash (item);
-- Files that went with their items have the state 4.
CREATE INDEX files_gone ON files (item, part) WHERE state = 4;
-- What an export holds stays.
CREATE INDEX entries_held ON entries (sha256) WHERE outcome IN (1, 2);

ALTER TABLE runs ADD COLUMN trashed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN purged INTEGER NOT NULL DEFAULT 0;
