"""A sign-in from begin to end, in each way of asking, against the sandbox."""

import os
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest
from tokenkit.errors import (
    AuthorizationError,
    CallbackRefused,
    ConfigurationError,
    ConsentDenied,
    StoreUnavailable,
    UsageError,
)
from tokenkit.kit import TokenKit
from tokenkit.provider import Context, Request
from tokenkit.sandbox import CLIENTS, Authority, providers
from tokenkit.signing_in.sign_in import begin_by_hand, complete_by_hand, sign_in
from tokenkit.store.memory import MemoryStore
from tokenkit.testing import Browser, Clock

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

    def read(self) -> str:
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


def test_by_paste_nothing_listens_and_the_whole_answer_is_read(kit: TokenKit, authority: Authority) -> None:
    """R25: without a browser the whole address is pasted back."""
    spoken = Spoken()

    def read() -> str:
        (url,) = (line.strip() for line in spoken.text.splitlines() if "/o/oauth2/" in line)
        return f"{authority.approve(url)}\n"

    account = sign_in(kit.authorizations, kit.provider("google"), None, way="paste", say=spoken.say, read=read)
    assert str(account) == "google/me@example.com"


def test_an_answer_pasted_from_another_run_is_refused(kit: TokenKit, authority: Authority) -> None:
    """R22: the binding is drawn for each run."""
    redirect_uri = "http://127.0.0.1:50000/callback/google"
    pending = kit.begin("google", redirect_uri=redirect_uri, binding="another run")
    _, _, query = authority.approve(pending.url).partition("?")
    spoken = Spoken()

    def read() -> str:
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
            environ=kit._environ, opener=browser, say=spoken.say, read=spoken.read,
        )  # fmt: skip
    assert seen == [kit._environ]
    assert bool(browser.opened) == (way == "browser")


def test_a_sign_in_in_two_steps_is_completed_by_another_process_of_the_same_user(
    authority: Authority, clock: Clock
) -> None:
    """R22: what binds is a value that only the key of this user gives."""
    store = MemoryStore()
    first, second = make_kit(authority, clock, store=store), make_kit(authority, clock, store=store)
    pending = begin_by_hand(first.authorizations, first.provider("google"), None, account="me@example.com")
    answer = authority.approve(pending.url)
    account = complete_by_hand(second.authorizations, f" {answer}\n")
    assert str(account) == "google/me@example.com"


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
        complete_by_hand(make_kit(authority, clock, store=store).authorizations, answer)


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
