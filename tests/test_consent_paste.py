"""Asking by a printed URL, a pasted answer, and a device code (R25)."""

import io
import sys
from collections.abc import Iterable

import pytest
from tokenkit.consent import device, paste, terminal
from tokenkit.errors import AuthorizationError, CallbackRefused, UsageError
from tokenkit.grant import PendingAuthorization
from tokenkit.token import Secret

REDIRECT = "http://127.0.0.1:50000/callback/google"
PENDING = PendingAuthorization(
    provider="google", url="https://accounts.example/auth?a=b", redirect_uri=REDIRECT, state=Secret("s")
)
ANSWER = f"{REDIRECT}?code=4/0A%2B&state=s"


def ask(lines: Iterable[str], said: list[str] | None = None) -> str:
    waiting = iter(lines)
    return paste.ask(PENDING, read=lambda: next(waiting, ""), say=(said if said is not None else []).append)


def test_the_url_is_printed_and_the_pasted_answer_returned_whole() -> None:
    said: list[str] = []
    assert ask([f"{ANSWER}\n"], said) == ANSWER
    assert PENDING.url in said[1]
    assert REDIRECT in said[2]


@pytest.mark.parametrize("pasted", [f"  {ANSWER}  \n", f"<{ANSWER}>\n", f"'{ANSWER}'", ANSWER.removeprefix("http://")])
def test_what_copying_adds_or_takes_is_forgiven(pasted: str) -> None:
    assert ask([pasted]) == ANSWER


def test_a_closed_stdin_is_an_end_and_what_is_no_text_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert paste.read_line() == ""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"http://\xff\n"), "utf-8"))
    with pytest.raises(AuthorizationError, match="the input ended"):
        paste.ask(PENDING, say=[].append)


def test_a_code_alone_is_refused_in_words_and_may_be_mended() -> None:
    """R22: without its state an answer proves nothing."""
    said: list[str] = []
    assert ask(["4/0A-code\n", ANSWER], said) == ANSWER
    assert "A code alone is not enough" in said[-1]
    assert "4/0A-code" not in "".join(said)


@pytest.mark.parametrize(
    "other", ["http://127.0.0.1:50000/callback/spotify?code=1&state=s", f"{REDIRECT}y?code=1", "https://evil.example/"]
)
def test_another_address_is_refused_in_words(other: str) -> None:
    """R23: each provider has its own path."""
    said: list[str] = []
    with pytest.raises(CallbackRefused) as caught:
        ask([other] * 3, said)
    assert "This is another address" in said[-1]
    assert caught.value.hint == "tokenkit login google"


def test_an_input_that_ends_is_an_error_that_names_the_command() -> None:
    with pytest.raises(AuthorizationError, match="the input ended") as caught:
        ask([])
    assert caught.value.hint == "tokenkit login google"


def test_the_person_is_spoken_to_on_stderr_and_read_from_stdin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{ANSWER}\n"))
    assert paste.ask(PENDING) == ANSWER
    out, err = capsys.readouterr()
    assert out == ""
    assert PENDING.url in err


def test_the_pasted_line_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("x" * 100_000))
    assert len(paste.read_line()) == paste.LINE_LIMIT


def test_the_redirect_uri_names_a_port_that_cannot_be_foreseen_unless_it_is_fixed() -> None:
    drawn = {paste.redirect_uri("google") for _ in range(20)}
    assert len(drawn) > 1
    assert all(uri.startswith("http://127.0.0.1:") and uri.endswith("/callback/google") for uri in drawn)
    assert paste.redirect_uri("acme", "localhost", 8080) == "http://localhost:8080/callback/acme"
    assert paste.redirect_uri("acme", "::1", 8080) == "http://[::1]:8080/callback/acme"


def test_the_device_code_is_shown_with_the_warning_to_enter_only_ones_own() -> None:
    said: list[str] = []
    device.show("https://device.example/", "ABCD-EFGH", say=said.append)
    text = "\n".join(said)
    assert "https://device.example/" in text
    assert "ABCD-EFGH" in text
    assert "Never enter a code that somebody sends you" in text


def test_a_provider_cannot_steer_the_terminal() -> None:
    said: list[str] = []
    device.show("https://device.example/", "AB\x1b[2J\rCD", say=said.append)
    assert "AB?[2J?CD" in "".join(said)
    with pytest.raises(UsageError):
        device.show("https://device.example/\x1b[2J", "ABCD", say=said.append)


def test_saying_goes_to_stderr_alone(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say("hello")
    assert capsys.readouterr() == ("", "hello\n")
