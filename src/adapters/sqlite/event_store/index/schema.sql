-- Where in the log an event is found. Everything here is read from the log, and made anew if this file is not there.

-- stream: as in the log.
CREATE TABLE streams (
    stream   BLOB    NOT NULL,
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (stream, revision)
) STRICT, WITHOUT ROWID;

-- Which event bears a mark, for ever.
CREATE TABLE marks (
    mark     BLOB    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last event that is in here, by its position and its id; no row before the first.
CREATE TABLE indexed (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    id       BLOB    NOT NULL
) STRICT;
