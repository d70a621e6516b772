"""Strava: runs, rides and other activities.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope

SCOPES = Scope.by_value(
    Scope("read", "see your public activities and profile", service="Profile", strength="read"),
    Scope("read_all", "see your private routes and events", service="Profile", strength="read", includes=("read",)),
    Scope("profile:read_all", "see all of your profile", service="Profile", strength="read"),
    Scope("profile:write", "change your weight and your starred segments", service="Profile", strength="write"),
    Scope("activity:read", "see your activities, but the private ones", service="Activities", strength="read"),
    Scope(
        "activity:read_all",
        "see all your activities, private ones too",
        service="Activities",
        strength="read",
        includes=("activity:read",),
    ),
    Scope("activity:write", "upload and change activities", service="Activities", strength="write"),
)


def provider() -> OAuth2:
    """Return Strava."""
    return OAuth2(
        name="strava",
        title="Strava",
        authorization_endpoint="https://www.strava.com/oauth/authorize",
        token_endpoint="https://www.strava.com/api/v3/oauth/token",
        revocation_endpoint="https://www.strava.com/oauth/deauthorize",
        userinfo_endpoint="https://www.strava.com/api/v3/athlete",
        resource_hosts=("https://www.strava.com/api/v3",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://www.strava.com/settings/api",
        manage_url="https://www.strava.com/settings/apps",
        scopes=SCOPES,
        scope_separator=",",
        pkce=False,
        needs_secret=True,
        default_expires_in=21600.0,
        scope_parameter="scope",
        authorization_parameters={"approval_prompt": "auto"},
        revocation=RevocationRequest(which="access", parameter="access_token"),
        revocation_reach="client",
        subject_path="id",
        name_paths=("username", "firstname"),
        default_scopes=("read",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth",
            "name_paths": "next-auth, social-core",
            "scope_parameter": "accepted scopes come in the redirect's query",
            "authorization_endpoint": "NangoHQ/nango, arctic, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, next-auth, arctic",
            "revocation_endpoint": "social-core",
            "userinfo_endpoint": "next-auth, arctic, social-core, simov/grant",
            "scopes": "NangoHQ/integration-templates, next-auth",
            "*": "the code sets of each endpoint",
        },
        checked="2026-11-28",
        unverified=(
            "authorization_parameters",
            "revocation",
            "revocation_reach",
            "manage_url",
            "console_url",
            "default_expires_in",
        ),
    )
