"""What the audit asks the server: who we are there, how we got there, and whether a failover could lose something."""

import ipaddress
from typing import NamedTuple

from tokenkit.store.postgres import schema
from tokenkit.store.postgres.address import Address
from tokenkit.store.postgres.errors import translating
from tokenkit.store.postgres.schema import Schema


class Facts(NamedTuple):
    """How the server and this machine stand to each other.

    `superuser` says what our role is; `encrypted` whether TLS protects the connection, and `leaves` whether it comes
    from another machine, as the server sees it; `replicas` is how many receive its changes now, and `waits` whether
    it confirms nothing that one of them lacks.
    """

    schema: Schema
    superuser: bool
    encrypted: bool
    leaves: bool
    replicas: int
    waits: bool

    @property
    def fit(self) -> bool:
        """Whether the tables are those of this tokenkit, on a server that it works with."""
        return self.schema.version == self.schema.newest and self.schema.durable


def facts(address: Address) -> Facts:
    """Ask the server, by a connection of its own. Raises `StoreUnavailable`."""
    with schema.connect(address) as connection:
        found = schema.asked(connection, address.schema)
        if found.version == found.newest:
            schema.check_rights(connection, address.schema, found.role)
        row = translating(lambda: connection.execute(_FACTS).fetchone())
    assert row is not None
    superuser, encrypted, client, replicas, standbys, commit = row
    waits = bool(standbys) and commit in ("on", "remote_apply")
    return Facts(found, superuser, encrypted, _is_elsewhere(client), replicas, waits)


def _is_elsewhere(client: object) -> bool:
    return client is not None and not ipaddress.ip_interface(str(client)).ip.is_loopback


_FACTS = """SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
    coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()), false),
    pg_catalog.inet_client_addr()::text,
    (SELECT count(*) FROM pg_catalog.pg_stat_replication),
    current_setting('synchronous_standby_names'), current_setting('synchronous_commit')"""
