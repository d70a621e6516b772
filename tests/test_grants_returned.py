"""A plugin is a stranger's code: what each of its calls returns is judged before it is used, and its fault named."""

import math
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tokenkit import (
    AccessToken,
    ConfigurationError,
    InvalidAnswer,
    PendingAuthorization,
    ProviderBroken,
    Request,
    Revocation,
    Secret,
)

from scripted import ScriptedKit, ScriptedProvider

API = "https://api.scripted.example/v1"
REDIRECT = "http://127.0.0.1:1/callback/scripted"
NOTHING_OF_THE_KIND = [None, "", 3, True, b"x", {}, ("a", "b"), object(), len]


class Stranger(ScriptedProvider):
    """Returns what is written in `returned`, by call; may be a function of what it should return."""

    resource_hosts = (API,)

    def __init__(self) -> None:
        super().__init__()
        self.returned: dict[str, Any] = {}

    def _instead(self, call: str, right: Any) -> Any:
        if call not in self.returned:
            return right
        wrong = self.returned[call]
        return wrong(right) if getattr(wrong, "__name__", "") == "<lambda>" else wrong

    def begin(self, ctx, client, request):
        return self._instead("begin", super().begin(ctx, client, request))

    def complete(self, ctx, client, pending, answer):
        return self._instead("complete", super().complete(ctx, client, pending, answer))

    def refresh(self, ctx, client, grant):
        return self._instead("refresh", super().refresh(ctx, client, grant))

    def revoke(self, ctx, client, grant):
        return self._instead("revoke", super().revoke(ctx, client, grant))

    def identify(self, ctx, client, grant):
        return self._instead("identify", super().identify(ctx, client, grant))

    def authenticate(self, ctx, client, token, request):
        return self._instead("authenticate", super().authenticate(ctx, client, token, request))


@pytest.fixture
def stranger() -> Stranger:
    return Stranger()


@pytest.fixture
def kit(tmp_path, stranger):
    return ScriptedKit(tmp_path, provider=stranger)


def get(kit) -> httpx.Response:
    with kit.http("scripted", transport=httpx.MockTransport(lambda _: httpx.Response(200))) as http:
        return http.get(f"{API}/me")


CALLS = {
    "begin": lambda kit: kit.begin("scripted", redirect_uri=REDIRECT, binding="b"),
    "complete": lambda kit: kit.sign_in(name="other"),
    "refresh": lambda kit: kit.refresh("scripted"),
    "authenticate": get,
}


def token(**changes: Any) -> Any:
    """A grant with a token that differs so."""
    members: dict[str, Any] = {"value": "token-1", "expires_at": 5.0, "obtained_at": 1.0, **changes}
    return lambda grant: grant.renewed(access_tokens={"": AccessToken(**members)})


def grant(**changes: Any) -> Any:
    return lambda right: right.renewed(**changes)


WRONG_GRANTS = {
    "no end": token(expires_at=math.nan),
    "an end that is none": token(expires_at=math.inf),
    "an end in words": token(expires_at="soon"),
    "an end in milliseconds": token(expires_at=1.8e12),
    "a start in words": token(obtained_at="now"),
    "two lines": token(value="a\nb"),
    "an empty token": token(value=""),
    "a type of two lines": token(type="Bearer\r\nX: y"),
    "a type that is no text": token(type=None),
    "a text for a token": grant(access_tokens={"": "token-1"}),
    "an audience that is no text": lambda right: right.renewed(access_tokens={None: right.access_token}),
    "a plain refresh token": grant(refresh_token="plain"),
    "scopes that are no texts": grant(scopes=frozenset({1})),
    "a date in words": grant(authorized_at="today"),
    "an end of the sign-in that is none": grant(refresh_expires_at=math.inf),
    "what cannot be written": grant(extra={"a": object()}),
    "another provider": grant(provider="other"),
}

WRONG: list[tuple[str, Any]] = [
    *((call, wrong) for call in CALLS for wrong in NOTHING_OF_THE_KIND),
    *((call, wrong) for call in ("complete", "refresh") for wrong in WRONG_GRANTS.values()),
    *(
        ("begin", lambda right, change=change: replace(right, **change))
        for change in (
            {"url": None}, {"url": 3}, {"state": None}, {"state": "plain"}, {"scopes": None}, {"scopes": {1, "a"}},
            {"code_verifier": "plain"}, {"request_token": "plain"}, {"issuer": object()}, {"settled": None},
        )
    ),
    *(
        ("authenticate", Request("GET", API, headers))
        for headers in (None, (("Authorization", None),), (("Authorization",),), ((3, "a"),))
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "wrong"), WRONG, ids=[f"{call}-{number}" for number, (call, _) in enumerate(WRONG)])
def test_what_is_not_what_the_call_should_return_is_the_plugins_fault(kit, stranger, call, wrong):
    """And names the plugin and the call, so that its author can be told; nobody loses a sign-in that was there."""
    kit.sign_in()
    stranger.returned[call] = wrong
    with pytest.raises(ProviderBroken, match=f"the plugin for scripted failed in {call}") as caught:
        CALLS[call](kit)
    assert caught.value.hint
    assert "plain" not in str(caught.value) + caught.value.hint
    stranger.returned.clear()
    assert kit.token("scripted").value


@pytest.mark.parametrize(
    "wrong", [*NOTHING_OF_THE_KIND, Revocation(done=True, note=None)], ids=lambda each: type(each).__name__
)  # type: ignore[arg-type]
def test_a_sign_out_ends_here_whatever_revoking_returns(kit, stranger, wrong):
    """R19: it says that the provider may not have revoked, and how that is done by hand."""
    kit.sign_in()
    stranger.returned["revoke"] = wrong
    outcome = kit.logout("scripted")
    assert (outcome.removed, outcome.revoked) == (True, False)
    assert "failed in revoke" in outcome.note
    assert kit.accounts() == []


def test_a_refresh_that_brings_no_access_token_keeps_the_new_refresh_token(kit, stranger):
    """R9: and says that it brought none."""
    kit.me = kit.sign_in()
    stranger.returned["refresh"] = grant(access_tokens={})
    with pytest.raises(InvalidAnswer, match="without an access token"):
        kit.refresh("scripted")
    stranger.returned.clear()
    kit.clock.advance(2)
    assert kit.refresh("scripted").value


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("resource_hosts", value) for value in (None, 3, API, b"x", [3], [None])),
        *(("scopes", value) for value in (None, [], "read", {"read": "read"}, {1: None})),
        *(("default_scopes", value) for value in (None, "read", [1])),
        *(("endpoints", value) for value in (None, "https://a.example", {"refresh": 3})),
        *(
            (member, value)
            for member in ("title", "issuer", "token_endpoint", "redirect_host", "console_url", "retired", "state_in")
            for value in (None, 3, b"x")
        ),
        *(("redirect_port", value) for value in (None, "80", 1.5)),
        ("fields", {"key": "API key"}),
        ("authorization_endpoint", 3),
    ],
)
def test_a_member_of_another_kind_is_named_when_the_provider_is_first_asked_for(kit, member, value):
    wrong = Stranger()
    setattr(wrong, member, value)
    with pytest.raises(ConfigurationError, match=rf"{member}(\.\w+)? of|an endpoint of") as caught:
        kit.providers.add(wrong)
    assert "scripted" in str(caught.value)


def test_what_begins_a_sign_in_may_be_written_in_a_looser_way(kit, stranger):
    """A list of scopes is as good as a set of them."""
    stranger.returned["begin"] = lambda right: replace(right, scopes=["a"])
    begun = kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    assert isinstance(begun, PendingAuthorization)
    assert isinstance(begun.state, Secret)
