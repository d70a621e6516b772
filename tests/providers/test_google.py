"""Google: its parameters, its incremental consent, its causes of death (facts of developers.google.com)."""

import pytest
from tokenkit.errors import CallbackRefused, ConsentRequired
from tokenkit.net.hosts import holds, resource_host
from tokenkit.provider import AuthorizationAnswer, AuthorizationRequest, Response
from tokenkit.token import Secret

from tokenkit_providers.google import provider
from world import CLIENT, NOW, World, answer, form, grant, query

GOOGLE = provider()
GMAIL = "https://www.googleapis.com/auth/gmail.readonly"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
REQUEST = AuthorizationRequest("http://127.0.0.1:1/callback/google", scopes=(GMAIL,), login_hint="me@gmail.com")


def signed_in(members, **parameters):
    pending = GOOGLE.begin(World().ctx, CLIENT, REQUEST)
    world = World(answer(members))
    given = AuthorizationAnswer({"state": pending.state.reveal(), "code": "c", **parameters})
    return GOOGLE.complete(world.ctx, CLIENT, pending, given), world


def refused(**members):
    world = World(answer({"error": "invalid_grant", **members}, 400))
    with pytest.raises(ConsentRequired) as caught:
        GOOGLE.refresh(world.ctx, CLIENT, grant())
    return caught.value.reason


def test_consent_asks_for_offline_access_on_top_of_what_was_granted_before():
    """access_type=offline gets a refresh token, include_granted_scopes=true adds to earlier grants."""
    sent = query(GOOGLE.begin(World().ctx, CLIENT, REQUEST).url)
    assert sent["access_type"] == "offline"
    assert sent["include_granted_scopes"] == "true"
    assert sent["login_hint"] == "me@gmail.com"
    assert sent["code_challenge_method"] == "S256"
    assert sent["prompt"] == "consent"


def test_whose_account_it_is_can_always_be_asked():
    """Whatever scopes a tool wants, openid and email come along."""
    sent = query(GOOGLE.begin(World().ctx, CLIENT, REQUEST).url)
    assert sent["scope"].split() == [GMAIL, "openid", EMAIL]


def test_a_sign_in_sends_secret_and_verifier():
    """Desktop clients, too: without the secret Google answers "client_secret is missing"."""
    kept, world = signed_in({"access_token": "a", "refresh_token": "r", "expires_in": 3599})
    assert GOOGLE.needs_secret is True
    assert form(world.requests[0]).keys() >= {"client_id", "client_secret", "code_verifier"}
    assert (kept.refresh_token, kept.access_token.expires_at) == (Secret("r"), NOW + 3599)


def test_granted_may_be_fewer_than_asked():
    """Granular consent: each scope has a box of its own."""
    kept, _ = signed_in({"access_token": "a", "scope": f"openid {EMAIL}"})
    assert kept.missing == {GMAIL}


def test_email_and_profile_are_missed_only_when_they_are_missing():
    """Google answers ``email`` as the full address of the scope, whichever was asked for."""
    kept, _ = signed_in({"access_token": "a", "scope": f"{EMAIL} openid {GMAIL}"})
    assert kept.missing == frozenset()


def test_google_names_itself_in_its_answers():
    """R23: seen in callbacks since 2026."""
    signed_in({"access_token": "a"}, iss="https://accounts.google.com")
    with pytest.raises(CallbackRefused):
        signed_in({"access_token": "a"}, iss="https://accounts.evil.example")


def test_an_app_in_testing_is_known_to_end_in_a_week():
    """Google names the end of such a refresh token."""
    kept, _ = signed_in({"access_token": "a", "refresh_token": "r", "refresh_token_expires_in": 604799})
    assert kept.refresh_expires_at == NOW + 604799


def test_an_administrators_session_control_is_told_as_such():
    """Workspace reauthentication: nothing the person can do but sign in, about once a day."""
    reason = refused(error_description="reauth related error (invalid_rapt)", error_subtype="invalid_rapt")
    assert reason.startswith("your Workspace administrator requires")


@pytest.mark.parametrize("description", ["Token has been expired or revoked.", "Bad Request"])
def test_the_usual_ends_are_listed_and_the_week_of_testing_is_among_them(description):
    reason = refused(error_description=description)
    for cause in ("removed the app", "six months", "password", "every seven days", "In production"):
        assert cause in reason


def test_a_refresh_brings_no_refresh_token():
    """Google does not rotate."""
    kept = GOOGLE.refresh(World(answer({"access_token": "new", "expires_in": 3599})).ctx, CLIENT, grant())
    assert kept.refresh_token == Secret("refresh-old")


def test_revoking_ends_all_that_the_client_has():
    """R19: it is per person and project."""
    world = World(Response(200))
    assert GOOGLE.revoke(world.ctx, CLIENT, grant()).done is True
    assert world.requests[0].url == "https://oauth2.googleapis.com/revoke"
    assert world.sent["token"] == "refresh-old"
    assert GOOGLE.revocation_reach == "client"


def test_the_account_is_called_by_its_address_and_known_by_its_subject():
    world = World(answer({"sub": "1234", "email": "me@gmail.com", "name": "Me"}))
    identity = GOOGLE.identify(world.ctx, CLIENT, grant())
    assert (identity.subject, identity.name) == ("1234", "me@gmail.com")
    assert world.requests[0].url == "https://openidconnect.googleapis.com/v1/userinfo"


def test_the_device_flow_is_open_to_its_few_scopes():
    """R25: Gmail, Calendar, Docs and the whole of Drive are refused there."""
    allowed = {alias for alias, scope in GOOGLE.scopes.items() if scope.device}
    assert allowed == {"openid", "email", "profile", "drive.file"}
    assert GOOGLE.device is not None


def test_every_scope_has_a_sentence():
    assert all(scope.about for scope in GOOGLE.scopes.values())
    assert GOOGLE.scopes.keys() >= {
        "gmail.readonly", "gmail.send", "gmail.modify", "gmail.compose", "mail", "calendar", "calendar.events",
        "calendar.readonly", "drive", "drive.file", "drive.readonly", "documents", "documents.readonly", "openid",
        "email", "profile",
    }  # fmt: skip


def test_tokens_go_to_the_five_services_and_not_to_the_token_endpoint():
    """R32: a provider names its resource servers, and its own endpoints are none."""
    for url in (
        "https://gmail.googleapis.com/gmail/v1/users/me/messages",
        "https://www.googleapis.com/calendar/v3/calendars",
        "https://www.googleapis.com/drive/v3/files",
        "https://docs.googleapis.com/v1/documents/1",
        "https://sheets.googleapis.com/v4/spreadsheets/1:batchUpdate",
        "https://gmail.googleapis.com/batch",
        "https://gmail.googleapis.com/batch/gmail/v1",
    ):
        assert holds(url, GOOGLE.resource_hosts)
    for url in (
        "https://www.googleapis.com/oauth2/v4/token",
        "https://storage.googleapis.com/x",
        GOOGLE.token_endpoint,
    ):
        assert not holds(url, GOOGLE.resource_hosts)
    assert all(not resource_host(entry).wildcard for entry in GOOGLE.resource_hosts)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_base_url_moves_everything(slash):
    base = "http://127.0.0.1:4/google"
    sandboxed = provider(base_url=base + slash)
    assert sandboxed.authorization_endpoint == f"{base}/o/oauth2/v2/auth"
    assert sandboxed.token_endpoint == f"{base}/token"
    assert sandboxed.revocation_endpoint == f"{base}/revoke"
    assert sandboxed.userinfo_endpoint == f"{base}/v1/userinfo"
    assert sandboxed.device_authorization_endpoint == f"{base}/device/code"
    assert sandboxed.issuer == base
    assert holds(f"{base}/gmail/v1/users/me/messages", sandboxed.resource_hosts)
    assert all(entry.startswith(f"{base}/") for entry in sandboxed.resource_hosts)
