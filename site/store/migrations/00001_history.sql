-- +goose Up
CREATE TABLE attempts (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    exercise TEXT    NOT NULL,
    goal     TEXT    NOT NULL,
    verdict  TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    origin   TEXT    NOT NULL,
    started  INTEGER NOT NULL, -- milliseconds since 1970, UTC
    seconds  REAL    NOT NULL,
    report   BLOB    NOT NULL, -- JSON
    events   BLOB    NOT NULL, -- JSON lines, gzip
    files    BLOB    NOT NULL  -- JSON object of path → base64, gzip
) STRICT;
CREATE INDEX attempts_by_exercise ON attempts (exercise, id);

CREATE TABLE progress (
    exercise      TEXT    PRIMARY KEY,
    state         INTEGER NOT NULL DEFAULT 0, -- history.State
    hints         INTEGER NOT NULL DEFAULT 0,
    solution_seen INTEGER NOT NULL DEFAULT 0,
    attempts      INTEGER NOT NULL DEFAULT 0,
    updated       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lessons (
    id      TEXT    PRIMARY KEY, -- topic/slug
    visited INTEGER NOT NULL DEFAULT 0,
    read    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE drafts (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    exercise TEXT    NOT NULL,
    why      TEXT    NOT NULL,
    saved    INTEGER NOT NULL,
    files    BLOB    NOT NULL
) STRICT;
CREATE INDEX drafts_by_exercise ON drafts (exercise, id);

-- +goose Down
DROP TABLE drafts;
DROP TABLE lessons;
DROP TABLE progress;
DROP TABLE attempts;
