-- How many refreshes may begin at a provider, over all workers: `level` at the time `filled`, and `given` by the last claim.
CREATE TABLE {schema}.pace (
    provider bytea PRIMARY KEY,
    level double precision NOT NULL,
    given bigint NOT NULL,
    filled timestamptz NOT NULL
) WITH (fillfactor = 50);
