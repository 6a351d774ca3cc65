-- The platform's own tables. Times are microseconds since 1970; documents are JSON text.

-- One row: the counters that are given out in the order of commits. audit_hash is the hash of the last completed audit
-- row, anchor_* the same for the last row that retention removed.
CREATE TABLE ledger (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    audit_seq   BIGINT NOT NULL,
    audit_hash  TEXT   NOT NULL,
    anchor_seq  BIGINT NOT NULL,
    anchor_hash TEXT   NOT NULL,
    event_seq   BIGINT NOT NULL
);
INSERT INTO ledger (id, audit_seq, audit_hash, anchor_seq, anchor_hash, event_seq) VALUES (1, 0, '', 0, '', 0);

-- seq and hash are empty while the entry is pending; then they are its place in the chain. opener is the number of the
-- process that wrote the row: what a process that is gone left pending was interrupted.
CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    seq      BIGINT UNIQUE,
    ts       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    category TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    target   TEXT,
    details  TEXT,
    outcome  TEXT   NOT NULL,
    hash     TEXT,
    opener   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX audit_by_category ON audit (category, id);
CREATE INDEX audit_by_actor ON audit (actor, id);
CREATE INDEX audit_pending ON audit (id) WHERE outcome = 'pending';

CREATE TABLE events (
    id   BIGINT PRIMARY KEY,
    ts   BIGINT NOT NULL,
    kind TEXT   NOT NULL,
    data TEXT   NOT NULL
);

-- One row: which key seals the secrets of this store, and a value sealed with it.
CREATE TABLE vault (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    key_id TEXT NOT NULL,
    probe  TEXT NOT NULL
);

CREATE TABLE users (
    id                  TEXT PRIMARY KEY,
    username            TEXT    NOT NULL UNIQUE,
    password_hash       TEXT    NOT NULL,
    role                TEXT    NOT NULL,
    disabled            BOOLEAN NOT NULL DEFAULT FALSE,
    totp_secret         TEXT,
    totp_confirmed      BOOLEAN NOT NULL DEFAULT FALSE,
    totp_last_step      BIGINT  NOT NULL DEFAULT 0,
    created_at          BIGINT  NOT NULL,
    last_login_at       BIGINT,
    password_changed_at BIGINT  NOT NULL
);

-- hash is the SHA-256 of the secret that the browser holds.
CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       TEXT   NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ip         TEXT,
    user_agent TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE tokens (
    key_id       TEXT PRIMARY KEY,
    name         TEXT   NOT NULL UNIQUE,
    hash         TEXT   NOT NULL,
    created_by   TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT
);
CREATE INDEX tokens_by_creator ON tokens (created_by);

-- Counters that have to survive a restart.
CREATE TABLE rate_limits (
    tier         TEXT   NOT NULL,
    client       TEXT   NOT NULL,
    window_start BIGINT NOT NULL,
    hits         BIGINT NOT NULL,
    PRIMARY KEY (tier, client)
);
