-- The log. Rows are only ever added, at its end; what finds them again is in a file of its own (index/schema.sql).
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
