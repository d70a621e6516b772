-- Every role of the database may send messages. So each change is told with a proof that who tells it may read these tables:
-- without one, nobody believes the date of a message (R10).
CREATE OR REPLACE FUNCTION {schema}.tell() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed record := coalesce(NEW, OLD);
    provider bytea := substring(changed.id FROM 1 FOR greatest(position('\x2f'::bytea IN changed.id) - 1, 0));
    told text := encode(substring(sha256(changed.owner || '\x00'::bytea || changed.id) FROM 1 FOR 12), 'hex') || ' ' ||
        encode(substring(sha256(changed.owner || '\x00'::bytea || provider) FROM 1 FOR 12), 'hex') ||
        CASE WHEN TG_OP = 'DELETE' THEN '' ELSE ' ' || extract(epoch FROM changed.changed) END ||
        CASE WHEN changed.data IS NULL THEN ' -' ELSE '' END;
    store text := (SELECT id::text FROM {schema}.identity);
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA, told || coalesce(' ' || encode(substring(
        sha256(convert_to(store || ' ' || told || ' ' || store, 'UTF8')) FROM 1 FOR 12), 'hex'), ''));
    RETURN NULL;
END $$;
