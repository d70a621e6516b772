"""Asking in a browser on this machine (R24)."""

import http.client
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tokenkit.consent import loopback
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.consent.opener import open_nothing
from tokenkit.consent.redirect_file import address_behind
from tokenkit.errors import AuthorizationError, CallbackRefused, ConsentDenied, UsageError
from tokenkit.pending import PendingAuthorization
from tokenkit.token import Secret

from patience import PATIENCE

STATE = "the-state-of-this-sign-in"


class Browser:
    """Asks the consent's server, one request at a time, and never follows a redirect by itself."""

    def __init__(self, consent: LoopbackConsent) -> None:
        self.netloc = urlsplit(consent.redirect_uri).netloc

    def ask(
        self, target: str, *, method: str = "GET", host: str = "", cookie: str = ""
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection(self.netloc, timeout=PATIENCE)
        cookies = {"Cookie": cookie} if cookie else {}
        try:
            connection.request(method, target, headers={"Host": host or self.netloc, **cookies})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()


def pending(consent: LoopbackConsent, **changes: object) -> PendingAuthorization:
    url = f"https://accounts.example/auth?state={STATE}"
    value = PendingAuthorization(provider="google", url=url, redirect_uri=consent.redirect_uri, state=Secret(STATE))
    return replace(value, **changes)  # type: ignore[arg-type]


@pytest.fixture
def consent() -> Iterator[LoopbackConsent]:
    with LoopbackConsent("google") as running:
        yield running


@pytest.fixture
def opened(consent: LoopbackConsent) -> str:
    """The address behind what the opener got."""
    addresses: list[str] = []
    consent.present(pending(consent), opener=addresses.append, say=lambda _: None)
    return address_behind(addresses[0])


@pytest.fixture
def browser(consent: LoopbackConsent) -> Browser:
    return Browser(consent)


def answered(consent: LoopbackConsent) -> bool:
    try:
        consent.wait(0)
    except AuthorizationError:
        return False
    return True


def test_each_provider_has_its_own_path_on_a_port_that_is_bound_already(consent: LoopbackConsent) -> None:
    """R23 (mix-up), R24 (bound before the URL is shown)."""
    parts = urlsplit(consent.redirect_uri)
    assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "/callback/google")
    assert Browser(consent).ask("/")[0] == 404


def test_the_opener_gets_a_file_that_tells_nothing_and_leads_to_a_redirect(
    consent: LoopbackConsent, browser: Browser
) -> None:
    """R24: what the opener gets is seen by every user of this machine in ``ps``."""
    addresses: list[str] = []
    consent.present(pending(consent), opener=addresses.append, say=lambda _: None)
    assert urlsplit(addresses[0]).scheme == "file"
    address = address_behind(addresses[0])
    assert STATE not in address
    assert urlsplit(address).netloc == urlsplit(consent.redirect_uri).netloc
    assert urlsplit(address).path not in addresses[0]
    status, headers, _ = browser.ask(urlsplit(address).path)
    assert (status, headers["location"]) == (302, f"https://accounts.example/auth?state={STATE}")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_the_file_is_gone_when_the_sign_in_ends() -> None:
    addresses: list[str] = []
    with LoopbackConsent("google") as consent:
        consent.present(pending(consent), opener=addresses.append, say=lambda _: None)
        path = Path(urlsplit(addresses[0]).path)
        assert path.exists()
    assert not path.parent.exists()


@pytest.mark.parametrize("beside", ["", "_xsrf=2|7c9; ", 'user="2|1:0|10:1"; {broken; '])
def test_the_browser_that_began_may_come_again_whatever_other_cookies_it_has(
    beside: str, opened: str, consent: LoopbackConsent, browser: Browser
) -> None:
    """R24: a person reloads, and cookies of 127.0.0.1 come from every port."""
    start = urlsplit(opened).path
    given = browser.ask(start)[1]["set-cookie"]
    cookie, _, rest = given.partition(";")
    assert rest == f" Path={start}; HttpOnly; SameSite=Lax"
    for _ in range(2):
        assert browser.ask(start, cookie=f"{beside}{cookie}")[0] == 302
    assert not answered(consent)


@pytest.mark.parametrize("cookie", ["", "tokenkit-sign-in=", "tokenkit-sign-in=guessed", "other=1"])
@pytest.mark.parametrize("came_back", [False, True])
def test_another_browser_ends_the_sign_in_loudly(
    came_back: bool, cookie: str, opened: str, consent: LoopbackConsent, browser: Browser
) -> None:
    """R24: one of the two is not this person's, and nobody can say which; an answer of the first counts no more."""
    start = urlsplit(opened).path
    assert browser.ask(start)[0] == 302
    if came_back:
        assert browser.ask(f"/callback/google?code=1&state={STATE}")[0] == 303
    status, headers, body = browser.ask(start, cookie=cookie)
    assert (status, "location" in headers) == (403, False)
    assert "was stopped" in body
    with pytest.raises(CallbackRefused, match="opened in two browsers") as caught:
        consent.wait(PATIENCE)
    assert caught.value.hint == "tokenkit login google"
    assert consent.contested


def test_a_browser_that_cannot_read_the_file_is_helped_by_the_printed_address(
    consent: LoopbackConsent, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R24: a browser from snap or flatpak shows an error and never comes; the address is on the terminal then."""
    monkeypatch.setattr(loopback, "OPEN_TIME", 0.01)
    said: list[str] = []
    consent.present(pending(consent), opener=lambda _: None, say=said.append)
    assert "/start/" not in "".join(said)
    with pytest.raises(AuthorizationError):
        consent.wait(0.05)
    (address,) = (line.strip() for line in "\n".join(said).splitlines() if "/start/" in line)
    assert browser.ask(urlsplit(address).path)[0] == 302


def test_no_address_is_printed_for_a_browser_that_has_come(
    consent: LoopbackConsent, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "OPEN_TIME", 0.01)
    said: list[str] = []
    consent.present(
        pending(consent), opener=lambda url: browser.ask(urlsplit(address_behind(url)).path), say=said.append
    )
    with pytest.raises(AuthorizationError):
        consent.wait(0.05)
    assert "/start/" not in "".join(said)


def test_where_no_file_can_be_written_the_address_is_printed_at_once(
    consent: LoopbackConsent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    said: list[str] = []
    opened: list[str] = []
    consent.present(pending(consent), opener=opened.append, say=said.append)
    assert "/start/" in "".join(said)
    assert opened == []


def test_under_wsl_the_browser_of_windows_is_led_to_the_terminal_by_an_address_worth_nothing(
    consent: LoopbackConsent, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R24: it could not read our file; what its command line shows leads nobody to the provider."""
    monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
    said: list[str] = []
    opened: list[str] = []
    consent.present(pending(consent), opener=opened.append, say=said.append)
    assert opened == [f"http://{browser.netloc}/"]
    status, headers, body = browser.ask("/")
    assert (status, "location" in headers, "set-cookie" in headers) == (200, False, False)
    assert "/start/" not in body
    (address,) = (line.strip() for line in "\n".join(said).splitlines() if "/start/" in line)
    assert browser.ask(urlsplit(address).path)[0] == 302


def test_without_an_opener_the_address_is_printed_without_the_state(consent: LoopbackConsent) -> None:
    """R35: terminals are recorded, so no `state` is printed."""
    said: list[str] = []
    consent.present(pending(consent), opener=open_nothing, say=said.append)
    assert "/start/" in "\n".join(said)
    assert "in your browser" not in "\n".join(said)
    assert STATE not in "\n".join(said)


def test_the_whole_answer_url_is_returned_and_leaves_the_address_bar_at_once(
    opened: str, consent: LoopbackConsent, browser: Browser
) -> None:
    query = f"?code=4/0A%2Bx&state={STATE}&scope=a%20b"
    status, headers, body = browser.ask(f"/callback/google{query}")
    assert status == 303
    assert headers["location"].startswith("/done/")
    assert headers["referrer-policy"] == "no-referrer"
    assert body == ""
    assert consent.wait(0) == f"{consent.redirect_uri}{query}"


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("/callback/google?error=access_denied&state=forged", {}),
        ("/callback/google?error=access_denied", {}),
        (f"/callback/google?code=1&state={STATE}&state={STATE}", {}),
        (f"/callback/google?code=1&state={STATE}x", {}),
        (f"/callback/google?code=1&State={STATE}", {}),
        (f"/callback/spotify?code=1&state={STATE}", {}),
        (f"/callback/google/?code=1&state={STATE}", {}),
        (f"/callback/google/{STATE}?code=1&state={STATE}", {}),
        (f"/callback%2Fgoogle?code=1&state={STATE}", {}),
        (f"//callback/google?code=1&state={STATE}", {}),
        (f"/callback/google?code=1&state={STATE}", {"method": "POST"}),
        (f"/callback/google?code=1&state={STATE}", {"method": "HEAD"}),
        (f"/callback/google?code=1&state={STATE}", {"host": "rebound.example"}),
        (f"/callback/google?code=1&state={STATE}", {"host": "127.0.0.1"}),
        (f"/callback/google?code=1&state={STATE}", {"host": "localhost:1"}),
        ("/favicon.ico", {}),
        ("/done/guessed", {}),
        ("/start/guessed", {}),
    ],
)
def test_what_is_not_the_answer_is_a_404_and_neither_ends_nor_consumes_the_flow(
    target: str, options: dict[str, str], opened: str, consent: LoopbackConsent, browser: Browser
) -> None:
    """R24: everybody on this machine can connect to the port."""
    assert browser.ask(target, **options)[0] == 404
    assert not answered(consent)
    assert browser.ask(f"/callback/google?code=real&state={STATE}")[0] == 303
    assert consent.wait(0).endswith(f"code=real&state={STATE}")


def test_a_denial_with_the_right_state_is_an_answer(opened: str, consent: LoopbackConsent, browser: Browser) -> None:
    assert browser.ask(f"/callback/google?error=access_denied&state={STATE}")[0] == 303
    assert "error=access_denied" in consent.wait(0)


def test_the_first_answer_stands_even_when_the_browser_repeats_it(
    opened: str, consent: LoopbackConsent, browser: Browser
) -> None:
    first = browser.ask(f"/callback/google?code=1&state={STATE}")
    again = browser.ask(f"/callback/google?code=2&state={STATE}")
    assert first[1]["location"] == again[1]["location"]
    assert "code=1" in consent.wait(0)


def test_a_path_that_cannot_be_guessed_stands_in_for_a_state() -> None:
    """Pocket's redirect carries nothing (`state_in`): then the path is what only this sign-in knows."""
    with LoopbackConsent("pocket") as consent:
        consent.present(
            pending(consent, redirect_uri=f"{consent.redirect_uri}/{STATE}"), opener=lambda _: None, say=lambda _: None
        )
        browser = Browser(consent)
        for target in ("/callback/pocket", "/callback/pocket/", "/callback/pocket/guess", f"/callback/pocket/{STATE}/"):
            assert browser.ask(target)[0] == 404
        assert not answered(consent)
        assert browser.ask(f"/callback/pocket/{STATE}")[0] == 303
        assert consent.wait(0) == f"{consent.redirect_uri}/{STATE}"


def test_nothing_is_an_answer_before_the_person_was_asked(consent: LoopbackConsent) -> None:
    assert Browser(consent).ask(f"/callback/google?code=1&state={STATE}")[0] == 404


def test_the_last_page_names_the_account_and_nothing_foreign(
    opened: str, consent: LoopbackConsent, browser: Browser
) -> None:
    """R24: no-store, no-referrer, nothing foreign; the address in the bar holds no code."""
    done = browser.ask(f"/callback/google?code=top-secret&state={STATE}")[1]["location"]
    pages: list[tuple[int, dict[str, str], str]] = []
    looking = threading.Thread(target=lambda: pages.append(browser.ask(done)))
    looking.start()
    consent.finish("You are signed in", "google/<b>me@example.com</b> is connected.")
    looking.join(PATIENCE)
    status, headers, body = pages[0]
    assert status == 200
    assert "google/&lt;b&gt;me@example.com&lt;/b&gt; is connected." in body
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    for forbidden in ("http:", "https:", "<script", "src=", "top-secret", STATE):
        assert forbidden not in body


def test_the_policy_admits_exactly_the_style_that_the_page_has(
    opened: str, consent: LoopbackConsent, browser: Browser
) -> None:
    import base64
    import hashlib
    import re

    done = browser.ask(f"/callback/google?code=1&state={STATE}")[1]["location"]
    threading.Thread(target=lambda: consent.finish("a", "b"), daemon=True).start()
    _, headers, body = browser.ask(done)
    style = re.search(r"<style>(.*)</style>", body, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"'sha256-{digest}'" in headers["content-security-policy"]


def page_after(error: Exception) -> str:
    """What the browser shows when completing the sign-in raises `error`."""
    pages: list[str] = []
    looking: list[threading.Thread] = []

    def sign_in() -> None:
        with LoopbackConsent("google") as consent:
            consent.present(pending(consent), opener=lambda _: None, say=lambda _: None)
            browser = Browser(consent)
            done = browser.ask(f"/callback/google?code=1&state={STATE}")[1]["location"]
            looking.append(threading.Thread(target=lambda: pages.append(browser.ask(done)[2])))
            looking[0].start()
            raise error

    with pytest.raises(type(error)):
        sign_in()
    looking[0].join(PATIENCE)
    return pages[0]


def test_an_error_while_completing_is_what_the_person_reads() -> None:
    assert "you said no at Google" in page_after(ConsentDenied("you said no at Google"))


def test_a_fault_of_ours_shows_the_person_no_details() -> None:
    """R35: an unforeseen exception could carry anything."""
    text = page_after(ValueError("top-secret"))
    assert "did not succeed" in text
    assert "top-secret" not in text


def test_a_browser_that_waits_too_long_is_sent_to_the_terminal(
    opened: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "HOLD_TIME", 0.01)
    done = browser.ask(f"/callback/google?code=1&state={STATE}")[1]["location"]
    assert "Look at the terminal" in browser.ask(done)[2]


def test_finish_does_not_wait_when_no_browser_came_back(opened: str, consent: LoopbackConsent) -> None:
    finishing = threading.Thread(target=lambda: consent.finish("Nobody came", "Try again.", good=False))
    finishing.start()
    finishing.join(loopback.SHOW_TIME / 2)  # a minute
    assert not finishing.is_alive()


def test_who_hears_of_an_answer_waits_until_its_browser_has_the_last_page(
    opened: str, consent: LoopbackConsent, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However fast the sign-in ends then: the port would be closed before the browser comes for that page."""
    there: list[bool] = []
    with monkeypatch.context() as looking:
        looking.setattr(consent, "_rope", Rope(lambda: there.append(answered(consent))))
        assert browser.ask(f"/callback/google?code=1&state={STATE}")[0] == 303
    assert there == [True]


class Rope:
    """What rings the bell: here it looks around."""

    def __init__(self, rung: Callable[[], None]) -> None:
        self.rung = rung

    def send(self, data: bytes) -> None:
        self.rung()


def test_a_person_who_never_answers_is_an_error_that_names_the_command(opened: str, consent: LoopbackConsent) -> None:
    with pytest.raises(AuthorizationError, match="nobody answered google's consent screen within 0 seconds") as caught:
        consent.wait(0)
    assert caught.value.hint == "tokenkit login google"


def test_a_provider_that_would_send_the_browser_to_another_scheme_is_refused(consent: LoopbackConsent) -> None:
    """R24: only http(s) URLs go to the browser, by our redirect neither."""
    addresses: list[str] = []
    with pytest.raises(UsageError):
        consent.present(pending(consent, url="file:///etc/passwd"), opener=addresses.append, say=lambda _: None)
    assert addresses == []


@pytest.mark.parametrize("other", ["http://127.0.0.1:1/callback/google", "http://127.0.0.1:1/callback/googley"])
def test_an_authorization_that_awaits_its_answer_elsewhere_is_refused(other: str, consent: LoopbackConsent) -> None:
    with pytest.raises(UsageError, match="another redirect URI"):
        consent.present(pending(consent, redirect_uri=other), opener=lambda _: None, say=lambda _: None)
