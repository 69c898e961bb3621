-- The keyring. A holder's row is never removed and never moves: its key is overwritten where it lies, with as many
-- bytes, so that no page keeps a copy that was only forgotten.
--
-- A key whose holder nobody asks for again, such as a file that is gone, leaves a vacant slot behind instead of a tombstone,
-- which the next key of such a holder takes: so they never pile up.
--
-- holder:  16 bytes of a uuid; in a vacant slot 2^128 - 1 - slot.
-- wrapped: 4 bytes generation of the master key, 12 nonce, 32 ciphertext, 16 tag; 64 zeros once destroyed.
CREATE TABLE keys (
    slot      INTEGER PRIMARY KEY,
    holder    BLOB    NOT NULL UNIQUE,
    destroyed INTEGER NOT NULL CHECK (destroyed IN (0, 1)),
    wrapped   BLOB    NOT NULL CHECK (length(wrapped) = 64)
) STRICT;

CREATE INDEX tombstones ON keys (holder) WHERE destroyed = 1;

-- One row: the generation of the master key in use, and a known text sealed with it.
CREATE TABLE master (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    proof      BLOB    NOT NULL
) STRICT;
