"""The reader of token answers takes what providers send and loses nothing (R16)."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.errors import InvalidAnswer, TokenKitError
from tokenkit.flows.answer import LONGEST, member_at, read_answer
from tokenkit.flows.members import read_members
from tokenkit.flows.refresh import renewed
from tokenkit.grant import grant_from_bytes, grant_to_bytes
from tokenkit.provider import Response

from world import NOW, answer, grant


def read(members, at=NOW, **ways):
    response = answer(members)
    return read_bytes(response.body, at, **ways)


def read_bytes(body, at=NOW, **ways):
    ways.setdefault("default_expires_in", 3600.0)
    response = Response(200, (), body, at)
    return read_answer(response, read_members(response), **ways)


def end(**members):
    return read({"access_token": "a", **members}).expires_at


def test_a_common_answer():
    told = read({"access_token": "a", "token_type": "bearer", "expires_in": 60, "refresh_token": "r", "scope": "x y"})
    assert told.access.reveal() == "a"
    assert told.refresh_token.reveal() == "r"
    assert (told.type, told.expires_at, told.scopes) == ("Bearer", NOW + 60, {"x", "y"})


def test_expiry_counts_from_when_the_request_was_sent():
    """R16: an answer that took its time does not make the token live longer."""
    assert read({"access_token": "a", "expires_in": 60}, at=500.0).expires_at == 560.0


@pytest.mark.parametrize("value", [3599, 3599.0, "3599", " 3599 ", "3599.0"])
def test_expires_in_may_be_a_number_or_a_text(value):
    """R16: PocketPaw lost the token of an answer whose expires_in was a string."""
    assert end(expires_in=value) == NOW + 3599


@pytest.mark.parametrize("value", [0, -1, "-5", -1e300])
def test_expired_on_arrival_is_expired_and_no_error(value):
    """R16: 0 and less mean that it has expired already."""
    assert end(expires_in=value) == NOW


@pytest.mark.parametrize("value", [None, "soon", "", True, [], {}, float("nan")])
def test_without_a_readable_expires_in_the_providers_default_holds(value):
    """R16: spotipy raised KeyError here, after the rotation."""
    assert end(expires_in=value) == NOW + 3600
    assert read({"access_token": "a"}, default_expires_in=5.0).expires_at == NOW + 5


def test_never_is_only_where_the_provider_says_so():
    """R16: no end at all was read as expired by PocketPaw; a stated end wins over the default."""
    assert read({"access_token": "a"}, default_expires_in="never").expires_at is None
    assert read({"access_token": "a", "expires_in": 9}, default_expires_in="never").expires_at == NOW + 9


@pytest.mark.parametrize("value", [1e300, "1e400", float("inf"), 10**400])
def test_an_absurd_lifetime_is_cut_to_a_date_that_can_be_shown(value):
    text = json.dumps({"access_token": "a", "expires_in": value}).encode()
    told = read_bytes(text).expires_at
    assert told in (NOW + LONGEST, NOW + 3600)


@pytest.mark.parametrize(
    "value", ["line break\n", "\r\n", " both ends ", "ümlaut", "\x00", '"', "\\", "{}", "a" * 9000]
)
def test_a_refresh_token_is_kept_as_it_came(value):
    """R16: it travels encoded in a body. One that ended in a line break was dropped, and the spent one kept."""
    told = read({"access_token": "a", "refresh_token": value})
    assert (told.refresh_token.reveal(), told.damaged) == (value, False)


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_refresh_token_is_none_and_the_old_one_is_as_good_as_before(value):
    """R16: null must not wipe the old one."""
    told = read({"access_token": "a", "refresh_token": value})
    assert (told.refresh_token, told.damaged) == (None, False)


@pytest.mark.parametrize("value", [5, True, ["r"], {"r": "r"}, "\ud800"])
def test_a_refresh_token_that_cannot_be_told_leaves_the_old_one_perhaps_spent(value):
    """R12: there is a new one, so the old one may have ended, and nobody can read which it is."""
    told = read({"access_token": "a", "refresh_token": value})
    assert (told.refresh_token, told.damaged) == (None, True)


@pytest.mark.parametrize("value", [None, "", 5, " a", "a ", "with\r\nInjected: header", "tab\t", "ümlaut"])
def test_an_access_token_that_is_not_vschar_is_refused(value):
    """R16: it would break out of the header that carries it."""
    with pytest.raises(InvalidAnswer, match="no token that can be used"):
        read({"access_token": value})


def test_a_new_refresh_token_survives_beside_an_unusable_access_token():
    """R16: the old refresh token may be dead already, so that this one is the session."""
    told = read({"access_token": None, "refresh_token": "new"})
    kept = renewed(grant(), told)
    assert kept.refresh_token.reveal() == "new"
    assert kept.access_token.value == "access-old"


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        ("bearer", "Bearer"),
        ("BEARER", "Bearer"),
        ("dpop", "DPoP"),
        ("mac", "mac"),
        (None, "Bearer"),
        ("x\r\ny", "Bearer"),
    ],
)
def test_token_types_are_read_whatever_their_case(sent, read_as):
    """RFC 6749 section 5.1; R34 needs to know DPoP."""
    assert read({"access_token": "a", "token_type": sent}).type == read_as


@pytest.mark.parametrize(
    ("sent", "separator", "read_as"),
    [
        ("a b", " ", {"a", "b"}),
        ("a,b", ",", {"a", "b"}),
        ("a, b", ",", {"a", "b"}),
        ("a b", ",", {"a", "b"}),
        (["a", "b", 3, "\ud800"], " ", {"a", "b"}),
        ("", " ", set()),
        (None, " ", None),
        (5, " ", None),
    ],
)
def test_scopes_are_a_set_or_not_told(sent, separator, read_as):
    assert read({"access_token": "a", "scope": sent}, scope_separator=separator).scopes == read_as


@pytest.mark.parametrize(("sent", "ends"), [(60, NOW + 60), ("60", NOW + 60), (0, None), (None, None), ("x", None)])
def test_the_refresh_tokens_own_end(sent, ends):
    """draft-ietf-oauth-refresh-token-expiration; Google sends it for apps in testing."""
    assert read({"access_token": "a", "refresh_token_expires_in": sent}).refresh_expires_at == ends


def test_other_members_are_captured_by_their_paths():
    members = {"access_token": "a", "team": {"id": "T1"}, "bot": 7, "list": ["x"], "odd": "\x1b"}
    told = read(members, captured=("team.id", "bot", "list", "odd", "not.there"))
    assert told.captured == {"team.id": "T1", "bot": "7"}


def test_a_path_through_something_that_is_no_object_leads_nowhere():
    assert member_at({"a": "text"}, "a.b") == ""
    assert member_at({"a": True}, "a") == ""


def test_neither_answer_nor_error_shows_a_token():
    """R35: an error does not quote the answer."""
    assert "s3cret" not in repr(read({"access_token": "s3cret", "refresh_token": "s3cret-too"}))
    with pytest.raises(InvalidAnswer) as error:
        read({"access_token": "s3cret\n"})
    assert "s3cret" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.text(alphabet="abc 0.-,"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("access_token", "refresh_token", "expires_in", "refresh_token_expires_in", "scope", "token_type", "a", "a.b")
ANSWERS = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8)
SEPARATORS = st.sampled_from([" ", ","])


def _read_fuzzed(body, separator):
    return read_bytes(body, scope_separator=separator, captured=("a", "a.b"))


@given(ANSWERS, SEPARATORS)
def test_whatever_is_answered_no_refresh_token_is_lost_and_the_record_can_be_written(members, separator):
    """R16, fuzzed: an error of ours, or a grant with the new refresh token or the old one that survives storage."""
    try:
        told = _read_fuzzed(json.dumps(members).encode(), separator)
    except InvalidAnswer:
        return
    kept = renewed(grant(), told)
    sent = members.get("refresh_token")
    usable = isinstance(sent, str) and sent
    assert kept.refresh_token.reveal() == (sent if usable else "refresh-old")
    stored = grant_from_bytes(grant_to_bytes(kept))
    assert stored.refresh_token == kept.refresh_token
    assert stored.access_token.value == kept.access_token.value
    assert stored.scopes == kept.scopes


@given(st.binary(max_size=200))
def test_bytes_that_are_no_answer_raise_only_what_is_ours(body):
    with suppress(TokenKitError):
        _read_fuzzed(body, " ")
