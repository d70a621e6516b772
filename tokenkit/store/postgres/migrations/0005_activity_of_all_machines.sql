-- What the activity logs of all machines say, so that it can be read on each: sealed lines, found by owner and time. Of what
-- happens again and again (a use, a refresh that failed), the last line of each program and machine stays: it has one slot.
CREATE TABLE {schema}.activity (
    owner bytea NOT NULL,
    account bytea NOT NULL,
    slot bytea NOT NULL,
    at timestamptz NOT NULL,
    line bytea NOT NULL,
    PRIMARY KEY (owner, account, slot)
);

CREATE INDEX activity_at ON {schema}.activity (at);
