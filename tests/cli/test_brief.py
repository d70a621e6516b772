"""A reason in short, for a list and for an error."""

import pytest
from tokenkit.cli.brief import brief
from tokenkit.cli.errors import report
from tokenkit.errors import ConsentRequired

GOOGLE = (
    "Google has ended it: you removed the app, it was unused for six months, your password was changed, or newer ones "
    "took its place; and an app that is still in testing is signed out every seven days"
)


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        ("", ""),
        ("it was revoked", "it was revoked"),
        ("It was revoked.", "It was revoked"),
        (GOOGLE, "Google has ended it"),
        ("invalid_grant: " + "a long description " * 9, ("invalid_grant: " + "a long description " * 9)),
        ("refused (HTTP 400): see there", "refused: see there"),
        ("the sign-in was good until 2026-05-01; it has ended", "the sign-in was good until 2026-05-01"),
    ],
)
def test_a_reason_is_cut_to_its_first_clause(reason: str, short: str) -> None:
    assert brief(reason) == short


def told(error: ConsentRequired, capsys: pytest.CaptureFixture[str]) -> list[str]:
    report(error)
    return capsys.readouterr().err.splitlines()


def test_an_error_has_the_short_reason_and_says_where_the_long_one_is(capsys: pytest.CaptureFixture[str]) -> None:
    error = ConsentRequired(
        f"google/me needs you to sign in again: {GOOGLE}",
        hint="tokenkit login google/me",
        account="google/me",
        reason=GOOGLE,
    )
    assert told(error, capsys) == [
        "tokenkit: error: google/me needs you to sign in again: Google has ended it (tokenkit status says more)",
        "tokenkit: hint: tokenkit login google/me",
    ]


def test_a_short_reason_stands_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    error = ConsentRequired("no: it ended.", hint="tokenkit login google", account="google/me", reason="it ended.")
    assert told(error, capsys) == ["tokenkit: error: no: it ended.", "tokenkit: hint: tokenkit login google"]
