-- The log. Rows are only ever added.
--
-- stream: one byte for the category ('c' contact, 'i' identity, 'w' workspace), then the 16 bytes of the uuid or the
--         name of the workspace in UTF-8.
-- id:     16 bytes, unique by its making.
-- data, meta: JSON objects in UTF-8, kept to the byte: what is sealed is bound to them.
-- marks:  keyed 128-bit hashes one after another; NULL if there is none.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream   BLOB    NOT NULL,
    revision INTEGER NOT NULL,
    id       BLOB    NOT NULL,
    type     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    data     BLOB    NOT NULL,
    meta     BLOB    NOT NULL,
    marks    BLOB
) STRICT;

-- The last guard of optimistic concurrency, and the way to read one stream.
CREATE UNIQUE INDEX streams ON events (stream, revision);

-- Which event bears a mark, for ever.
CREATE TABLE marks (
    mark     BLOB    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
