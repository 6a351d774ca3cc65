-- What the hours of a service were like.
CREATE TABLE mesh_hours (
    service  TEXT   NOT NULL,              -- key of the service
    hour     BIGINT NOT NULL,              -- hours since the epoch
    checks   BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    ms_sum   BIGINT NOT NULL,              -- milliseconds of all checks that were answered
    ms_max   BIGINT NOT NULL,
    PRIMARY KEY (service, hour)
) WITHOUT ROWID;
CREATE INDEX mesh_hours_hour ON mesh_hours (hour);
