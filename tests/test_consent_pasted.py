"""What people paste as an answer is understood, or refused (R22, R23, R25)."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.consent.pasted import answer_in, tidied
from tokenkit.pending import PendingAuthorization
from tokenkit.token import Secret

REDIRECT = "http://127.0.0.1:50000/callback/google"
PENDING = PendingAuthorization(
    provider="google", url="https://accounts.example/auth?a=b", redirect_uri=REDIRECT, state=Secret("the-state")
)
QUERY = "code=4/0A%2B&state=the-state&iss=https://accounts.example&scope=a%20b"
ANSWER = f"{REDIRECT}?{QUERY}"

POCKET = PendingAuthorization(
    provider="pocket",
    url="https://p.example/",
    redirect_uri="http://[::1]:50000/callback/pocket/xyz",
    state=Secret("xyz"),
)

AS_COPIED = [
    ANSWER,
    f"  {ANSWER}  \n",
    f"{ANSWER}\r\n",
    f"<{ANSWER}>",
    f'"{ANSWER}"',
    f"`{ANSWER}`",
    f"\N{LEFT DOUBLE QUOTATION MARK}{ANSWER}\N{RIGHT DOUBLE QUOTATION MARK}",
    f"{ANSWER}#_=_",
    f"{ANSWER}#",
    ANSWER.replace("http://127", "https://127"),
    ANSWER.replace("http://127", "HTTP://127"),
    ANSWER.replace("127.0.0.1", "localhost"),
    ANSWER.replace("127.0.0.1", "[::1]"),
    ANSWER.removeprefix("http://"),
    ANSWER.removeprefix("http://127.0.0.1:50000"),
    f"?{QUERY}",
    QUERY,
    ANSWER.replace("&", "&amp;"),
    ANSWER.replace("&", "&#38;"),
    f"\x1b[200~{ANSWER}\x1b[201~",
    f"\N{NO-BREAK SPACE}{ANSWER}\N{ZERO WIDTH SPACE}",
    f"\N{ZERO WIDTH NO-BREAK SPACE}{ANSWER}\N{WORD JOINER}",
    f"{ANSWER[:60]}\N{SOFT HYPHEN}{ANSWER[60:]}",
    f"{ANSWER[:60]}\n    {ANSWER[60:]}",
    f"[{ANSWER}]({ANSWER})",
    f"[the answer]({ANSWER})",
    f"Here it is: {ANSWER}",
    f"view-source:{ANSWER}",
    f"({ANSWER})",
    ANSWER.replace("&", "&amp;amp;"),
    ANSWER.replace("&", "\\&").replace("?", "\\?").replace("=", "\\="),
    f'{{"url": "{ANSWER}"}}',
    f"location = '{ANSWER}';",
    f'<a href="{ANSWER}">the answer</a>',
    f"<{ANSWER}|{ANSWER}>",
    f"curl '{ANSWER}'",
    f"> {ANSWER[:60]}\n> {ANSWER[60:]}",
    f"> > {ANSWER}",
    quote(ANSWER, safe=""),
    quote(quote(ANSWER, safe=""), safe=""),
]


@pytest.mark.parametrize("text", AS_COPIED)
def test_what_copying_adds_or_takes_is_forgiven(text: str) -> None:
    assert answer_in(text, PENDING) == ANSWER


@pytest.mark.parametrize("end", [".", ",", ";", ")", ")."])
def test_the_end_of_a_sentence_is_left_out_where_the_state_stands_last(end: str) -> None:
    assert answer_in(f"{REDIRECT}?code=1&state=the-state{end}", PENDING) == f"{REDIRECT}?code=1&state=the-state"


def test_an_address_that_was_encoded_as_a_whole_is_decoded_once() -> None:
    assert answer_in("http%3A%2F%2F127.0.0.1:50000/callback/google%3Fcode%3D1%26state%3Dthe-state", PENDING) == (
        f"{REDIRECT}?code=1&state=the-state"
    )


@pytest.mark.parametrize("text", ["http://[::1]:50000/callback/pocket/xyz", "[::1]:50000/callback/pocket/xyz\n"])
def test_a_state_in_the_path_is_enough(text: str) -> None:
    assert answer_in(text, POCKET) == POCKET.redirect_uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4/0A-code",
        REDIRECT,
        f"{REDIRECT}?code=1",
        f"{REDIRECT}?code=1&state=",
        f"{REDIRECT}?code=1&state=the-stat",
        f"{REDIRECT}?code=1&state=the-state&state=the-state",
        f"{REDIRECT}?code=1&State=the-state",
        ANSWER.replace("callback/google", "callback/spotify"),
        ANSWER.replace("127.0.0.1", "evil.example"),
        ANSWER.replace("127.0.0.1", "127.0.0.1@evil.example"),
        ANSWER.replace("127.0.0.1", "127.0.0.1.evil.example"),
        ANSWER.replace(":50000", ":50001"),
        ANSWER.replace(":50000", ""),
        ANSWER.replace(":50000", ":x"),
        ANSWER.replace("http://", "//"),
        ANSWER.replace("http://", "ftp://"),
        "http://[oops/callback/google?code=1&state=the-state",
        "https://evil.example/?u=" + ANSWER,
    ],
)
def test_what_is_not_the_answer_is_none(text: str) -> None:
    assert answer_in(text, PENDING) is None


@given(st.text(max_size=200))
def test_nothing_that_is_pasted_is_a_fault(text: str) -> None:
    assert answer_in(text, PENDING) is None
    assert tidied(text) is not None


@given(st.text(alphabet="\u200b\u00a0\ufeff \t\r\n", max_size=5), st.integers(0, len(ANSWER)))
def test_what_cannot_be_seen_may_stand_anywhere(unseen: str, place: int) -> None:
    assert answer_in(ANSWER[:place] + unseen + ANSWER[place:], PENDING) == ANSWER
