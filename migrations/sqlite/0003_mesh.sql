-- Internal services: what should be. Names, routes and health follow from it.
CREATE TABLE mesh_services (
    key               TEXT PRIMARY KEY,     -- the name in lower case: names differ by more than that
    name              TEXT   NOT NULL,
    host              TEXT   NOT NULL,
    port              BIGINT NOT NULL,
    upstream_protocol TEXT   NOT NULL,      -- http, https or h2c
    health_path       TEXT   NOT NULL,
    tls               BIGINT NOT NULL,      -- 1: served over TLS with a certificate of ours
    direct            BIGINT NOT NULL,      -- 1: the name answers the upstream's address instead of the gateway's
    tags              TEXT   NOT NULL,      -- JSON array
    state             TEXT   NOT NULL,      -- registering, active, removing or inactive
    before            TEXT,                 -- while registering: the row as it was (JSON), to go back to
    registered_at     BIGINT NOT NULL,      -- microseconds since the epoch
    deregistered_at   BIGINT
);

-- Certificates of services, and of the authorities that issue them. Keys are sealed.
CREATE TABLE mesh_certificates (
    serial     TEXT PRIMARY KEY,
    service    TEXT   NOT NULL,             -- key of the service
    chain      TEXT   NOT NULL,             -- PEM, without the root
    sealed_key TEXT   NOT NULL,
    not_before BIGINT NOT NULL,
    not_after  BIGINT NOT NULL,
    issued_at  BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX mesh_certificates_service ON mesh_certificates (service);

CREATE TABLE mesh_authorities (
    kind       TEXT PRIMARY KEY,            -- root or issuing
    cert       TEXT   NOT NULL,
    sealed_key TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
