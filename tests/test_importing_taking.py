"""Grants in the plaintext files of other tools, taken over against the sandbox (R17, R18, R20)."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tokenkit.account import Account
from tokenkit.config import save_client
from tokenkit.errors import (
    ClientMissing,
    ClientRefused,
    ConsentRequired,
    GrantMoved,
    InvalidAnswer,
    ProviderChanged,
    ProviderUnavailable,
    StoreUnavailable,
    UsageError,
)
from tokenkit.importing.choosing import choose
from tokenkit.importing.files import open_file
from tokenkit.importing.found import Found
from tokenkit.importing.taking import Taken, take
from tokenkit.kit import TokenKit
from tokenkit.provider import ClientRegistration, Context, Identity, Request, Response
from tokenkit.sandbox import CLIENTS, providers
from tokenkit.signing_in.linking import AccountLinker
from tokenkit.store.memory import MemoryStore
from tokenkit.token import Secret

from at_sandbox import BASE, World

Write = Callable[..., str]
Send = Callable[[Request], Response]


@pytest.fixture
def world() -> World:
    return World(rotating=("spotify",))


def found_in(path: str, **which: str) -> Found:
    return choose(open_file(path), **which)


def take_from(kit: TokenKit, path: str, *, provider: str = "", name: str = "", entry: str = "") -> Taken:
    """Import a file as the command does."""
    file = open_file(path)
    return take(kit, file, choose(file, provider=provider, entry=entry), provider=provider, name=name)


def import_grant(kit: TokenKit, path: str, *, name: str = "") -> Account:
    return take_from(kit, path, name=name).account


def make_kit(
    world: World, store: MemoryStore | None = None, send: Send | None = None, *, clients: bool = True
) -> TokenKit:
    environ = dict(os.environ)
    for name, client in CLIENTS.items() if clients else ():
        environ[f"TOKENKIT_{name.upper()}_CLIENT_ID"] = client.client_id
        secret = client.client_secret
        environ[f"TOKENKIT_{name.upper()}_CLIENT_SECRET"] = secret.reveal() if secret else ""
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
def test_a_grant_is_tried_by_a_refresh_and_stored_as_a_sign_in_would(
    name: str, kit: TokenKit, world: World, write: Write
) -> None:
    """R9: Spotify rotates here, so the file's refresh token is worth nothing any more; that of Google is kept."""
    path = write(name, FILES[name](world))
    before = Path(path).read_bytes()
    account = import_grant(kit, path)
    provider = "spotify" if name == ".cache-me" else "google"
    assert str(account) == f"{provider}/me@example.com"
    assert kit.accounts() == [account]
    held = kit.records.get(account).grant
    assert (held.client_id, held.token_endpoint) == (CLIENTS[provider].client_id, kit.provider(provider).token_endpoint)
    assert bool(held.subject)
    assert (held.refresh_token != found_in(path).refresh_token) == (provider == "spotify")
    assert Path(path).read_bytes() == before
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
    assert caught.value.hint == "sign in with the client that is registered here: tokenkit login google"
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

    def save(self, name, data, *, replaces, due=None):  # type: ignore[no-untyped-def]
        if name.kind in ("grant", "unsaved") and data is not None:
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


def test_what_another_has_refreshed_while_the_account_got_its_name_is_what_it_gets(
    kit: TokenKit, world: World, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: that is the only copy; what this import has refreshed is spent by then."""
    path = write(".cache", spotipy(world))
    world.clock.advance(7200)
    identify = AccountLinker.identify

    def overtaken(*args: Any, **named: Any) -> Identity:
        kit.refresh("spotify/importing")
        return identify(*args, **named)

    monkeypatch.setattr(AccountLinker, "identify", overtaken)
    account = import_grant(kit, path)
    assert kit.accounts() == [account]
    assert kit.refresh(str(account))


def test_nobody_refreshes_it_under_its_former_name_once_it_gets_another(
    kit: TokenKit, world: World, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: two records that serve would end the session at their second refresh, and the import may be killed here."""
    path = write(".cache", spotipy(world))
    adopt, told = AccountLinker.adopt, []

    def tried(*args: Any, **named: Any) -> Account:
        account = adopt(*args, **named)
        with pytest.raises(GrantMoved, match="cut off") as caught:
            kit.refresh("spotify/importing")
        told.append(caught.value.hint)
        return account

    monkeypatch.setattr(AccountLinker, "adopt", tried)
    assert import_grant(kit, path).name == "me@example.com"
    assert told == ["run the same command again: tokenkit import FILE; nothing is sent twice"]


def test_a_grant_that_cannot_get_its_name_serves_under_the_former_again(world: World, write: Write) -> None:
    """R9: the disk was full for its record alone."""
    path = write(".cache", spotipy(world))
    world.clock.advance(7200)
    store = FillsUp(3)
    kit = make_kit(world, store)
    make_room = kit.records.store.save

    def refuse_once(name, data, *, replaces, due=None):  # type: ignore[no-untyped-def]
        if name.id.endswith("me@example.com") and data is not None:
            raise StoreUnavailable("the disk is full", hint="df -h")
        store.room = 9
        return make_room(name, data, replaces=replaces)

    store.save = refuse_once  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable, match="kept as spotify/importing"):
        import_grant(kit, path)
    assert kit.refresh("spotify/importing")


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


def test_a_grant_that_may_do_less_takes_no_place_of_one_that_may_do_more(
    kit: TokenKit, world: World, write: Write
) -> None:
    """R18: what the person has granted here would be lost to a file."""
    mail = "openid email https://www.googleapis.com/auth/gmail.readonly"
    wide = import_grant(kit, write("token.json", {**google(world), **refreshable(world, mail)}))
    narrow = import_grant(kit, write("docs.json", {**google(world), **refreshable(world, "openid email")}))
    assert [str(account) for account in (wide, narrow)] == ["google/me@example.com", "google/docs"]
    assert import_grant(kit, write("all.json", {**google(world), **refreshable(world, mail)})) == wide


def refreshable(world: World, scope: str) -> dict[str, object]:
    return {"refresh_token": world.tokens("google", prompt="consent", scope=scope)["refresh_token"]}


def test_a_grant_is_taken_once_for_its_refresh_token_is_spent(kit: TokenKit, world: World, write: Write) -> None:
    """R12: to send a rotated token again would end the session at the provider."""
    path = write(".cache", spotipy(world))
    first = take_from(kit, path)
    sent = dict(world.authority.counters)
    assert take_from(kit, path, name="again") == Taken(first.account, before=True)
    assert world.authority.counters == sent
    world.clock.advance(7200)
    assert kit.token(str(first.account)).good(world.clock.now())
    assert take_from(kit, path).before


def test_an_import_that_was_cut_off_is_carried_on(world: World, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """R9: after the rotation the file is worth nothing, and the record called importing is the grant."""
    path = write(".cache", spotipy(world))
    store = MemoryStore()

    def killed(*args: Any, **named: Any) -> Account:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(AccountLinker, "adopt", killed)
        with pytest.raises(KeyboardInterrupt):
            take_from(make_kit(world, store), path)
    kit = make_kit(world, store)
    assert [str(account) for account in kit.accounts()] == ["spotify/importing"]
    assert str(take_from(kit, path).account) == "spotify/me@example.com"
    assert [str(account) for account in kit.accounts()] == ["spotify/me@example.com"]


def test_ctrl_c_once_the_grant_has_its_name_leaves_no_second_record_of_it(
    kit: TokenKit, world: World, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R9: two accounts with one refresh token would end it, where a spent one ends the family."""
    adopt = AccountLinker.adopt

    def stopped(*args: Any, **named: Any) -> Account:
        adopt(*args, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(AccountLinker, "adopt", stopped)
    with pytest.raises(KeyboardInterrupt):
        take_from(kit, write(".cache", spotipy(world)))
    assert [str(account) for account in kit.accounts()] == ["spotify/me@example.com"]


def test_several_who_import_one_file_at_once_send_one_refresh(kit: TokenKit, world: World, write: Write) -> None:
    """R5: of the refreshes of one grant one is sent."""
    path = write(".cache", spotipy(world))
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: take_from(kit, path), range(8)))
    assert len({each.account for each in taken}) == 1
    assert sorted(each.before for each in taken) == [False] + [True] * 7
    assert world.authority.counters["spotify token refresh_token"] == 1


# Whose it is, and its client.


def test_the_person_may_say_whose_it_is(kit: TokenKit, world: World, write: Write) -> None:
    path = write("tokens.json", {"refresh_token": world.tokens("spotify")["refresh_token"]})
    with pytest.raises(UsageError, match="does not say which provider") as caught:
        take_from(kit, path)
    assert caught.value.hint == f"tokenkit import {path} --provider NAME"
    assert str(take_from(kit, path, provider="spotify").account) == "spotify/me@example.com"


def test_a_refresh_token_is_sent_to_no_other_provider_than_the_file_names(
    kit: TokenKit, world: World, write: Write
) -> None:
    """R17: a slip of the person would give it away."""
    path, sent = write("google_gmail.json", pocketpaw(world)), dict(world.authority.counters)
    with pytest.raises(UsageError, match="is not sent to spotify") as caught:
        take_from(kit, path, provider="spotify")
    assert caught.value.hint == f"tokenkit import {path} --provider google"
    assert world.authority.counters == sent


@pytest.mark.parametrize("member", ["token_uri", "token_url"])
@pytest.mark.parametrize(
    "address", ["https://evil.example/token", "https://oauth2.googleapis.com.evil.example/", "//x"]
)
def test_a_file_that_names_another_token_endpoint_is_refused_and_nobody_is_asked(
    world: World, write: Write, member: str, address: str
) -> None:
    """R17: the server that it names might be anybody's, and its refresh token is no business of Google's."""
    written = {**google(world, token_uri=None, type="authorized_user"), member: address}
    asked: list[str] = []

    def send(request: Request) -> Response:
        asked.append(request.url)
        return world.authority.handle(request)

    kit = make_kit(world, send=send)
    with pytest.raises(ProviderChanged, match=f"^{member} in .*token.json names another server"):
        import_grant(kit, write("token.json", written))
    assert (asked, kit.accounts()) == ([], [])


@pytest.mark.parametrize(
    "address",
    ["https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/token", f"{BASE}/token", ""],
)
def test_a_file_that_names_a_token_endpoint_of_the_provider_is_taken(
    kit: TokenKit, world: World, write: Write, address: str
) -> None:
    """Also a past one, which old files name; the one of today is asked."""
    written = google(world, token_uri=address, type="authorized_user")
    assert import_grant(kit, write("token.json", written)).provider == "google"


def test_the_client_of_the_file_is_registered_where_none_is(world: World, write: Write) -> None:
    """R31: the grant works with no other."""
    own = CLIENTS["google"]
    written = google(world, client_secret=own.client_secret and own.client_secret.reveal())
    kit = make_kit(world, clients=False)
    taken = take_from(kit, write("token.json", written))
    known = kit.known_client("google")
    assert known is not None
    assert (known.client_id, known.has_secret, known.source) == (own.client_id, True, taken.registered)


def test_the_client_of_a_file_whose_grant_is_dead_is_not_kept(world: World, write: Write) -> None:
    kit = make_kit(world, clients=False)
    with pytest.raises((ConsentRequired, ClientRefused)):
        take_from(kit, write("token.json", google(world, refresh_token="1//dead")))
    assert kit.known_client("google") is None


def test_a_file_without_a_client_needs_one_registered_first(world: World, write: Write) -> None:
    with pytest.raises(ClientMissing):
        take_from(make_kit(world, clients=False), write("google_gmail.json", pocketpaw(world)))


def test_a_stored_registration_that_nobody_uses_may_give_way(world: World, write: Write) -> None:
    kit = make_kit(world, clients=False)
    save_client(kit.folders.config, "google", ClientRegistration("another", Secret("s")))
    path = write("token.json", google(world))
    with pytest.raises(ProviderChanged) as caught:
        take_from(kit, path)
    assert caught.value.hint.startswith(f"tokenkit client remove google && tokenkit import {path}")


def test_a_grant_of_a_tools_own_client_is_sent_nowhere(kit: TokenKit, world: World, write: Write) -> None:
    """R17: a refresh token is sent with no other client than its own."""
    token = json.dumps({"access_token": "ya29.a", "refresh_token": "1//r"})
    path, sent = write("rclone.conf", f"[drive]\ntype = drive\ntoken = {token}\n"), dict(world.authority.counters)
    with pytest.raises(ProviderChanged, match="rclone's own client"):
        take_from(kit, path)
    assert (kit.accounts(), world.authority.counters) == ([], sent)


# A token that cannot be refreshed.


@pytest.mark.parametrize("end", [{}, {"token_type": "bearer", "expiry": "0001-01-01T00:00:00Z"}], ids=["none", "of Go"])
def test_an_access_token_alone_is_taken_where_it_does_not_end(
    end: dict[str, object], kit: TokenKit, world: World, write: Write
) -> None:
    """Go writes year 1 for no end: rclone and each tool with its oauth2 library, for GitHub and the like."""
    consumer = CLIENTS["pocket"].client_id
    path = write("pocket.json", {"access_token": "pocket-token", **end})
    taken = take_from(kit, path, provider="pocket", name="me")
    assert (str(taken.account), kit.token("pocket").value) == ("pocket/me", "pocket-token")
    assert taken.tried is (kit.provider("pocket").identify is not None)
    assert kit.records.get(taken.account).grant.client_id == consumer


@pytest.mark.parametrize("end", [{}, {"expiry_date": 1.8e12}])
def test_an_access_token_alone_that_ends_is_refused(
    end: dict[str, object], kit: TokenKit, world: World, write: Write
) -> None:
    with pytest.raises(UsageError, match="holds no refresh token, and what it holds ends soon"):
        take_from(kit, write("token.json", {"access_token": "ya29.a", **end}))
