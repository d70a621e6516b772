"""The record of a grant: what was written is read, what is unknown survives, what is broken is told (R17, R30)."""

import copy
import dataclasses
import json
import pickle
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.errors import BrokenRecord
from tokenkit.grant import Grant, grant_from_bytes, grant_to_bytes
from tokenkit.pending import PendingAuthorization, pending_from_bytes, pending_to_bytes
from tokenkit.token import AccessToken, Secret

GRANT = Grant(
    provider="google",
    access_tokens={"": AccessToken("access-1", expires_at=2000.0, obtained_at=1000.0, scopes={"a"})},
    refresh_token=Secret("refresh-1"),
    scopes=frozenset({"a"}),
    asked=frozenset({"a", "b"}),
    issuer="https://issuer.example",
    token_endpoint="https://issuer.example/token",
    revocation_endpoint="https://issuer.example/revoke",
    client_id="client-1",
    subject="subject-1",
    authorized_at=900.0,
    refresh_expires_at=9000.0,
    generation=7,
    extra={"workspace": "w"},
)
PENDING = PendingAuthorization(
    provider="google",
    url="https://issuer.example/authorize?state=state-1",
    redirect_uri="http://127.0.0.1/callback/google",
    state=Secret("state-1"),
    code_verifier=Secret("verifier-1"),
    scopes=frozenset({"a"}),
)


def shown(grant):
    """A grant as plain values, to compare."""
    return json.loads(grant_to_bytes(grant))


def test_what_was_written_is_read():
    assert shown(grant_from_bytes(grant_to_bytes(GRANT))) == shown(GRANT)


def test_a_pending_authorization_comes_back_as_it_was():
    assert pending_from_bytes(pending_to_bytes(PENDING)) == PENDING


def test_unknown_members_survive_a_round_trip():
    """R30: a newer tokenkit of the same record version may have written them."""
    record = {**shown(GRANT), "later": {"deep": [1, 2]}}
    assert shown(grant_from_bytes(json.dumps(record).encode()))["later"] == {"deep": [1, 2]}


def test_members_that_an_older_version_did_not_write_take_their_default():
    grant = grant_from_bytes(b'{"v":1,"provider":"google","access_tokens":{}}')
    assert (grant.generation, grant.state, grant.refresh_token) == (0, "active", None)


def test_a_later_version_is_told_and_not_guessed_at():
    record = {**shown(GRANT), "v": 2}
    with pytest.raises(BrokenRecord, match="upgrade tokenkit"):
        grant_from_bytes(json.dumps(record).encode(), account="google/me")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"{}", b'{"v":"1"}', b"\xff\xfe", b'{"v":1}'])
def test_what_is_no_record_is_broken_and_never_empty(data):
    """R30: an empty or torn file is not "no account"."""
    with pytest.raises(BrokenRecord) as caught:
        grant_from_bytes(data, account="google/me")
    assert caught.value.hint == "tokenkit login google/me --replace"


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(str).map(str.encode))
def test_no_bytes_raise_anything_but_broken_record(data):
    with suppress(BrokenRecord):
        grant_from_bytes(data)


@given(
    st.dictionaries(st.sampled_from(sorted(shown(GRANT))), st.none() | st.integers() | st.text() | st.lists(st.none()))
)
def test_no_member_of_a_wrong_type_raises_anything_but_broken_record(changes):
    """A record is ours, and yet a disk can do anything to it."""
    with suppress(BrokenRecord):
        grant_from_bytes(json.dumps({**shown(GRANT), **changes}).encode())


@pytest.mark.parametrize("value", [GRANT, PENDING, GRANT.access_token, GRANT.refresh_token])
def test_nothing_that_holds_a_secret_shows_it_or_lets_it_be_pickled_or_deep_copied(value):
    """R35: a secret is taken out on purpose only."""
    text = f"{value!r} {value!s}"
    assert not [secret for secret in ("access-1", "refresh-1", "state-1", "verifier-1") if secret in text]
    with pytest.raises(TypeError):
        pickle.dumps(value)
    with pytest.raises(TypeError):
        copy.deepcopy(value)


@pytest.mark.parametrize("value", [GRANT, PENDING])
def test_asdict_refuses_secrets(value):
    """R35: crash reporters and logs call `asdict`."""
    with pytest.raises(TypeError):
        dataclasses.asdict(value)


def test_a_grant_is_equal_to_one_whose_members_are_the_same():
    assert GRANT.renewed() == GRANT
    for name in GRANT.__slots__:
        assert GRANT.renewed(**{name: "another"}) != GRANT, name
    assert GRANT != "another"


def test_the_repr_of_a_grant_names_all_of_its_members_but_those_that_may_hold_secrets():
    shown = set(re.findall(r"(\w+)=", repr(GRANT.renewed(extra={"id": "x"}, unknown={"later": "y"}, access_tokens={}))))
    assert shown == set(GRANT.__slots__) - {"extra", "unknown"}


def test_what_was_asked_and_not_granted_is_missing():
    assert GRANT.missing == {"b"}
    assert GRANT.renewed(scopes=None).missing == frozenset()


@pytest.mark.parametrize("data", [b'{"access_token":"secret', b"[" * 100_000])
def test_a_record_that_is_not_json_leaves_with_nothing_of_it_in_the_error(data):
    """R35: the parser's own error keeps the whole document."""
    with pytest.raises(BrokenRecord, match="it is not JSON") as caught:
        grant_from_bytes(data)
    assert caught.value.__context__ is None


def test_what_many_grants_have_in_common_is_kept_once():
    """R37: ten thousand people's grants of one provider name the same endpoints and scopes."""
    data = grant_to_bytes(
        Grant(
            provider="acme",
            access_tokens={},
            refresh_token=Secret("r"),
            scopes=frozenset({"read", "write"}),
            asked=frozenset({"read", "write"}),
            token_endpoint="https://acme.example/token",
            endpoints={"userinfo": "https://acme.example/me"},
        )
    )
    one, other = grant_from_bytes(data), grant_from_bytes(data)
    assert one.scopes is other.scopes is one.asked
    assert one.token_endpoint is other.token_endpoint
    assert one.endpoints is not None
    assert other.endpoints is not None
    assert one.endpoints is not other.endpoints
    assert one.endpoints["userinfo"] is other.endpoints["userinfo"]
