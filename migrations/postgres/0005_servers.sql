-- Machines that are looked at over SSH. What is needed to log in is sealed.
CREATE TABLE mesh_servers (
    key           TEXT PRIMARY KEY,         -- the name in lower case: names differ by more than that
    name          TEXT   NOT NULL,
    host          TEXT   NOT NULL,
    port          BIGINT NOT NULL,
    username      TEXT   NOT NULL,
    auth          TEXT   NOT NULL,          -- own (the key in mesh_ssh_keys), key or password
    sealed        TEXT,                     -- the key (PEM) or the password; none with own
    docker_socket TEXT   NOT NULL,
    host_key      TEXT   NOT NULL,          -- fingerprint of the pinned key
    offered_key   TEXT,                     -- of another key, while the server shows that
    reported_key  TEXT,                     -- of the last one that the audit log tells of
    added_at      BIGINT NOT NULL           -- microseconds since the epoch
);

-- Plenum's own key: one row.
CREATE TABLE mesh_ssh_keys (
    id         BIGINT PRIMARY KEY,
    public_key TEXT   NOT NULL,             -- a line for authorized_keys
    sealed_key TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
