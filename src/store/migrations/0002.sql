-- Google Takeout: export sets, their parts, and every entry of every part. Times are milliseconds since 1970 unless said otherwise.
-- This file is frozen: a change is a new file.

-- Which source an item or an album came from first: 0 library-api, 1 takeout. Only the first can be asked for it again.
ALTER TABLE items ADD COLUMN source INTEGER NOT NULL DEFAULT 0;
ALTER TABLE albums ADD COLUMN source INTEGER NOT NULL DEFAULT 0;

-- The item whose file stands for this one's too: the original, of which this one is a lesser copy or the same bytes again.
ALTER TABLE items ADD COLUMN same_as INTEGER REFERENCES items (n);
CREATE INDEX items_imported ON items (created) WHERE source = 1;
CREATE INDEX items_asked ON items (created) WHERE source = 0 AND same_as IS NULL;

-- Same bytes, one file.
CREATE INDEX files_by_digest ON files (sha256) WHERE state = 1;

CREATE TABLE exports (
    n           INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,   -- what the names of its parts have in common
    stamp       INTEGER,                -- when Google made it, where the name tells
    first_seen  INTEGER NOT NULL,
    balanced    INTEGER,                -- when its newest balance was drawn
    report      TEXT                    -- that balance, JSON
) STRICT;

CREATE TABLE parts (
    n           INTEGER PRIMARY KEY,
    export      INTEGER NOT NULL REFERENCES exports (n),
    name        TEXT NOT NULL,          -- of the archive or folder, without its own folder
    number      INTEGER,                -- none: the name does not tell
    fingerprint BLOB NOT NULL,          -- of the archive's directory: the same part again is known by it
    bytes       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    state       INTEGER NOT NULL,       -- 0 being read, 1 read to its end, 2 damaged: read as far as it goes
    entries     INTEGER,                -- how many it has, once read to its end
    fault       TEXT,                   -- what is wrong with it
    origin      TEXT,                   -- where it was read from, if not from a disk: by this it is known without being opened
    UNIQUE (export, fingerprint)
) STRICT;

-- One row an entry; the sum of the outcomes is the number of entries.
CREATE TABLE entries (
    part        INTEGER NOT NULL REFERENCES parts (n),
    ordinal     INTEGER NOT NULL,       -- place in the part, from 0
    export      INTEGER NOT NULL,
    folder      TEXT NOT NULL,          -- below the product's folder
    name        TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    mtime       INTEGER,                -- seconds
    outcome     INTEGER NOT NULL,       -- 0 staged, 1 stored, 2 had, 3 sidecar, 4 album, 5 other, 6 refused, 7 JSON not paired yet
    reason      TEXT,
    sha256      BLOB,
    embedded    TEXT,                   -- what the file itself says, JSON
    title       TEXT,                   -- of a JSON file
    json        BLOB,                   -- of a JSON file: zlib
    json_part   INTEGER,                -- the sidecar of a file: its part and ordinal
    json_ordinal INTEGER,
    main_part   INTEGER,                -- the file that this one is an edited copy or a clip of
    main_ordinal INTEGER,
    role        INTEGER NOT NULL DEFAULT 0, -- 0 main, 1 edited, 2 motion
    is_paired   INTEGER NOT NULL DEFAULT 0, -- whether the folder was paired with this entry in it
    is_told     INTEGER NOT NULL DEFAULT 0, -- whether what its sidecar says is in the index
    PRIMARY KEY (part, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX entries_by_folder ON entries (export, folder);
CREATE INDEX entries_unpaired ON entries (export, folder) WHERE is_paired = 0;
CREATE INDEX entries_untold ON entries (export, part, ordinal) WHERE is_told = 0 AND json_part IS NOT NULL AND outcome IN (1, 2);
-- Names are given in this order, so that numbers do not depend on the order of an archive.
CREATE INDEX entries_staged ON entries (export, role, folder, length(name), name) WHERE outcome = 0;
CREATE INDEX entries_staged_digest ON entries (sha256) WHERE outcome = 0;

-- What Google's JSON says of an item, newest export first to be believed.
CREATE TABLE item_facts (
    item        INTEGER PRIMARY KEY REFERENCES items (n),
    stamp       INTEGER NOT NULL,       -- of the export that told
    title       TEXT,
    description TEXT,
    taken       INTEGER,                -- seconds
    latitude    REAL,
    longitude   REAL,
    altitude    REAL,
    people      TEXT,                   -- JSON array
    url         TEXT,
    favorited   INTEGER NOT NULL,
    archived    INTEGER NOT NULL,
    trashed     INTEGER NOT NULL,
    origin      TEXT,
    dated_by    INTEGER NOT NULL,       -- 0 the file itself, 1 its sidecar, 2 the archive, 3 nothing
    offset_minutes INTEGER              -- of local time, where it is known
) STRICT;

CREATE INDEX item_facts_by_taken ON item_facts (taken);

-- Every different JSON that was seen of an item, as Google wrote it.
CREATE TABLE revisions (
    item        INTEGER NOT NULL REFERENCES items (n),
    digest      BLOB NOT NULL,          -- SHA-256
    stamp       INTEGER NOT NULL,       -- of the export that brought it
    json        BLOB NOT NULL,          -- zlib
    PRIMARY KEY (item, digest)
) STRICT, WITHOUT ROWID;
