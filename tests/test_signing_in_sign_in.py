"""A sign-in from begin to end, in each way of asking, against the sandbox."""

import http.client
import os
import re
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tokenkit.account import Account
from tokenkit.consent.paste import Read
from tokenkit.errors import (
    AuthorizationError,
    CallbackRefused,
    ConfigurationError,
    ConsentDenied,
    StoreUnavailable,
    UsageError,
)
from tokenkit.grants.rotate import rotate
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.kit import TokenKit
from tokenkit.provider import Context, Identity, Request
from tokenkit.sandbox import CLIENTS, Authority, providers
from tokenkit.signing_in.by_hand import complete_by_hand
from tokenkit.signing_in.linking import AccountLinker
from tokenkit.signing_in.sign_in import begin_by_hand, sign_in
from tokenkit.store.memory import MemoryStore
from tokenkit.testing import Browser, Clock

from patience import PATIENCE
from peers import free_port

ADDRESS = "http://127.0.0.1:1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(clock: Clock) -> Authority:
    return Authority(clock=clock.now, sleep=clock.sleep)


@pytest.fixture
def kit(authority: Authority, clock: Clock) -> TokenKit:
    """A kit that reaches the sandbox without a socket; only the person's browser uses one."""
    return make_kit(authority, clock)


def make_kit(
    authority: Authority, clock: Clock, *, sleep: Callable[[float], None] | None = None, **options: object
) -> TokenKit:
    options.setdefault("store", MemoryStore())
    options.setdefault("providers", providers(ADDRESS))
    environ = dict(os.environ)
    for name, client in CLIENTS.items():
        environ[f"TOKENKIT_{name.upper()}_CLIENT_ID"] = client.client_id
        environ[f"TOKENKIT_{name.upper()}_CLIENT_SECRET"] = (
            client.client_secret.reveal() if client.client_secret else ""
        )
    context = Context(send=authority.handle, now=clock.now, random=os.urandom, sleep=sleep or clock.sleep)
    return TokenKit(context=context, environ=environ, background=False, **options)


class Spoken:
    """What was said to the person, and the lines that they type."""

    def __init__(self, *lines: str) -> None:
        self.text = ""
        self.lines = [*lines, ""]

    def say(self, text: str) -> None:
        self.text += f"{text}\n"

    def read(self, timeout: float | None = None) -> str:
        return self.lines.pop(0)


@pytest.mark.parametrize("provider", CLIENTS)
def test_in_a_browser_the_last_page_names_the_account(provider: str, kit: TokenKit, authority: Authority) -> None:
    """R24: and what opens the browser gets a file's name, in which nothing of the sign-in stands."""
    browser, spoken = Browser(authority), Spoken()
    account = sign_in(kit.authorizations, kit.provider(provider), None, way="browser", opener=browser, say=spoken.say)
    browser.join()
    assert str(account) == f"{provider}/me@example.com"
    assert kit.accounts() == [account]
    assert f"{provider}/me@example.com is connected" in browser.last_page
    assert [url.startswith("file:///") for url in browser.opened] == [True]
    assert not any(secret in browser.opened[0] + spoken.text + browser.last_page for secret in authority.issued)


def test_in_a_browser_the_last_page_says_what_went_wrong(kit: TokenKit, authority: Authority) -> None:
    browser = Browser(authority, deny=True)
    with pytest.raises(ConsentDenied) as caught:
        sign_in(kit.authorizations, kit.provider("google"), None, way="browser", opener=browser, say=Spoken().say)
    browser.join()
    assert str(caught.value) in browser.last_page
    assert kit.accounts() == []


def test_in_a_browser_the_answer_comes_to_the_redirect_uri_that_is_registered(
    authority: Authority, clock: Clock
) -> None:
    """R23: the whole of it is sent and listened at, with a path that is none of ours."""
    with free_port() as port:
        exact = f"http://127.0.0.1:{port}/"
        authority.registry.redirect_uris["google"] = [exact]
        fixed = replace(providers(ADDRESS)["google"], redirect_uri=exact)
        kit, browser = make_kit(authority, clock, providers={"google": fixed}), Browser(authority)
        account = sign_in(kit.authorizations, fixed, None, way="browser", opener=browser, say=Spoken().say)
        browser.join()
    assert str(account) == "google/me@example.com"
    assert "google/me@example.com is connected" in browser.last_page


@pytest.mark.parametrize("way", ["browser", "paste"])
def test_an_answer_that_comes_to_another_machine_is_pasted(way: str, authority: Authority, clock: Clock) -> None:
    """R23, R25: nothing of ours listens at https://dash.example."""
    exact = "https://dash.example/oauth/acme"
    authority.registry.redirect_uris["google"] = [exact]
    fixed = replace(providers(ADDRESS)["google"], redirect_uri=exact)
    kit = make_kit(authority, clock, providers={"google": fixed})
    pending = begin_by_hand(kit.authorizations, fixed, None)
    assert pending.redirect_uri == exact
    spoken = Spoken()
    account = sign_in(
        kit.authorizations, fixed, None, way=way, opener=Browser(authority), say=spoken.say,
        read=lambda _: pasted(authority, spoken),
    )  # fmt: skip
    assert str(account) == "google/me@example.com"


def test_a_port_that_is_taken_is_found_before_the_person_is_asked(kit: TokenKit, authority: Authority) -> None:
    """R24: bound before anything is shown, on the port that config.toml demands."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        os.makedirs(kit.folders.config)
        with open(os.path.join(kit.folders.config, "config.toml"), "w") as file:
            file.write(f"[providers.google]\nredirect_port = {port}\n")
        browser, spoken = Browser(authority), Spoken()
        with pytest.raises(ConfigurationError, match=f"port {port} .* is taken"):
            sign_in(kit.authorizations, kit.provider("google"), None, way="browser", opener=browser, say=spoken.say)
    assert (browser.opened, spoken.text) == ([], "")


@pytest.mark.parametrize("way", ["browser", "paste", "device"])
def test_a_store_that_takes_nothing_is_found_before_the_person_is_asked(
    way: str, authority: Authority, clock: Clock
) -> None:
    """R20: a consent that cannot be stored is wasted."""

    class FullStore(MemoryStore):
        def save(self, *args: object, **kwargs: object) -> None:
            raise StoreUnavailable("the disk is full")

    browser, spoken = Browser(authority), Spoken()
    kit = make_kit(authority, clock, store=FullStore())
    with pytest.raises(StoreUnavailable):
        sign_in(
            kit.authorizations,
            kit.provider("google"),
            ["openid"],
            way=way,
            opener=browser,
            say=spoken.say,
            read=spoken.read,
        )
    assert (browser.opened, spoken.text, authority.counters) == ([], "", {})


def pasted(authority: Authority, spoken: Spoken) -> str:
    """Where a browser that cannot come back stops: what a person pastes."""
    (url,) = (line.strip() for line in spoken.text.splitlines() if "/o/oauth2/" in line)
    return authority.approve(url)


def by_paste(kit: TokenKit, spoken: Spoken, read: Read) -> Account:
    return sign_in(kit.authorizations, kit.provider("google"), None, way="paste", say=spoken.say, read=read)


def test_by_paste_the_whole_answer_is_read(kit: TokenKit, authority: Authority) -> None:
    """R25: a person without a browser here brings the whole address back by hand."""
    spoken = Spoken()
    account = sign_in(
        kit.authorizations,
        kit.provider("google"),
        None,
        way="paste",
        say=spoken.say,
        read=lambda _: pasted(authority, spoken),
    )
    assert str(account) == "google/me@example.com"


def test_by_paste_an_answer_that_comes_to_the_port_counts_while_nobody_types(
    kit: TokenKit, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R25: SSH forwards the port, or a browser is there without a DISPLAY; stdin stays open and silent."""
    spoken, pages = Spoken(), list[str]()

    def come_back() -> None:
        with urllib.request.urlopen(pasted(authority, spoken), timeout=PATIENCE) as page:
            pages.append(page.read().decode())

    def say(text: str) -> None:
        spoken.say(text)
        if "paste it here" in text:
            coming.start()

    coming = threading.Thread(target=come_back)
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w"):
        monkeypatch.setattr(sys, "stdin", stdin)
        account = sign_in(kit.authorizations, kit.provider("google"), None, way="paste", say=say)
    coming.join(PATIENCE)
    assert str(account) == "google/me@example.com"
    assert "google/me@example.com is connected" in pages[0]


def test_by_paste_a_port_that_is_taken_does_not_matter(kit: TokenKit, authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        os.makedirs(kit.folders.config)
        with open(os.path.join(kit.folders.config, "config.toml"), "w") as file:
            file.write(f"[providers.google]\nredirect_port = {port}\n")
        spoken = Spoken()
        account = sign_in(
            kit.authorizations,
            kit.provider("google"),
            None,
            way="paste",
            say=spoken.say,
            read=lambda _: pasted(authority, spoken),
        )
    assert str(account) == "google/me@example.com"
    assert f"http://127.0.0.1:{port}/callback/google" in spoken.text


@pytest.mark.parametrize("way", ["browser", "paste", "device"])
def test_a_program_may_show_the_address_or_the_code_in_its_own_way(
    way: str, authority: Authority, clock: Clock
) -> None:
    """A chat bot: nothing is printed, nothing is read from stdin, and no browser is opened here."""
    shown: list[tuple[str, str]] = []
    entered: list[str] = []

    def show(address: str, code: str) -> None:
        shown.append((address, code))
        if way != "device":
            threading.Thread(target=visit, args=(address,)).start()

    def visit(address: str) -> None:
        if way == "browser":
            address = str(no_redirect(address))
        urllib.request.urlopen(authority.approve(address), timeout=PATIENCE).close()

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        if shown[0][1] and not entered:
            entered.append(authority.approve(f"{ADDRESS}/google/device?user_code={shown[0][1]}"))

    kit = make_kit(authority, clock, sleep=sleep)
    spoken = Spoken()
    account = sign_in(kit.authorizations, kit.provider("google"), ["drive.file"], way=way, show=show, say=spoken.say)
    assert str(account) == "google/me@example.com"
    assert spoken.text == ""
    assert [bool(code) for _, code in shown] == [way == "device"]


def no_redirect(address: str) -> str | None:
    """Where an address of ours leads."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().getheader("Location")
    finally:
        connection.close()


@pytest.mark.parametrize("way", ["browser", "paste", "device"])
def test_ctrl_c_says_that_nothing_was_changed(way: str, authority: Authority, clock: Clock) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    kit, spoken = make_kit(authority, clock, sleep=interrupted), Spoken()
    with pytest.raises(KeyboardInterrupt):
        sign_in(
            kit.authorizations,
            kit.provider("google"),
            ["openid"],
            way=way,
            opener=interrupted,
            say=spoken.say,
            read=interrupted,
        )  # fmt: skip
    assert spoken.text.endswith("Given up. Nothing was changed.\n")
    assert kit.accounts() == []


def test_an_answer_pasted_from_another_run_is_refused(kit: TokenKit, authority: Authority) -> None:
    """R22: the binding is drawn for each run."""
    redirect_uri = "http://127.0.0.1:50000/callback/google"
    pending = kit.begin("google", redirect_uri=redirect_uri, binding="another run")
    _, _, query = authority.approve(pending.url).partition("?")
    spoken = Spoken()

    def read(timeout: float | None) -> str:
        return f"{spoken.text[spoken.text.index('begins with ') :].split()[2]}?{query}\n"

    with pytest.raises(CallbackRefused):
        sign_in(kit.authorizations, kit.provider("google"), None, way="paste", say=spoken.say, read=read)
    assert kit.accounts() == []


def test_by_device_the_code_is_entered_elsewhere(authority: Authority, clock: Clock) -> None:
    """RFC 8628; the person is warned to enter only a code that they asked for (R25)."""
    spoken = Spoken()
    entered: list[str] = []

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        code = spoken.text.split("and enter the code")[1].split()[0]
        if not entered:
            entered.append(code)
            authority.approve(f"{ADDRESS}/google/device?user_code={code}")

    kit = make_kit(authority, clock, sleep=sleep)
    account = sign_in(kit.authorizations, kit.provider("google"), ["drive.file"], way="device", say=spoken.say)
    assert str(account) == "google/me@example.com"
    assert "Never enter a code that somebody sends you" in spoken.text


def test_a_provider_without_a_device_flow_says_so(kit: TokenKit) -> None:
    with pytest.raises(UsageError, match="Spotify") as caught:
        sign_in(kit.authorizations, kit.provider("spotify"), None, way="device")
    assert caught.value.hint == "tokenkit login spotify --paste"


def test_scopes_that_no_device_code_gives_are_refused_before_anything_is_sent(
    authority: Authority, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R25: Google's device flow gives four scopes, and none of Gmail's."""
    sent: list[Request] = []
    monkeypatch.setattr(authority, "handle", sent.append)
    kit = make_kit(authority, clock)
    with pytest.raises(UsageError, match=r"no sign-in by device code the scopes gmail\.send\b") as caught:
        sign_in(kit.authorizations, kit.provider("google"), ["gmail.send", "drive.file"], way="device")
    assert "--scopes drive.file,email,openid,profile" in caught.value.hint
    assert sent == []


@pytest.mark.parametrize("way", ["browser", "paste"])
def test_how_to_ask_follows_from_the_environment_of_the_kit(
    way: str, kit: TokenKit, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R25: `tokenkit.consent` decides, on what it was given."""
    seen: list[object] = []
    monkeypatch.setattr("tokenkit.signing_in.sign_in.way_to_ask", lambda environ: seen.append(environ) or way)
    browser, spoken = Browser(authority, deny=True), Spoken("nonsense\n")
    with pytest.raises((ConsentDenied, AuthorizationError)):
        sign_in(
            kit.authorizations, kit.provider("google"), None,
            environ=kit.configured.environ, opener=browser, say=spoken.say, read=spoken.read,
        )  # fmt: skip
    assert seen == [kit.configured.environ]
    assert bool(browser.opened) == (way == "browser")


def test_a_sign_in_in_two_steps_is_completed_by_another_process_of_the_same_user(
    authority: Authority, clock: Clock
) -> None:
    """R22: what binds is a value that only the key of this user gives."""
    store = MemoryStore()
    first, second = make_kit(authority, clock, store=store), make_kit(authority, clock, store=store)
    pending = begin_by_hand(first.authorizations, first.provider("google"), None, account="me@example.com")
    answer = authority.approve(pending.url)
    account = complete_by_hand(second.authorizations, lambda _: f" {answer}\n")
    assert str(account) == "google/me@example.com"


def test_a_sign_in_in_two_steps_takes_what_is_pasted_as_people_paste_it(authority: Authority, clock: Clock) -> None:
    """What is not understood uses nothing up: the right answer may follow, however it was copied."""
    kit = make_kit(authority, clock)
    answer = authority.approve(begin_by_hand(kit.authorizations, kit.provider("google"), None).url)
    query = answer.partition("?")[2]
    spoken = Spoken("4/0A-code\n", f"https://evil.example/?{query}\n", f"{answer[:60]}\n", answer[60:])
    account = complete_by_hand(kit.authorizations, spoken.read, say=spoken.say)
    assert str(account) == "google/me@example.com"
    assert len(spoken.text.splitlines()) == 4


@pytest.mark.parametrize(
    "change", [lambda url: f"?{url.partition('?')[2]}", lambda url: url.replace("//127.0.0.1", "//localhost")]
)
def test_a_sign_in_in_two_steps_is_not_lost_by_what_is_no_answer(
    change: Callable[[str], str], kit: TokenKit, authority: Authority
) -> None:
    answer = authority.approve(begin_by_hand(kit.authorizations, kit.provider("google"), None).url)
    with pytest.raises(CallbackRefused):
        complete_by_hand(kit.authorizations, Spoken("nonsense").read)
    assert str(complete_by_hand(kit.authorizations, Spoken(change(answer)).read)) == "google/me@example.com"


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: "yes",
        lambda answer: answer.partition("code=")[2].partition("&")[0],
        lambda answer: answer.replace("state=", "stat="),
        lambda answer: answer.replace("/callback/google", "/callback/googl"),
        lambda answer: re.sub(r"(?<=state=)[^&]+", lambda state: state[0][:-4], answer),
    ],
)
def test_what_is_no_answer_is_told_that_the_sign_in_waits_for_the_whole_address(
    change: Callable[[str], str], kit: TokenKit, authority: Authority
) -> None:
    """Who is told to begin again gives up a sign-in to which the person has said yes."""
    pending = begin_by_hand(kit.authorizations, kit.provider("google"), None)
    answer = authority.approve(pending.url)
    with pytest.raises(CallbackRefused) as caught:
        complete_by_hand(kit.authorizations, Spoken(change(answer)).read)
    assert f"begins with {pending.redirect_uri}, to tokenkit login --complete" in caught.value.hint
    complete_by_hand(kit.authorizations, Spoken(answer).read)
    with pytest.raises(CallbackRefused, match="used already") as caught:
        complete_by_hand(kit.authorizations, Spoken(answer).read)
    assert caught.value.hint == "begin the sign-in again"


def test_a_sign_in_in_two_steps_is_nobody_elses(
    authority: Authority, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R22: whoever has no access to the key cannot bring the answer, though the store be the same."""
    store = MemoryStore()
    mine = make_kit(authority, clock, store=store)
    pending = begin_by_hand(mine.authorizations, mine.provider("google"), None)
    answer = authority.approve(pending.url)
    monkeypatch.setenv("TOKENKIT_KEY", "A" * 43)
    with pytest.raises(CallbackRefused):
        complete_by_hand(make_kit(authority, clock, store=store).authorizations, Spoken(answer).read)
    monkeypatch.delenv("TOKENKIT_KEY")
    assert str(complete_by_hand(mine.authorizations, Spoken(answer).read)) == "google/me@example.com"


def rotate_key(records: SealedStore) -> None:
    rotate(records)


def add_key(records: SealedStore) -> None:
    records.ring.add()


@pytest.mark.parametrize("changes", [[add_key], [rotate_key], [add_key, rotate_key], [rotate_key, rotate_key]])
def test_a_sign_in_in_two_steps_outlives_a_change_of_the_key(
    changes: list[Callable[[SealedStore], None]], authority: Authority, clock: Clock
) -> None:
    """R29: a person who is at the consent screen need not know that the key was rotated."""
    store = MemoryStore()
    kit = make_kit(authority, clock, store=store)
    answer = authority.approve(begin_by_hand(kit.authorizations, kit.provider("google"), None).url)
    for change in changes:
        change(kit.records)
    other = make_kit(authority, clock, store=store)
    assert str(complete_by_hand(other.authorizations, Spoken(answer).read)) == "google/me@example.com"


def test_a_sign_in_in_two_steps_begins_anew_once_its_key_is_lost(authority: Authority, clock: Clock) -> None:
    """R30: nothing that could be opened is replaced."""
    store = MemoryStore()
    kit = make_kit(authority, clock, store=store)
    begin_by_hand(kit.authorizations, kit.provider("google"), None)
    os.unlink(os.path.join(kit.folders.data, "keys.json"))
    other = make_kit(authority, clock, store=store)
    other.records.ring.add()
    answer = authority.approve(begin_by_hand(other.authorizations, other.provider("google"), None).url)
    assert str(complete_by_hand(other.authorizations, Spoken(answer).read)) == "google/me@example.com"


def test_the_name_that_was_asked_for_is_the_accounts_own_where_the_provider_cannot_say(
    authority: Authority, clock: Clock
) -> None:
    """R4: else it would be called `default`."""
    anonymous = replace(providers(ADDRESS)["spotify"], userinfo_endpoint="")
    kit = make_kit(authority, clock, providers={"spotify": anonymous})
    for wanted, name in (("", "default"), ("work", "work")):
        account = sign_in(
            kit.authorizations,
            kit.provider("spotify"),
            None,
            account=wanted,
            way="browser",
            opener=Browser(authority),
            say=Spoken().say,
        )
        assert account.name == name


def test_the_first_sign_in_at_addresses_that_no_source_confirms_wants_a_yes_by_every_way(
    authority: Authority, clock: Clock, tmp_path: Path
) -> None:
    """Of the caller, or in ``config.toml``, as a dashboard gets it; who has an account has said yes before."""
    google = replace(providers(ADDRESS)["google"], unverified=("token_endpoint",))
    options = {"providers": {"google": google}}
    kit = make_kit(authority, clock, **options)
    begun = {"redirect_uri": "https://dash.example/callback/google", "binding": "b"}
    for ask in (
        lambda: kit.login("google"),
        lambda: kit.login("google", way="device"),
        lambda: kit.begin("google", **begun),
        lambda: kit.complete(provider="google", code="c", redirect_uri=begun["redirect_uri"]),
    ):
        with pytest.raises(ConfigurationError, match="no source confirms where Google wants sign-ins") as caught:
            ask()
        assert "tokenkit login google --unverified" in caught.value.hint
        assert "[providers.google]: unverified = true" in caught.value.hint
    assert authority.counters.total() == 0, "nothing was sent there"
    assert kit.begin("google", **begun, unverified=True).url

    Path(kit.folders.config).mkdir(parents=True)
    (Path(kit.folders.config) / "config.toml").write_text("[providers.google]\nunverified = true\n")
    assert make_kit(authority, clock, **options).begin("google", **begun).url

    (Path(kit.folders.config) / "config.toml").unlink()
    browser = Browser(authority)
    kit.login("google", unverified=True, way="browser", opener=browser)
    browser.join()
    assert kit.begin("google", **begun).url


def test_ctrl_c_once_the_answer_was_stored_says_which_account_that_is(
    kit: TokenKit, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: Ctrl-C waits until what a code has brought is stored, and then something was changed."""

    def interrupted(*_: object) -> Identity:
        raise KeyboardInterrupt

    monkeypatch.setattr(AccountLinker, "identify", interrupted)
    spoken = Spoken()
    with pytest.raises(KeyboardInterrupt):
        by_paste(kit, spoken, lambda _: pasted(authority, spoken))
    assert [str(account) for account in kit.accounts()] == ["google/default"]
    assert spoken.text.endswith("Given up, once google/default was stored.\n")
