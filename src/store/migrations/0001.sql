-- Times are milliseconds since 1970. This file is frozen: a change is a new file.

-- One row an item; never removed, so that a name once given stays given.
CREATE TABLE items (
    n           INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    filename    TEXT,
    mime        TEXT,
    created     INTEGER,
    kind        INTEGER NOT NULL,   -- 0 photo, 1 video, 2 video processing, 3 video failed
    description TEXT,
    product_url TEXT,
    width       INTEGER,
    height      INTEGER,
    camera_make TEXT,
    camera_model TEXT,
    seen        INTEGER NOT NULL    -- generation of the last listing that had it; 0: none, only an album
) STRICT;

-- One row a file of an item.
CREATE TABLE files (
    item        INTEGER NOT NULL REFERENCES items (n),
    part        INTEGER NOT NULL,   -- 0 main, 1 motion
    path        TEXT NOT NULL UNIQUE,
    folded      INTEGER NOT NULL,   -- hash of the case-folded path
    number      INTEGER NOT NULL,   -- n of `NAME (n).EXT`
    ext_bytes   INTEGER NOT NULL,   -- length of the extension with its dot
    state       INTEGER NOT NULL,   -- 0 wanted, 1 stored, 2 does not exist
    tries       INTEGER NOT NULL DEFAULT 0,
    next_try    INTEGER,            -- none: at once
    reason      TEXT,               -- of the last failed try
    failure     INTEGER,            -- grows with each failed try of any file
    bytes       INTEGER,
    sha256      BLOB,
    mtime       INTEGER,            -- seconds
    PRIMARY KEY (item, part)
) STRICT, WITHOUT ROWID;

CREATE INDEX files_by_folded ON files (folded);
CREATE INDEX files_wanted ON files (item, part, next_try) WHERE state = 0;
CREATE INDEX files_failing ON files (failure) WHERE state = 0 AND failure IS NOT NULL;

-- Where the search for a free number begins, for names that more than one item wished.
CREATE TABLE name_counters (
    name        INTEGER PRIMARY KEY, -- hash of the path wished
    next        INTEGER NOT NULL
) STRICT;

-- The listing that is not at its end; at most one.
CREATE TABLE listing (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    kind        INTEGER NOT NULL,   -- 0 full, 1 head
    generation  INTEGER NOT NULL,
    next        TEXT,
    started     INTEGER NOT NULL
) STRICT;

-- Full listings that came to their end.
CREATE TABLE full_listings (
    generation  INTEGER PRIMARY KEY,
    started     INTEGER NOT NULL,
    finished    INTEGER NOT NULL
) STRICT;

CREATE TABLE albums (
    n           INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    title       TEXT NOT NULL,
    items_count INTEGER NOT NULL,
    cover       TEXT,
    dir         TEXT UNIQUE,
    newest      INTEGER,
    stale       INTEGER NOT NULL
) STRICT;

-- By id, for an album may list an item before the library's own listing does.
CREATE TABLE album_items (
    album       INTEGER NOT NULL REFERENCES albums (n) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    id          TEXT NOT NULL,
    PRIMARY KEY (album, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX album_items_by_id ON album_items (id);

-- Links made in the folders of albums; those of an album that is gone have none.
CREATE TABLE album_links (
    path        TEXT PRIMARY KEY,
    album       INTEGER REFERENCES albums (n) ON DELETE SET NULL,
    target      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX album_links_by_album ON album_links (album);

CREATE TABLE runs (
    run         INTEGER PRIMARY KEY,
    started     INTEGER NOT NULL,
    finished    INTEGER NOT NULL,
    ended       TEXT NOT NULL,
    reason      TEXT,
    full_listing INTEGER NOT NULL,
    listed      INTEGER NOT NULL,
    new         INTEGER NOT NULL,
    downloaded  INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    api_requests INTEGER NOT NULL,
    media_requests INTEGER NOT NULL
) STRICT;

CREATE TABLE facts (
    name        TEXT PRIMARY KEY,
    value       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Totals and running numbers; one row.
CREATE TABLE counters (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    items       INTEGER NOT NULL DEFAULT 0,
    files       INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    wanted      INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    generation  INTEGER NOT NULL DEFAULT 0,
    run         INTEGER NOT NULL DEFAULT 0,
    changes     INTEGER NOT NULL DEFAULT 0, -- grows with each change that a link may follow
    linked      INTEGER NOT NULL DEFAULT -1, -- value of changes at the last complete linking
    last_complete INTEGER                   -- end of the newest complete run
) STRICT;

INSERT INTO counters (one) VALUES (1);

CREATE TRIGGER item_added AFTER INSERT ON items BEGIN
    UPDATE counters SET items = items + 1;
END;

CREATE TRIGGER file_added AFTER INSERT ON files BEGIN
    UPDATE counters SET
        files = files + (new.state = 1),
        bytes = bytes + iif(new.state = 1, new.bytes, 0),
        wanted = wanted + (new.state = 0),
        failed = failed + (new.state = 0 AND new.failure IS NOT NULL);
END;

CREATE TRIGGER file_changed AFTER UPDATE OF state, bytes, failure ON files BEGIN
    UPDATE counters SET
        files = files + (new.state = 1) - (old.state = 1),
        bytes = bytes + iif(new.state = 1, new.bytes, 0) - iif(old.state = 1, old.bytes, 0),
        wanted = wanted + (new.state = 0) - (old.state = 0),
        failed = failed + (new.state = 0 AND new.failure IS NOT NULL) - (old.state = 0 AND old.failure IS NOT NULL);
END;
