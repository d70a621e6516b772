"""The reader of token answers takes what providers send and loses nothing (R16)."""

import json
from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.errors import InvalidAnswer, TokenKitError
from tokenkit.flows.answer import AnswerShape, read_answer
from tokenkit.flows.members import read_members
from tokenkit.flows.paths import member_at
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
    return ends(read({"access_token": "a", **members}))


def ends(told):
    return told.tokens(None)[""].expires_at


def test_a_common_answer():
    told = read({"access_token": "a", "token_type": "bearer", "expires_in": 60, "refresh_token": "r", "scope": "x y"})
    assert told.access.reveal() == "a"
    assert told.refresh_token.reveal() == "r"
    assert (told.type, ends(told), told.scopes) == ("Bearer", NOW + 60, {"x", "y"})


def test_expiry_counts_from_when_the_request_was_sent():
    """R16: an answer that took its time does not make the token live longer."""
    assert ends(read({"access_token": "a", "expires_in": 60}, at=500.0)) == 560.0


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
    assert ends(read({"access_token": "a"}, default_expires_in=5.0)) == NOW + 5


def test_never_is_only_where_the_provider_says_so():
    """R16: no end at all was read as expired by PocketPaw; a stated end wins over the default."""
    assert ends(read({"access_token": "a"}, default_expires_in="never")) is None
    assert ends(read({"access_token": "a", "expires_in": 9}, default_expires_in="never")) == NOW + 9


@pytest.mark.parametrize("value", [1e300, "1e400", float("inf"), 10**400])
def test_an_absurd_lifetime_is_doubted(value):
    """R16: the provider's default stands in for it."""
    assert ends(read_bytes(json.dumps({"access_token": "a", "expires_in": value}).encode())) == NOW + 3600


@pytest.mark.parametrize("name", ["expires_at", "expires", "expires_on", "expiry"])
def test_the_end_may_be_told_elsewhere(name):
    """Strava, Stack Exchange, Azure; expires_in goes first where it can be read."""
    assert end(**{name: NOW + 100}) == end(**{name: 100}) == NOW + 100
    assert end(**{name: 100, "expires_in": 50}) == NOW + 50


def test_a_jwt_says_its_own_lifetime_where_nothing_else_does():
    """monday.com. It is a span of time, so that the issuer's clock does not matter; and it corrects milliseconds."""
    token = "e30." + b64encode(json.dumps({"iat": 5000, "exp": 8600}).encode()).decode().rstrip("=") + ".c2ln"
    assert ends(read({"access_token": token})) == NOW + 3600
    assert ends(read({"access_token": token}, default_expires_in="never")) == NOW + 3600
    assert ends(read({"access_token": token, "expires_in": 60})) == NOW + 60
    assert ends(read({"access_token": token, "expires_in": 3600000})) == NOW + 3600


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
        ("mac", "MAC"),
        (None, "Bearer"),
        (5, "Bearer"),
        ("x\r\ny", "Bearer"),
        ("bot", "Bearer"),
        ("user", "Bearer"),
        ("oauth2", "Bearer"),
        ("N_A", "Bearer"),
    ],
)
def test_token_types_are_read_whatever_their_case(sent, read_as):
    """RFC 6749 section 5.1. R34 needs to know DPoP; what is no scheme is a label, as Slack's are."""
    assert read({"access_token": "a", "token_type": sent}).type == read_as


@pytest.mark.parametrize(
    ("sent", "separator", "read_as"),
    [
        ("a b", " ", {"a", "b"}),
        ("a,b", ",", {"a", "b"}),
        ("a, b", ",", {"a", "b"}),
        ("a b", ",", {"a", "b"}),
        (["a", "b", 3, "\ud800"], " ", {"a", "b"}),
        ("a,b c", " ", {"a", "b", "c"}),
        ("a|b", "|", {"a", "b"}),
        ("", " ", None),
        ([], " ", None),
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


@pytest.mark.parametrize(
    "name", ["refresh_token_expires_at", "refresh_expires_in", "x_refresh_token_expires_in", "refresh_token_timeout",
             "authorization_expires_in"]
)  # fmt: skip
def test_the_refresh_tokens_end_has_many_names(name):
    """Wise, Keycloak, Intuit, and the draft's two; of several the first to come counts."""
    assert read({"access_token": "a", name: 100}).refresh_expires_at == NOW + 100
    assert read({"access_token": "a", name: 100, "refresh_token_expires_in": 90}).refresh_expires_at == NOW + 90


WRAPPED = {"access_token": "a", "refresh_token": "r", "expires_in": 60}


@pytest.mark.parametrize(
    ("shape", "members"),
    [
        (AnswerShape(), {"status": 0, "body": WRAPPED}),
        (AnswerShape(), {"ok": True, "authed_user": {"id": "U1", **WRAPPED}}),
        (AnswerShape(path="body"), {"access_token": "not this", "body": WRAPPED}),
        (AnswerShape(path="a.b.0"), {"a": {"b": [WRAPPED]}}),
        (AnswerShape(path="authed_user"), WRAPPED),
    ],
)
def test_tokens_are_found_below_a_member(shape, members):
    """Withings, Slack; and a refresh whose answer is not wrapped as that to the code was."""
    told = read(members, shape=shape)
    assert (told.access.reveal(), told.refresh_token.reveal(), told.lifetime) == ("a", "r", 60)


def test_of_two_objects_that_hold_tokens_neither_is_taken():
    with pytest.raises(InvalidAnswer):
        read({"bot": WRAPPED, "user": WRAPPED})


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


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (1787593575, 1787593575.0),
        ("1787593575", 1787593575.0),
        (1787593575.5, 1787593575.5),
        (1787593575000, 1787593575.0),
        ("2026-08-24T16:26:15Z", 1787588775.0),
        ("2026-08-24T16:26:15+02:00", 1787581575.0),
        (None, None),
        (3240, None),
        ("soon", None),
        (True, None),
        (-1, None),
        (1e300, None),
        ([1787593575], None),
    ],
)
def test_when_the_first_refresh_ahead_is_allowed_is_read_in_every_form_and_kept(told, seconds):
    """OpenAI names it `earliest_refresh_at` and no unit; what is no date says nothing."""
    found = read({"access_token": "a", "expires_in": 3600, "earliest_refresh_at": told}).tokens(None)[""]
    assert found.refresh_from == seconds
    stored = grant_from_bytes(grant_to_bytes(grant(access_tokens={"": found}))).access_token
    assert stored.refresh_from == seconds
