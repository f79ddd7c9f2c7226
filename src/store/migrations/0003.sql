-- What a look at the files on disk found. Times are milliseconds since 1970.

-- None: as it was stored, or not looked at since. 1 missing, 2 changed by somebody, 3 other bytes under the old time and length.
ALTER TABLE files ADD COLUMN found INTEGER;
CREATE INDEX files_found ON files (item, part) WHERE found IS NOT NULL;
-- An album's hard link or copy may be the last good one of a file.
CREATE INDEX album_links_by_target ON album_links (target);
