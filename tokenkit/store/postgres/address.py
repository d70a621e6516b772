"""Where the database is: a checked address without a secret, and the settings that every connection has."""

import ipaddress
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tokenkit.errors import ConfigurationError
from tokenkit.nearest import nearest
from tokenkit.paths import prefix
from tokenkit.shell import extra_command

CONNECT_FOR = 5
"""Seconds that a connection may take to be made."""

SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")

HOSTS = ("host", "hostaddr")


class Address:
    """A database and the schema in it that belongs to one app. Nothing of it is shown by `repr`."""

    def __init__(self, url: str, where: str, app: str = "tokenkit") -> None:
        """Check `url`, which was found in `where`: a variable, or a line of ``config.toml``.

        Raises `ConfigurationError`, which never repeats the address: for a password in it, for a host that is not this
        machine without ``sslmode=verify-full``, for what is no address of PostgreSQL, and where psycopg is missing.
        """
        self.where = where
        self.schema = "tokenkit" if app == "tokenkit" else "tokenkit_" + prefix(app).lower()
        self._settings = _settings(url.strip(), where)

    def connect(self, kind: Any) -> Any:
        """Return a new connection of the class `kind`, which must be psycopg's; it commits each statement by itself.

        Raises what psycopg raises; `errors.translated` makes a `StoreUnavailable` of it.
        """
        try:
            # PgBouncer before 1.21 mixes up statements that are prepared by name: none is until it is known absent
            return kind.connect(autocommit=True, prepare_threshold=None, **self._settings)
        except UnicodeError:  # a part of the name is empty, or too long for any
            from psycopg import OperationalError

            raise OperationalError("failed to resolve host: what stands there is no name of one") from None


def _settings(url: str, where: str) -> dict[str, Any]:
    try:
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise ConfigurationError(
            f"{where} names a database, and psycopg, which speaks to it, is not installed",
            hint=extra_command("postgres"),
        ) from None
    settings: dict[str, Any] = {}
    with suppress(Exception):  # what the parser says would repeat the address
        settings = dict(conninfo_to_dict(url))
    ports = str(settings.get("port", "")).replace(",", "") or "0"
    if not url.startswith(("postgresql://", "postgres://")) or not settings or not ports.isdigit():
        raise ConfigurationError(
            f"{where} is not the address of a PostgreSQL database",
            hint=_mistyped(url) or f"write {where} as postgresql://USER@HOST/DATABASE",
        )
    if any(name in settings for name in SECRETS):
        raise ConfigurationError(
            f"{where} holds a password, which files of settings and lists of processes give away",
            hint=f"take it out of {where}, and put the line HOST:5432:DATABASE:USER:PASSWORD into ~/.pgpass",
        )
    for name in HOSTS if not _by_service(settings) else ():  # what is looked at is what is connected to
        if os.environ.get(f"PG{name.upper()}"):
            settings.setdefault(name, os.environ[f"PG{name.upper()}"])
    _protect(settings, where)
    defaults = {"connect_timeout": CONNECT_FOR, "application_name": "tokenkit", "target_session_attrs": "read-write"}
    return {**defaults, **settings, "client_encoding": "UTF8"}  # else names can come as bytes


def _mistyped(url: str) -> str:
    """Return what helps against a parameter that libpq does not know: what was typed is not repeated."""
    from psycopg.pq import Conninfo

    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    with suppress(ValueError):
        for name, _ in parse_qsl(urlsplit(url).query):
            if name not in known:
                near = nearest(name, sorted(known))
                meant = f"did you mean {near}?" if near else "leave out what only another program reads, as pgbouncer="
                return f"one of its parameters is none of PostgreSQL's: {meant}"
    return ""


def _protect(settings: dict[str, Any], where: str) -> None:
    """Let nothing leave this machine but by TLS that proves the server's name; the environment cannot weaken that."""
    if _stays_here(settings):
        return
    mode = settings.setdefault("sslmode", "verify-full")
    if mode != "verify-full":
        raise ConfigurationError(
            f"{where} says sslmode={mode}, by which another machine could pose as the database",
            hint=f"write sslmode=verify-full in {where}, with sslrootcert=FILE for an authority of your own",
        )
    settings.setdefault("sslrootcert", os.environ.get("PGSSLROOTCERT") or "system")


def _stays_here(settings: Mapping[str, Any]) -> bool:
    if _by_service(settings):
        return False  # the host stands in a file of libpq's
    return all(_is_local(host) for name in HOSTS for host in str(settings.get(name, "")).split(","))


def _by_service(settings: Mapping[str, Any]) -> bool:
    return "service" in settings or "PGSERVICE" in os.environ


def _is_local(host: str) -> bool:
    if host in ("", "localhost") or host.startswith(("/", "@")):  # a socket in the file system
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
