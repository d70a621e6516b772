-- Which store this is. Each sealed record names it, so that a row of another database is not taken for one of this (R10).
CREATE TABLE {schema}.identity (
    id uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO {schema}.identity DEFAULT VALUES;

-- How many saves were confirmed to each machine, each in one of some slots so that they do not wait for each other. A
-- number that is lower than the machine remembers says that the database went back: a failover, a restored dump (R10).
CREATE TABLE {schema}.confirmed (
    machine uuid NOT NULL,
    slot smallint NOT NULL,
    saves bigint NOT NULL,
    changed timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (machine, slot)
) WITH (fillfactor = 50);
