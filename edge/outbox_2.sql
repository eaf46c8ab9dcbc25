-- How long the source had been measuring when a message was put, ms: the age of what waits, whatever the clock did meanwhile.
ALTER TABLE message ADD COLUMN lived_ms INTEGER NOT NULL DEFAULT 0;

-- Visits that are open, as they end if the process does not come to close them: with its next start they are sent as lost.
CREATE TABLE last_word (
    epoch INTEGER NOT NULL,
    n INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (epoch, n)
) WITHOUT ROWID;

PRAGMA user_version = 2;
