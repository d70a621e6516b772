-- Each change of a grant is told to those who listen: who has its token in memory then needs no look (R39). The names are
-- digests, for every role of the database may listen.
CREATE FUNCTION {schema}.tell() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed record := coalesce(NEW, OLD);
    provider bytea := substring(changed.id FROM 1 FOR greatest(position('\x2f'::bytea IN changed.id) - 1, 0));
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA,
        encode(substring(sha256(changed.owner || '\x00'::bytea || changed.id) FROM 1 FOR 12), 'hex') || ' ' ||
        encode(substring(sha256(changed.owner || '\x00'::bytea || provider) FROM 1 FOR 12), 'hex'));
    RETURN NULL;
END $$;

CREATE TRIGGER tell AFTER INSERT OR UPDATE OF data, version ON {schema}.record
    FOR EACH ROW WHEN (NEW.kind = 'grant') EXECUTE FUNCTION {schema}.tell();

CREATE TRIGGER tell_removed AFTER DELETE ON {schema}.record
    FOR EACH ROW WHEN (OLD.kind = 'grant') EXECUTE FUNCTION {schema}.tell();
