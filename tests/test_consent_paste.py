"""Asking by a printed URL, a pasted answer, and a device code (R25)."""

from collections.abc import Iterable

import pytest
from tokenkit.consent import device, paste, terminal
from tokenkit.errors import AuthorizationError, CallbackRefused, UsageError
from tokenkit.pending import PendingAuthorization
from tokenkit.token import Secret

REDIRECT = "http://127.0.0.1:50000/callback/google"
PENDING = PendingAuthorization(
    provider="google", url="https://accounts.example/auth?a=b", redirect_uri=REDIRECT, state=Secret("s")
)
ANSWER = f"{REDIRECT}?code=4/0A%2B&state=s"


def ask(lines: Iterable[str | None], said: list[str] | None = None, *, came: str = "") -> str:
    """Answer with these lines; `came` is what the browser brings by itself after the last of them."""
    waiting, heard = iter(lines), [""]

    def read(_: float | None) -> str | None:
        line = next(waiting, came and None)
        heard[0] = came if line is None else ""
        return line

    say = (said if said is not None else []).append
    paste.invite(PENDING, listening=bool(came), say=say)
    return paste.read_answer(PENDING, read, came=lambda: heard[0], lasts=600.0, say=say)


def test_the_url_is_printed_and_the_pasted_answer_returned_whole() -> None:
    said: list[str] = []
    assert ask([f"{ANSWER}\n"], said) == ANSWER
    assert PENDING.url in said[1]
    assert REDIRECT in said[2]


def test_an_answer_that_comes_by_itself_counts_while_a_line_is_awaited() -> None:
    """R25: with the port forwarded, or a browser on this machine, nothing has to be pasted."""
    assert ask(["nonsense\n"], came=ANSWER) == ANSWER


def test_a_code_alone_is_refused_in_words_and_the_whole_may_follow() -> None:
    """R22: without its state an answer proves nothing."""
    said: list[str] = []
    assert ask(["4/0A-code\n", ANSWER], said) == ANSWER
    assert "A code alone is not enough" in said[-1]
    assert "4/0A-code" not in "".join(said)


@pytest.mark.parametrize(
    "other",
    [
        "http://127.0.0.1:50000/callback/spotify?code=1&state=s",
        f"{REDIRECT}y?code=1",
        "https://evil.example/",
        "https://evil.example/callback/google?code=1&state=s",
        "http://127.0.0.1:50001/callback/google?code=1&state=s",
    ],
)
def test_another_address_is_refused_in_words_as_often_as_it_comes(other: str) -> None:
    """R23: each provider has its own path."""
    said: list[str] = []
    with pytest.raises(CallbackRefused) as caught:
        ask([other] * paste.ATTEMPTS, said)
    assert "This is another address" in said[-1]
    assert caught.value.hint == "tokenkit login google"


@pytest.mark.parametrize("other", [f"{REDIRECT}?code=1&state=t", f"{REDIRECT}?code=1", f"{REDIRECT}?code=1&state="])
def test_an_answer_that_is_cut_short_or_of_another_sign_in_is_refused_in_words(other: str) -> None:
    """R22: and nothing is used up; the right one may follow."""
    said: list[str] = []
    assert ask([other, ANSWER], said) == ANSWER
    assert "missing" in said[-1]
    assert "code=1" not in "".join(said)


@pytest.mark.parametrize("cut", range(1, len(ANSWER), 7))
def test_an_address_that_was_broken_over_lines_is_put_together(cut: int) -> None:
    assert ask(["nonsense\n", f"{ANSWER[:cut]}\n", "\n", f"  {ANSWER[cut:]}\n"]) == ANSWER


STATE_FIRST = f"{REDIRECT}?state=s&iss=https://accounts.example&code=4/0AX4XfWh&scope=email"
"""As Google sends it: each beginning that holds the state would pass for the whole."""


@pytest.mark.parametrize("cut", range(1, len(STATE_FIRST), 7))
def test_lines_that_were_pasted_at_once_count_together_before_one_alone(cut: int) -> None:
    """A code that is cut short is refused by the provider, and the sign-in would be lost."""
    assert ask([f"nonsense\n{STATE_FIRST[:cut]}\n{STATE_FIRST[cut:]}\n"]) == STATE_FIRST
    assert ask([f"{STATE_FIRST[:cut]}\n    {STATE_FIRST[cut:]}\n"]) == STATE_FIRST


def test_of_lines_that_were_pasted_at_once_the_right_one_is_found() -> None:
    assert ask([f"{ANSWER}\n{ANSWER}\n"]) == ANSWER
    assert ask([f"wrong\n\n{ANSWER.replace('state=s', 'state=older')}\n{ANSWER}\n"]) == ANSWER


def test_an_input_that_ends_is_an_error_that_names_the_command() -> None:
    with pytest.raises(AuthorizationError, match="the input ended") as caught:
        ask([])
    assert caught.value.hint == "tokenkit login google"


def test_a_person_who_does_not_come_back_is_told_what_an_error_page_means_and_then_that_it_is_over() -> None:
    said: list[str] = []
    with pytest.raises(AuthorizationError, match="within 0 seconds"):
        paste.read_answer(PENDING, lambda _: None, lasts=0.01, say=said.append)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paste, "ADVICE_TIME", 0.0)
        lines = iter([None, None, ANSWER])
        answer = paste.read_answer(PENDING, lambda _: next(lines), lasts=60.0, advice="look there", say=said.append)
    assert (answer, said) == (ANSWER, ["look there"])


def test_what_is_said_about_the_browser_fits_whether_anything_listens() -> None:
    for listening in (True, False):
        said: list[str] = []
        paste.invite(PENDING, listening=listening, say=said.append)
        assert ("port forwarded" in "".join(said)) == listening


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
