"""Grants in the plaintext files of other tools, taken over against the sandbox (R17, R18, R20)."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tokenkit.account import Account
from tokenkit.errors import (
    ConsentRequired,
    InvalidAnswer,
    ProviderChanged,
    ProviderUnavailable,
    StoreUnavailable,
    UsageError,
)
from tokenkit.importing import import_grant, read_grant
from tokenkit.kit import TokenKit
from tokenkit.provider import Context, Request, Response
from tokenkit.sandbox import providers
from tokenkit.signing_in.linking import AccountLinker
from tokenkit.store.memory import MemoryStore

from at_sandbox import BASE, CLIENTS, World

Write = Callable[..., str]
Send = Callable[[Request], Response]


@pytest.fixture
def world() -> World:
    return World(rotating=("spotify",))


def make_kit(world: World, store: MemoryStore | None = None, send: Send | None = None) -> TokenKit:
    environ = dict(os.environ)
    for name, client in CLIENTS.items():
        environ[f"TOKENKIT_{name.upper()}_CLIENT_ID"] = client.client_id
        environ[f"TOKENKIT_{name.upper()}_CLIENT_SECRET"] = str(client.client_secret or "")
    context = Context(
        send=send or world.authority.handle, now=world.clock.now, random=os.urandom, sleep=world.clock.sleep
    )
    store = MemoryStore() if store is None else store
    return TokenKit(context=context, environ=environ, background=False, store=store, providers=providers(BASE))


@pytest.fixture
def kit(world: World) -> TokenKit:
    return make_kit(world)


@pytest.fixture
def write(home: Path) -> Write:
    """Write a file as another tool would, and return its path."""

    def write(name: str, members: object) -> str:
        (home / name).write_text(members if isinstance(members, str) else json.dumps(members))
        return str(home / name)

    return write


def pocketpaw(world: World, **changes: object) -> dict[str, object]:
    tokens = world.tokens("google", prompt="consent")
    return {
        "service": "google_gmail",
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "token_type": "Bearer",
        "expires_at": world.clock.now() + 3600,
        "scopes": ["openid", "email"],
        "extra": {},
        **changes,
    }


def spotipy(world: World, **changes: object) -> dict[str, object]:
    return {**world.tokens("spotify"), "expires_at": int(world.clock.now()) + 3600, **changes}


def google(world: World, **changes: object) -> dict[str, object]:
    tokens = world.tokens("google", prompt="consent")
    return {
        "token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "token_uri": "https://oauth2.googleapis.com/token",
        "client_id": CLIENTS["google"].client_id,
        "client_secret": "their-secret",
        "scopes": ["openid", "email"],
        "expiry": f"{datetime.fromtimestamp(world.clock.now() + 3600, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        **changes,
    }


FILES = {"google_gmail.json": pocketpaw, ".cache-me": spotipy, "token.json": google}


@pytest.mark.parametrize("name", FILES)
def test_a_good_grant_is_stored_as_a_sign_in_would_and_nothing_is_refreshed(
    name: str, kit: TokenKit, world: World, write: Write
) -> None:
    path = write(name, FILES[name](world))
    before = Path(path).read_bytes()
    account = import_grant(kit, path)
    provider = "spotify" if name == ".cache-me" else "google"
    assert str(account) == f"{provider}/me@example.com"
    assert kit.token(str(account)).value == read_grant(path).access_tokens[""].value
    held = kit.records.get(account).grant
    assert (held.client_id, held.token_endpoint) == (CLIENTS[provider].client_id, kit.provider(provider).token_endpoint)
    assert (bool(held.subject), held.refresh_token) == (True, read_grant(path).refresh_token)
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("name", FILES)
def test_a_spent_access_token_is_refreshed_once_and_what_that_brings_is_stored(
    name: str, kit: TokenKit, world: World, write: Write
) -> None:
    """R9: Spotify rotates here, so the file's refresh token is worth nothing any more."""
    path = write(name, FILES[name](world))
    world.clock.advance(7200)
    account = import_grant(kit, path)
    assert kit.accounts() == [account]
    held = kit.records.get(account).grant
    assert kit.token(str(account)).value != read_grant(path).access_tokens[""].value
    assert (held.refresh_token != read_grant(path).refresh_token) == (name == ".cache-me")
    world.clock.advance(7200)
    assert kit.token(str(account)).good(world.clock.now())


def test_application_default_credentials_have_no_access_token_and_are_refreshed(
    kit: TokenKit, world: World, write: Write
) -> None:
    written = google(world, type="authorized_user")
    kept = {name: written[name] for name in ("type", "client_id", "client_secret", "refresh_token")}
    assert str(import_grant(kit, write("credentials.json", kept))) == "google/me@example.com"


def test_an_answer_that_is_lost_on_the_way_is_asked_for_once_more(kit: TokenKit, world: World, write: Write) -> None:
    """R12: an unknown outcome is tried once more."""
    path = write("google_docs.json", pocketpaw(world, service="google_docs", expires_at=None))
    world.authority.next("token", status=503)
    assert str(import_grant(kit, path)) == "google/me@example.com"


@pytest.mark.parametrize("status", [503, 400])
def test_a_grant_that_proves_dead_or_cannot_be_proved_is_told_before_anything_is_stored(
    status: int, kit: TokenKit, world: World, write: Write
) -> None:
    dead = {"refresh_token": "1//ended"} if status == 400 else {}
    path = write("google_drive.json", pocketpaw(world, service="google_drive", expires_at=None, **dead))
    if status == 503:
        world.authority.next("token", status=503, times=2)
    with pytest.raises(ConsentRequired if status == 400 else ProviderUnavailable) as caught:
        import_grant(kit, path)
    assert "importing" not in f"{caught.value} {caught.value.hint}"
    assert kit.accounts() == []


def test_an_access_token_that_was_revoked_is_told_by_the_refresh(kit: TokenKit, world: World, write: Write) -> None:
    path = write("token.json", google(world, token="ya29.revoked", refresh_token="1//revoked"))
    with pytest.raises(ConsentRequired):
        import_grant(kit, path)
    assert kit.accounts() == []


def test_the_grant_of_another_client_is_sent_nowhere(kit: TokenKit, world: World, write: Write) -> None:
    """R17: a refresh token belongs to the client that it was issued to."""
    path = write("token.json", google(world, client_id="theirs"))
    sent = dict(world.authority.counters)
    with pytest.raises(ProviderChanged) as caught:
        import_grant(kit, path)
    assert caught.value.hint == "tokenkit client set google, or: tokenkit client import google FILE"
    assert (kit.accounts(), world.authority.counters) == ([], sent)


def test_a_store_that_takes_nothing_is_found_before_anything_is_refreshed(world: World, write: Write) -> None:
    """R20: or the rotated grant would be lost."""

    class FullStore(MemoryStore):
        def save(self, *args: object, **kwargs: object) -> None:
            raise StoreUnavailable("the disk is full")

    path = write(".cache", spotipy(world))
    world.clock.advance(7200)
    sent = dict(world.authority.counters)
    with pytest.raises(StoreUnavailable):
        import_grant(make_kit(world, FullStore()), path)
    assert world.authority.counters == sent


class FillsUp(MemoryStore):
    """Takes so many more grants, and then none until there is room again."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def save(self, name, data, *, replaces):  # type: ignore[no-untyped-def]
        if name.kind == "grant" and data is not None:
            if not self.room:
                raise StoreUnavailable("the disk is full", hint="df -h")
            self.room -= 1
        return super().save(name, data, replaces=replaces)


def test_a_grant_is_stored_before_it_is_refreshed(world: World, write: Write) -> None:
    """R9: what cannot be written is found before Spotify has rotated it, and the file is as good as it was."""
    path = write(".cache", spotipy(world))
    world.clock.advance(7200)
    sent = dict(world.authority.counters)
    with pytest.raises(StoreUnavailable, match="full"):
        import_grant(make_kit(world, FillsUp(0)), path)
    assert world.authority.counters == sent


def test_a_rotated_grant_that_cannot_be_written_is_written_at_the_next_call(world: World, write: Write) -> None:
    """R9: from the answer on, the grant is kept."""
    path = write(".cache", spotipy(world))
    world.clock.advance(7200)
    store = FillsUp(1)
    kit = make_kit(world, store)
    with pytest.raises(StoreUnavailable, match="cannot be written") as caught:
        import_grant(kit, path)
    assert caught.value.account == "spotify/importing"
    store.room = 1
    assert kit.token("spotify/importing").good(world.clock.now())
    world.clock.advance(7200)
    store.room = 1
    assert make_kit(world, store).token("spotify").good(world.clock.now())


def test_a_rotated_grant_that_cannot_be_given_its_name_is_kept_as_it_is_called_meanwhile(
    world: World, write: Write
) -> None:
    """R9: also by whoever kills the program there."""
    path = write(".cache", spotipy(world))
    world.clock.advance(7200)
    store = FillsUp(2)
    with pytest.raises(StoreUnavailable, match="kept as spotify/importing") as caught:
        import_grant(make_kit(world, store), path)
    assert caught.value.hint == "df -h"
    store.room = 1
    world.clock.advance(7200)
    assert make_kit(world, store).token("spotify").good(world.clock.now())


def test_an_import_under_way_takes_no_accounts_place(kit: TokenKit, world: World, write: Write) -> None:
    """R18: somebody may have called theirs so."""
    theirs = import_grant(kit, write("token.json", google(world)), name="importing")
    version = kit.records.get(theirs).version
    dead = pocketpaw(world, expires_at=None, refresh_token="1//ended")
    with pytest.raises(ConsentRequired):
        import_grant(kit, write("google_gmail.json", dead))
    assert (kit.accounts(), kit.records.get(theirs).version) == ([theirs], version)


def test_an_import_may_be_called_as_one_under_way_is(kit: TokenKit, world: World, write: Write) -> None:
    """Its place is then the account's, and what was rotated stays."""
    path = write(".cache", spotipy(world))
    world.clock.advance(7200)
    account = import_grant(kit, path, name="importing")
    assert kit.accounts() == [account]
    assert kit.token(str(account)).good(world.clock.now())


def test_a_refresh_that_rotates_and_brings_no_access_token_loses_no_session(world: World, write: Write) -> None:
    """R9: the file's refresh token is spent, so the new one stays where it was stored."""
    path = write(".cache", spotipy(world))
    world.clock.advance(7200)

    def send(request: Request) -> Response:
        answer = world.authority.handle(request)
        members = {name: value for name, value in json.loads(answer.body).items() if name != "access_token"}
        return replace(answer, body=json.dumps(members).encode())

    store = MemoryStore()
    with pytest.raises(InvalidAnswer):
        import_grant(make_kit(world, store, send), path)
    world.clock.advance(7200)
    assert make_kit(world, store).token("spotify/importing").good(world.clock.now())


def test_what_has_taken_the_place_of_an_import_under_way_stays(
    kit: TokenKit, world: World, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: another process may have refreshed it by then, and that is the only copy."""
    path = write(".cache", spotipy(world))
    world.clock.advance(7200)
    adopt = AccountLinker.adopt

    def overtaken(*args: Any, **named: Any) -> Account:
        kit.refresh("spotify/importing")
        return adopt(*args, **named)

    monkeypatch.setattr(AccountLinker, "adopt", overtaken)
    account = import_grant(kit, path)
    assert [str(each) for each in kit.accounts()] == ["spotify/importing", str(account)]


def test_grants_of_which_nobody_says_whose_they_are_are_called_as_their_files(
    kit: TokenKit, world: World, write: Write
) -> None:
    """R18: PocketPaw asks for one API a file, and not for an identity; none takes another's place."""
    for api in ("gmail", "calendar"):
        scope = f"https://www.googleapis.com/auth/{api}.readonly"
        tokens = world.tokens("google", prompt="consent", scope=scope)
        path = write(f"google_{api}.json", {**pocketpaw(world, service=f"google_{api}"), **tokens})
        assert str(import_grant(kit, path)) == f"google/google_{api}"
    assert len(kit.accounts()) == 2


def test_what_was_stored_for_the_account_is_kept_in_quarantine(kit: TokenKit, world: World, write: Write) -> None:
    """R18: as by a sign-in."""
    first = import_grant(kit, write("token.json", google(world)))
    second = import_grant(kit, write("google_gmail.json", pocketpaw(world)))
    assert first == second
    assert len(list(kit.records.store.names("quarantine", ""))) == 1
    assert import_grant(kit, write("token.json", google(world)), name="work").name == "work"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "not JSON", "is not JSON"),
        ("a.json", "[1]", "is no file of"),
        ("a.json", '{"access_token": "a", "refresh_token": "r", "expires_at": 1}', "is no file of"),
        ("a.json", '{"refresh_token": "r", "client_id": "c", "token_uri": "https://evil.example/"}', "is no file of"),
        ("a.json", '{"service": "google_gmail", "access_token": "a", "expires_at": 1}', "holds no refresh token"),
        ("a.json", f'{{"service": "{"x" * (1 << 20)}"}}', "bytes"),
    ],
    ids=["no JSON", "no object", "anybody's", "another server's", "no refresh token", "too large"],
)
def test_a_file_that_cannot_be_taken_is_refused_in_words(name: str, text: str, words: str, write: Write) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        read_grant(write(name, text))
    assert caught.value.hint


def test_a_link_and_a_file_that_is_not_there_are_refused(home: Path, world: World, write: Write) -> None:
    link = home / "link.json"
    link.symlink_to(write("token.json", google(world)))
    for path in (link, home / "missing.json"):
        with pytest.raises(UsageError) as caught:
            read_grant(str(path))
        assert caught.value.hint == f"ls -l {path}"


@pytest.mark.parametrize("expiry", [None, "soon"])
def test_an_access_token_whose_end_cannot_be_read_counts_as_spent(expiry: object, world: World, write: Write) -> None:
    """R16: a lifetime that cannot be read is not "never"."""
    grant = read_grant(write("token.json", google(world, expiry=expiry)))
    assert grant.access_tokens == {}
    assert grant.asked == {"openid", "email"}
