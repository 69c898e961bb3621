-- Where the first bearer of every mark stands: derived from the log, and filled anew if it is deleted.
CREATE TABLE marks(
  mark BLOB PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Positions at which events of ours stand, one in about a thousand: from there the log can be read.
CREATE TABLE milestones(
  position INTEGER PRIMARY KEY
) STRICT;

-- How far the log was followed: the last event read, whoever's it is, and the last one of ours.
CREATE TABLE followed(
  one INTEGER PRIMARY KEY CHECK (one = 1),
  commit_position INTEGER NOT NULL,
  prepare_position INTEGER NOT NULL,
  event BLOB NOT NULL,
  head INTEGER NOT NULL
) STRICT;
