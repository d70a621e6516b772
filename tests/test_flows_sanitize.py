"""What a provider says is told in words, and never with a secret in it (R35)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenkit.flows.sanitize import sanitized


def test_plain_words_stay_as_they_are():
    assert sanitized("Token has been expired or revoked.") == "Token has been expired or revoked."


def test_a_scope_is_not_taken_for_a_token():
    text = "Invalid device flow scope: https://www.googleapis.com/auth/gmail.readonly"
    assert sanitized(text) == text


def test_a_known_secret_is_taken_out_wherever_it_stands():
    """R35: servers quote the token that they complain about."""
    assert sanitized("bad token s3cret! (s3cret)", secrets=["", "s3cret"]) == "bad token ...! (...)"


def test_a_secret_that_begins_like_another_does_not_leave_the_rest_of_it():
    """R35: the longer secret is cut out first."""
    assert sanitized("abc abcdef", secrets=["abc", "abcdef"]) == "... ..."


def test_a_part_of_a_token_is_taken_out_too():
    """R35: a quoted token is often cut short, so that it equals no secret that we know."""
    assert "AbCdEf1234567890" not in sanitized("no such token ya29.AbCdEf1234567890AbCdEf1234567890")


def test_control_characters_do_not_reach_a_terminal():
    assert sanitized("bad\x1b[31m\r\nSet-Cookie: x\u202egrant") == "bad [31m Set-Cookie: x grant"


def test_a_long_text_is_cut():
    assert len(sanitized("word " * 1000)) <= 200
    assert len(sanitized("word " * 1000, limit=60)) <= 60


@pytest.mark.parametrize("value", [None, 7, ["text"], {"text": "text"}])
def test_what_is_no_text_says_nothing(value):
    assert sanitized(value) == ""


@settings(deadline=None, derandomize=True)
@given(st.text(), st.text(min_size=8, alphabet="abcdef0123456789"), st.text())
def test_whatever_stands_around_a_secret_it_does_not_come_through(before, secret, after):
    """R35, fuzzed: printable ASCII, bounded, without the secret."""
    told = sanitized(f"{before}{secret}{after}", secrets=[secret])
    assert secret not in told
    assert all(" " <= character <= "~" for character in told)
    assert len(told) <= 200
