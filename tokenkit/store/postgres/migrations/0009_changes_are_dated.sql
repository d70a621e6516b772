-- Each change is told with its date and whether it has deleted the record ("-"): who has heard of it, and finds an older
-- record after a failover, knows that the change is lost, also where the machine that has made it is gone (R10).
CREATE OR REPLACE FUNCTION {schema}.tell() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed record := coalesce(NEW, OLD);
    provider bytea := substring(changed.id FROM 1 FOR greatest(position('\x2f'::bytea IN changed.id) - 1, 0));
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA,
        encode(substring(sha256(changed.owner || '\x00'::bytea || changed.id) FROM 1 FOR 12), 'hex') || ' ' ||
        encode(substring(sha256(changed.owner || '\x00'::bytea || provider) FROM 1 FOR 12), 'hex') ||
        CASE WHEN TG_OP = 'DELETE' THEN '' ELSE ' ' || extract(epoch FROM changed.changed) END ||
        CASE WHEN changed.data IS NULL THEN ' -' ELSE '' END);
    RETURN NULL;
END $$;
