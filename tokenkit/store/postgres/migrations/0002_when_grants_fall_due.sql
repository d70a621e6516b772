-- When each grant should be refreshed, in Unix seconds: those who keep grants fresh claim what is due. It is no part of the
-- record, so that a claim, or another date, writes some bytes in place of a record.
CREATE TABLE {schema}.due (
    owner bytea NOT NULL,
    id bytea NOT NULL,
    provider bytea NOT NULL,
    at double precision NOT NULL,
    PRIMARY KEY (owner, id)
) WITH (fillfactor = 80);

CREATE INDEX due_at ON {schema}.due (provider, at);

-- What is stored already is looked at once.
INSERT INTO {schema}.due (owner, id, provider, at)
    SELECT owner, id, substring(id FROM 1 FOR position('\x2f'::bytea IN id) - 1), 0
    FROM {schema}.record WHERE kind = 'grant' AND data IS NOT NULL AND position('\x2f'::bytea IN id) > 1;
