"""Zoom: meetings and recordings.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("user:read:user", "see your profile", strength="identity"),
    Scope("meeting:read:list_meetings", "see your meetings", service="Meetings", strength="read"),
    Scope("meeting:read:meeting", "see the details of a meeting", service="Meetings", strength="read"),
    Scope("meeting:write:meeting", "create meetings", service="Meetings", strength="add"),
    Scope("meeting:update:meeting", "change meetings", service="Meetings", strength="write"),
    Scope("meeting:delete:meeting", "delete meetings", service="Deleting meetings", strength="full"),
    Scope("cloud_recording:read:list_user_recordings", "see your recordings", service="Recordings", strength="read"),
    Scope("meeting:read:summary", "read the summaries of your meetings", service="Recordings", strength="read"),
)


def provider() -> OAuth2:
    """Return Zoom."""
    return OAuth2(
        name="zoom",
        title="Zoom",
        authorization_endpoint="https://zoom.us/oauth/authorize",
        token_endpoint="https://zoom.us/oauth/token",
        revocation_endpoint="https://zoom.us/oauth/revoke",
        userinfo_endpoint="https://api.zoom.us/v2/users/me",
        resource_hosts=("https://api.zoom.us/v2",),
        console_url="https://marketplace.zoom.us/user/build",
        manage_url="https://marketplace.zoom.us/user/installed",
        scopes=SCOPES,
        client_auth="basic",
        idle_lifetime=90 * DAY,
        revocation_reach="token",
        subject_path="id",
        name_paths=("email", "display_name"),
        default_scopes=("user:read:user",),
        identity_scopes=("user:read:user",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth, better-auth",
            "name_paths": "next-auth, better-auth",
            "redirect_host": "developers.zoom.us, page on PKCE: any port of 127.0.0.1, for the public client id",
            "authorization_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic, social-core, simov/grant, "
            "golang/oauth2",
            "token_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "revocation_endpoint": "arctic",
            "userinfo_endpoint": "next-auth, better-auth, arctic, social-core, simov/grant",
            "scopes": "NangoHQ/integration-templates, better-auth",
            "*": "developers.zoom.us, page on PKCE",
        },
        checked="2026-11-28",
        unverified=(
            "scope_separator",
            "revocation_reach",
            "console_url",
            "manage_url",
            "scopes.meeting:read:list_meetings",
            "scopes.meeting:read:meeting",
            "scopes.meeting:write:meeting",
            "scopes.meeting:update:meeting",
            "scopes.meeting:delete:meeting",
            "scopes.meeting:read:summary",
        ),
    )
