-- Which keys each machine has, by their ids, so that none seals with a key that another one lacks (R28, R29).
CREATE TABLE {schema}.machine (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kids text[] NOT NULL,
    seen timestamptz NOT NULL
);
