"""Each format that is read, as its tool writes it: what is found there, and what is never taken from it."""

import base64
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from tokenkit.errors import UsageError
from tokenkit.importing.choosing import choose, grants_in
from tokenkit.importing.files import SourceFile, open_file
from tokenkit.importing.found import Found
from tokenkit.importing.guessing import issuer_of

Write = Callable[[str, object], SourceFile]

CLIENT = {"client_id": "client-1", "client_secret": "secret-1"}
GO = {
    "access_token": "ya29.a",
    "token_type": "Bearer",
    "refresh_token": "1//r",
    "expiry": "2027-01-15T10:00:00.5+02:00",
}
MAIL = "https://mail.google.com/"
NODE = {"access_token": "ya29.a", "refresh_token": "1//r", "scope": "https://mail.google.com/", "expiry_date": 1.8e12}
RCLONE = f"""
[gdrive]
type = drive
client_id = client-1
client_secret = secret-1
scope = drive
token = {json.dumps(GO)}
"""
GH = """github.com:
    users:
        me:
            oauth_token: gho_1
        you:
            oauth_token: "gho_2"
    git_protocol: https
    oauth_token: gho_1
    user: me
"""
MSAL = {
    "AccessToken": {
        "k": {"secret": "at", "home_account_id": "u.t", "client_id": "client-1", "target": "Mail.Read User.Read"}
    },
    "RefreshToken": {"k": {"secret": "0.r", "home_account_id": "u.t", "client_id": "client-1", "target": "Mail.Send"}},
    "Account": {"k": {"home_account_id": "u.t", "username": "me@example.com"}},
}
MUTT = {"registration": "google", "authflow": "authcode", "email": "me@example.com", "access_token": "",
        "access_token_expiration": "", "refresh_token": "1//r", **CLIENT}  # fmt: skip
OAMA = {"email": "me@example.com", "service": "microsoft", "scope": "Mail.Read", "refresh_token": "0.r",
        "access_token": "at", "token_type": "Bearer", "exp_date": "2026-11-28 05:00 UTC"}  # fmt: skip
GOG = {"email": "me@example.com", "client": "default", "services": ["gmail"], "scopes": ["https://mail.google.com/"],
       "created_at": "2026-11-28T05:00:00Z", "refresh_token": "1//r"}  # fmt: skip
HERMES = {
    "version": 1,
    "providers": {"acme": {"tokens": {"access_token": "at", "refresh_token": "r-2"}, "last_refresh": "2026-11-28"}},
    "credential_pool": {
        "other": [{"id": "1", "label": "me", "auth_type": "oauth", "access_token": "a", "refresh_token": "r-1"},
                  {"id": "2", "label": "key", "auth_type": "api_key", "access_token": "sk"}],
    },
}  # fmt: skip
OPENCLAW = {
    "version": 1,
    "profiles": {
        "acme:me": {"type": "oauth", "provider": "acme", "access": "a", "refresh": "r-1", "expires": 1.8e12,
                    "clientId": "client-1", "email": "me@example.com"},
        "acme:key": {"type": "api_key", "provider": "acme", "key": "sk"},
    },
}  # fmt: skip
HOME_ASSISTANT = {
    "version": 1,
    "key": "core.config_entries",
    "data": {"entries": [
        {"domain": "sun", "title": "Sun", "data": {}},
        {"domain": "google_mail", "title": "me@example.com", "data": {
            "auth_implementation": "x", "token": {"access_token": "a", "refresh_token": "r-1", "expires_at": 1.8e9}}},
    ]},
}  # fmt: skip
PROXY = """[me@example.com]
token_url = https://oauth2.googleapis.com/token
oauth2_scope = https://mail.google.com/
client_id = client-1
client_secret = secret-1
token_salt = {salt}
token_iterations = 1000
access_token_expiry = 1800000000
refresh_token = {token}
"""

SINGLE: dict[str, tuple[str, object, str, str, str]] = {
    "PocketPaw": ("spotify.json", {"service": "spotify", "refresh_token": "AQ"}, "spotify", "", ""),
    "spotipy": (".cache-me", {"refresh_token": "AQ", "expires_at": 1.8e9}, "spotify", "", ""),
    "google-auth": ("token.json", {"token": "t", "refresh_token": "1//r", "account": "me@example.com",
                                   "token_uri": "https://oauth2.googleapis.com/token", **CLIENT},
                    "google", "me@example.com", "client-1"),
    "oauth2client": ("gmail.json", {"access_token": "t", "refresh_token": "1//r", "token_expiry": "2026-11-28T05:00Z",
                                    "token_uri": "https://oauth2.googleapis.com/token", **CLIENT},
                     "google", "", "client-1"),
    "authorized user": ("adc.json", {"type": "authorized_user", "refresh_token": "1//r", **CLIENT},
                        "google", "", "client-1"),
    "Go": ("token.json", GO, "google", "", ""),
    "Node": ("credentials.json", NODE, "google", "", ""),
    "gogcli": ("gog.json", GOG, "google", "me@example.com", ""),
    "oama": ("stdin", OAMA, "microsoft", "me@example.com", ""),
    "mutt_oauth2": ("stdin", MUTT, "google", "me@example.com", "client-1"),
    "Authlib": ("token.json", {"access_token": "BQ", "refresh_token": "AQ", "scope": "user-read-email",
                               "expires_at": 1.8e9}, "spotify", "", ""),
    "camel case": ("x.json", {"accessToken": "ya29.x", "refreshToken": "1//r", "expiresAt": 1.8e12}, "google", "", ""),
    "Home Assistant itself": ("hass.json", {"hassUrl": "https://ha.example", "clientId": "https://ha.example/",
                                            "refresh_token": "r", "expires": 1.8e12},
                              "homeassistant", "", "https://ha.example/"),
}  # fmt: skip
"""Files of one sign-in that hold nothing else: whose it is, what the tool calls the person, and the client."""

SEVERAL: dict[str, tuple[str, object, dict[str, str]]] = {
    "rclone": ("rclone.conf", RCLONE, {"gdrive": "google"}),
    "the GitHub CLI": ("hosts.yml", GH, {"github.com/me": "github", "github.com/you": "github"}),
    "msal": ("msal_token_cache.json", MSAL, {"me@example.com client-1": "microsoft"}),
    "Hermes": ("auth.json", HERMES, {"other/me": "other", "acme": "acme"}),
    "OpenClaw": ("auth-profiles.json", OPENCLAW, {"acme:me": "acme"}),
    "opencode": ("auth.json", OPENCLAW["profiles"], {"acme:me": "acme"}),
    "Home Assistant": ("core.config_entries", HOME_ASSISTANT, {"google_mail/me@example.com": "google"}),
    "email-oauth2-proxy": ("emailproxy.config", PROXY, {"me@example.com": "google"}),
    "the Google Calendar MCP server": ("tokens.json", {"a": NODE, "b": NODE}, {"a": "google", "b": "google"}),
    "Codex": ("auth.json", {"tokens": {"refresh_token": "r"}, "last_refresh": "x"}, {"tokens": ""}),
}  # fmt: skip
"""Files that hold several sign-ins, or more than one: the entries, and whose they are."""


@pytest.fixture
def write(home: Path) -> Write:
    """Write a file as its tool would, and open it."""

    def write(name: str, content: object) -> SourceFile:
        path = home / name
        data = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return open_file(str(path))

    return write


@pytest.mark.parametrize("tool", SINGLE)
def test_a_file_of_one_sign_in_is_read_as_its_tool_writes_it(tool: str, write: Write) -> None:
    name, content, provider, account, client = SINGLE[tool]
    found = choose(write(name, content))
    assert issuer_of(found) == provider
    assert (found.account, found.alone, found.entry) == (account, True, "")
    assert (found.client.client_id if found.client else "") == client
    assert found.refresh_token
    assert found.refresh_token.reveal() in json.dumps(content)


@pytest.mark.parametrize("tool", SEVERAL)
def test_of_a_file_that_holds_more_each_sign_in_has_a_name(tool: str, write: Write) -> None:
    name, content, entries = SEVERAL[tool]
    found = grants_in(write(name, content))
    assert {grant.entry: issuer_of(grant) for grant in found} == entries
    assert not any(grant.alone for grant in found)


def test_the_tokens_of_rclone_without_a_client_id_are_of_rclones_own_client(write: Write) -> None:
    """R17: they work with no other."""
    without = "\n".join(line for line in RCLONE.splitlines() if not line.startswith("client_"))
    assert choose(write("rclone.conf", without)).own_client
    assert not choose(write("rclone.conf", RCLONE)).own_client


def test_the_scopes_of_msal_are_those_of_the_access_tokens_beside(write: Write) -> None:
    assert choose(write("cache.json", MSAL)).scopes == {"Mail.Read", "Mail.Send", "User.Read"}


def test_a_token_of_the_github_cli_does_not_end(write: Write) -> None:
    me = choose(write("hosts.yml", GH), entry="github.com/me")
    assert (me.endless, me.refresh_token, me.access_token and me.access_token.value) == (True, None, "gho_1")


def test_the_database_of_gcloud_is_read_in_memory(home: Path) -> None:
    path = home / "credentials.db"
    value = json.dumps({"type": "authorized_user", "refresh_token": "1//r", **CLIENT})
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE credentials (account_id TEXT PRIMARY KEY, value BLOB)")
        for account in ("me@example.com", "you@example.com"):
            database.execute("INSERT INTO credentials VALUES (?, ?)", (account, value))
        database.execute("INSERT INTO credentials VALUES ('robot', ?)", ('{"type": "service_account"}',))
    before = sorted(home.iterdir())
    assert [grant.entry for grant in grants_in(open_file(str(path)))] == ["me@example.com", "you@example.com"]
    assert sorted(home.iterdir()) == before


def sealed(password: str, rounds: int) -> str:
    salt = b"0123456789abcdef"
    key = PBKDF2HMAC(SHA256(), length=32, salt=salt, iterations=rounds).derive(password.encode())
    token = Fernet(base64.urlsafe_b64encode(key)).encrypt(b"1//sealed").decode()
    return PROXY.format(salt=base64.b64encode(salt).decode(), token=token)


def test_a_grant_of_email_oauth2_proxy_opens_with_the_mail_password_alone(write: Write) -> None:
    found = choose(write("emailproxy.config", sealed("open sesame", 1000)))
    assert found.unlock is not None
    assert found.refresh_token is None
    opened = found.unlock("open sesame")
    assert opened.refresh_token is not None
    assert opened.refresh_token.reveal() == "1//sealed"
    with pytest.raises(UsageError, match="does not open"):
        found.unlock("open, sesame")


@pytest.mark.parametrize("everybody", ["@example.com", "@"])
def test_what_email_oauth2_proxy_has_for_a_whole_domain_counts_for_each_address(everybody: str, write: Write) -> None:
    lines = sealed("open sesame", 1000).splitlines()
    shared = [line for line in lines if line.startswith(("token_url", "client_"))]
    own = [line for line in lines if line not in shared]
    found = choose(write("emailproxy.config", "\n".join([f"[{everybody}]", *shared, *own])))
    assert (found.entry, issuer_of(found)) == ("me@example.com", "google")
    assert found.client is not None
    assert found.unlock is not None
    assert found.unlock("open sesame").refresh_token


@pytest.mark.parametrize("line", ["token_iterations = x", "token_iterations = 99999999999", "token_salt = =", ""])
def test_a_damaged_section_of_email_oauth2_proxy_is_one_that_does_not_open(line: str, write: Write) -> None:
    kept = [each for each in sealed("p", 1000).splitlines() if each.split(" ")[0] != line.split(" ")[0]]
    found = choose(write("emailproxy.config", "\n".join([*kept, line]) if line else PROXY))
    assert found.unlock is not None
    with pytest.raises(UsageError, match="does not open"):
        found.unlock("p")


@pytest.mark.parametrize("tool", [*SINGLE, *SEVERAL])
def test_nothing_that_shows_itself_holds_a_token(tool: str, write: Write) -> None:
    """R35: what finds its way into a log or a traceback is no secret."""
    name, content = (SINGLE.get(tool) or SEVERAL[tool])[:2]
    file = write(name, content)
    grants = grants_in(file)
    assert grants
    for found in grants:
        secrets = [
            found.refresh_token and found.refresh_token.reveal(),
            found.access_token and found.access_token.value,
        ]
        assert not any(secret in f"{found!r} {file!r}" for secret in secrets if secret and len(secret) > 3)
        assert "secret-1" not in f"{found!r} {file!r}"


@pytest.mark.parametrize("tokens", [{"refresh_token": "r"}, {"access_token": "a"}, {"scope": "openid"}])
def test_what_has_members_of_googles_and_tokens_of_nobodys_is_not_taken_for_googles(
    tokens: dict[str, str], write: Write
) -> None:
    """R17: Qwen Code keeps its sign-in so, and Google would be sent its refresh token."""
    members = {"access_token": "a", "refresh_token": "r", "resource_url": "qwen.example", "expiry_date": 1.8e12}
    (grant,) = grants_in(write("oauth_creds.json", {**members, **tokens}))
    assert issuer_of(grant) == ""


@pytest.mark.parametrize("tokens", [{"refresh_token": "1//r"}, {"access_token": "ya29.a"}, {"scope": MAIL}])
def test_what_looks_of_googles_in_one_place_is_googles(tokens: dict[str, str], write: Write) -> None:
    members = {"access_token": "a", "refresh_token": "r", "expiry_date": 1.8e12}
    (grant,) = grants_in(write("token.json", {**members, **tokens}))
    assert grant.provider == "google"


def test_of_several_the_named_one_is_taken_or_that_of_the_named_provider(write: Write) -> None:
    file = write("auth.json", HERMES)
    assert choose(file, entry="acme").provider == "acme"
    assert choose(file, provider="other").entry == "other/me"
    with pytest.raises(UsageError, match="2 sign-ins") as caught:
        choose(file)
    assert caught.value.hint == f"tokenkit import {file.path} --entry other/me"
    with pytest.raises(UsageError, match="nothing called 'x'"):
        choose(file, entry="x")


def test_the_only_sign_in_of_a_file_has_no_name_to_ask_for(write: Write) -> None:
    file = write("token.json", {"refresh_token": "r"})
    with pytest.raises(UsageError, match="has no name") as caught:
        choose(file, entry="work")
    assert caught.value.hint == f"tokenkit import {file.path}, without --entry"


def test_what_is_no_sign_in_of_a_tools_is_none(write: Write) -> None:
    """An API key beside a grant, or a member of a file that is called as another tool calls a profile."""
    profiles = {"acme:key": {"type": "api_key", "provider": "acme", "accessToken": "sk"}}
    assert {grant.tool for grant in grants_in(write("x.json", profiles))} == {"another program"}
    assert grants_in(write("core.config_entries", {**HOME_ASSISTANT, "key": "core.other"})) == []


def test_two_of_one_name_are_told_apart(write: Write) -> None:
    twice: dict[str, Any] = json.loads(json.dumps(HERMES))
    twice["credential_pool"]["other"].append({**twice["credential_pool"]["other"][0], "refresh_token": "r-3"})
    assert [grant.entry for grant in grants_in(write("auth.json", twice))] == ["other/me", "other/me 2", "acme"]


def test_the_files_own_sign_in_beside_others_is_called_as_the_file(write: Write) -> None:
    """Without a name nobody could ask for it: ``--entry ''`` is refused."""
    file = write("token.json", {"refresh_token": "its own", "before": {"refresh_token": "older"}})
    assert [grant.entry for grant in grants_in(file)] == ["token", "before"]
    with pytest.raises(UsageError, match="it holds token, before"):
        choose(file)
    own = choose(file, entry="token").refresh_token
    assert own is not None
    assert own.reveal() == "its own"


def test_the_person_says_whose_a_token_is_that_does_not_tell_it(write: Write) -> None:
    found = choose(write("x.json", {"refresh_token": "opaque"}))
    assert issuer_of(found) == ""
    assert issuer_of(found.but(issuer="https://login.microsoftonline.com/common/oauth2/v2.0/token")) == "microsoft"
    assert issuer_of(found.but(issuer="https://[broken")) == ""
    assert isinstance(found, Found)
