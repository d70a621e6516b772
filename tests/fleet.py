"""Machines of one fleet, in this process: each has a home of its own, and all share a database and a key."""

import os
from pathlib import Path

import pytest
from tokenkit import AccessToken, Account, TokenKit
from tokenkit.sandbox import CLIENTS, Authority, serve
from tokenkit.seal import b64url_encode

from postgres_server import new_database, server

ME = Account("google", "me@example.com")
KEY = b64url_encode(bytes(range(32))).decode()
OTHER_KEY = b64url_encode(bytes(range(1, 33))).decode()


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


@pytest.fixture
def database(url):
    """The URL of a new database with our tables."""
    from tokenkit.store.postgres import schema
    from tokenkit.store.postgres.address import Address

    made = new_database(url)
    schema.init(Address(made, "the test"))
    return made


@pytest.fixture
def authority():
    """A provider that rotates refresh tokens, and ends the session when a spent one comes."""
    authority = Authority(rotating=("google",))
    with serve(authority) as sandbox:
        authority.base_url = sandbox.base_url
        yield authority


@pytest.fixture
def machine(request, authority, tmp_path):
    """Make the kit of a machine: ``machine("a")``; the same name is the same machine, in another process.

    It keeps its accounts in the database of the test, which is made for the first that needs it; elsewhere with `url`.
    """
    made = []

    def make(name, *, key=KEY, url=None, owner="", **client):
        url = request.getfixturevalue("database") if url is None else url
        kit = TokenKit(environ=environ(tmp_path / name, url, key, authority, **client), owner=owner, background=False)
        made.append(kit)
        return kit

    yield make
    for kit in made:
        kit.close()


def environ(home: Path, url, key, authority, *, with_client=True):
    folder = home / ".config" / "tokenkit"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f'[providers.google]\nbase_url = "{authority.base_url}/google"\n')
    client = CLIENTS["google"]
    variables = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "TOKENKIT_HOME": str(home / ".tokenkit"),
        "TOKENKIT_STORE": url,
        "TOKENKIT_KEY": key,
        "TOKENKIT_GOOGLE_CLIENT_ID": client.client_id if with_client else "",
        "TOKENKIT_GOOGLE_CLIENT_SECRET": client.client_secret.reveal() if with_client else "",
    }
    for name, below in (("CONFIG", ".config"), ("DATA", ".local/share"), ("STATE", ".local/state"), ("CACHE", ".c")):
        variables[f"XDG_{name}_HOME"] = str(home / below)
    return {name: value for name, value in variables.items() if value}


def sign_in(kit, authority, who=ME.name):
    pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
    return kit.complete(authority.approve(pending.url, as_user=who), binding="b")


def expire(kit, account=ME):
    """Let the stored access token have ended."""
    account = account._replace(owner=kit.owner)
    held = kit.records.get(account)
    token = held.grant.access_token
    spent = AccessToken(token.value, expires_at=3600.0, obtained_at=0.0, scopes=token.scopes)
    return kit.records.save(account, held.grant.renewed(access_tokens={"": spent}), replaces=held.version)


def ask(url, statement, *values):
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def refreshes(authority):
    return authority.counters["google token refresh_token"]
