-- Which server answers, and since when. After another one was before, nothing that cannot be sent twice is sent for some
-- seconds: meanwhile the machines connect, and write down what was confirmed to them and is gone (R10).
CREATE TABLE {schema}.server (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    system text NOT NULL,
    timeline int NOT NULL,
    since timestamptz NOT NULL
);

-- Saves of grants that were confirmed and are gone, each by the version that it had replaced: a record of that version is
-- spent, or was signed out where the save was a deletion.
CREATE TABLE {schema}.lost (
    owner bytea NOT NULL,
    id bytea NOT NULL,
    version uuid NOT NULL,
    deleted boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (owner, id, version, deleted)
);
