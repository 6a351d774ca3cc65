-- The documents of the edge area. The newest row is the current document; older rows are its history.
-- body holds the canonical document without `meta`, secrets sealed: deflated whole (base IS NULL), or what differs from
-- the row `base`. See crates/edge/src/store/delta.rs.
CREATE TABLE snapshots (
    seq         BIGINT PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    at          BIGINT  NOT NULL,              -- microseconds since the epoch
    actor       TEXT    NOT NULL,
    reason      TEXT,
    sha         TEXT    NOT NULL,              -- SHA-256 (hex) of the text
    size        BIGINT  NOT NULL,              -- bytes of the text
    meta        TEXT    NOT NULL,              -- canonical JSON of the document's `meta`
    depth       BIGINT  NOT NULL DEFAULT 0,    -- deltas between this row and the whole text it goes back to
    base        BIGINT  REFERENCES snapshots (seq),
    body        BYTEA   NOT NULL
);
CREATE INDEX snapshots_base ON snapshots (base);

-- Facts of one installation that are not part of the document: the port of the welcome page, whether HAProxy was stopped on purpose.
CREATE TABLE edge_settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
