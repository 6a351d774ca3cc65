-- The ACME server (RFC 8555): who may ask, what was asked for, how it was proved, and what was issued.
CREATE TABLE mesh_acme_accounts (
    id         TEXT PRIMARY KEY,
    thumbprint TEXT   NOT NULL UNIQUE,      -- of the key (RFC 7638)
    jwk        TEXT   NOT NULL,             -- the public key, canonical JSON
    contact    TEXT   NOT NULL,             -- JSON array
    status     TEXT   NOT NULL,             -- valid or deactivated
    created_at BIGINT NOT NULL              -- microseconds since the epoch
);

CREATE TABLE mesh_acme_orders (
    id         TEXT PRIMARY KEY,
    account    TEXT   NOT NULL,
    names      TEXT   NOT NULL,             -- JSON array, in lower case
    status     TEXT   NOT NULL,             -- pending, ready, valid or invalid
    error      TEXT,                        -- a problem document: why it is invalid
    serial     TEXT,                        -- of the certificate
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX mesh_acme_orders_account ON mesh_acme_orders (account, created_at);
CREATE INDEX mesh_acme_orders_expires ON mesh_acme_orders (expires_at);

CREATE TABLE mesh_acme_authorizations (
    id         TEXT PRIMARY KEY,
    order_id   TEXT   NOT NULL,
    account    TEXT   NOT NULL,
    name       TEXT   NOT NULL,             -- without the wildcard
    wildcard   BIGINT NOT NULL,
    status     TEXT   NOT NULL,             -- pending, valid, invalid, deactivated or expired
    expires_at BIGINT NOT NULL
);
CREATE INDEX mesh_acme_authorizations_order ON mesh_acme_authorizations (order_id);
CREATE INDEX mesh_acme_authorizations_account ON mesh_acme_authorizations (account, name);

CREATE TABLE mesh_acme_challenges (
    id            TEXT PRIMARY KEY,
    authorization_id TEXT NOT NULL,
    kind          TEXT   NOT NULL,          -- http-01 or dns-01
    token         TEXT   NOT NULL,
    status        TEXT   NOT NULL,          -- pending, processing, valid or invalid
    error         TEXT,                     -- a problem document
    started_at    BIGINT,
    validated_at  BIGINT
);
CREATE INDEX mesh_acme_challenges_authorization ON mesh_acme_challenges (authorization_id);
CREATE INDEX mesh_acme_challenges_status ON mesh_acme_challenges (status);

-- Certificates for keys that others keep.
CREATE TABLE mesh_acme_certificates (
    serial     TEXT PRIMARY KEY,
    account    TEXT   NOT NULL,
    order_id   TEXT   NOT NULL,
    names      TEXT   NOT NULL,             -- JSON array
    chain      TEXT   NOT NULL,             -- PEM, without the root
    audit_id   BIGINT NOT NULL,             -- the entry that says who was given it
    not_before BIGINT NOT NULL,
    not_after  BIGINT NOT NULL,
    issued_at  BIGINT NOT NULL,
    revoked_at BIGINT,
    reason     BIGINT                       -- RFC 5280 section 5.3.1
);
CREATE INDEX mesh_acme_certificates_ends ON mesh_acme_certificates (not_after);

-- Texts in the zone, for challenges and whatever else needs one.
CREATE TABLE mesh_dns_texts (
    name   TEXT   NOT NULL,                 -- the whole name in lower case
    place  BIGINT NOT NULL,
    value  TEXT   NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (name, place)
);
