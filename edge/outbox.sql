-- One source's messages that the province has not yet confirmed as committed.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE message (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;

CREATE INDEX message_by_type ON message (type, epoch, seq);

-- What had to go because the outbox was full: never forgotten.
CREATE TABLE dropped (
    type TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;

PRAGMA user_version = 1;
