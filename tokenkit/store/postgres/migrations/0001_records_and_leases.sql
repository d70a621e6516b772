-- Sealed records. A deleted one stays as a row without data, so that who deleted it can always be told (R21).
CREATE TABLE {schema}.record (
    kind text COLLATE "C" NOT NULL,
    owner bytea NOT NULL,
    id bytea NOT NULL,
    data bytea,
    version uuid NOT NULL,
    changed timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, owner, id)
) WITH (fillfactor = 80);

CREATE INDEX record_deleted ON {schema}.record (changed) WHERE data IS NULL;

-- One row for all accounts of an owner at a provider: its version moves with each of them (R1).
CREATE TABLE {schema}.accounts (
    owner bytea NOT NULL,
    provider bytea NOT NULL,
    version uuid NOT NULL,
    PRIMARY KEY (owner, provider)
) WITH (fillfactor = 80);

-- Who may refresh an account, until when by the clock of this server, and what the last one left to know (R6, R8, R38).
CREATE TABLE {schema}.lease (
    kind text COLLATE "C" NOT NULL,
    owner bytea NOT NULL,
    id bytea NOT NULL,
    note bytea NOT NULL DEFAULT '',
    holder uuid,
    session bigint,
    incarnation timestamptz,
    ends timestamptz,
    began_to_act boolean NOT NULL DEFAULT false,
    PRIMARY KEY (kind, owner, id)
) WITH (fillfactor = 80);
