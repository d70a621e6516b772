"""Webex: meetings and messages.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("spark:people_read", "see people, and who you are", strength="identity"),
    Scope("spark:messages_read", "read messages", service="Messages", strength="read"),
    Scope("spark:messages_write", "send and delete messages", service="Messages", strength="write"),
    Scope("spark:rooms_read", "see spaces", service="Spaces", strength="read"),
    Scope("meeting:schedules_read", "see meetings", service="Meetings", strength="read"),
    Scope("meeting:schedules_write", "change meetings", service="Meetings", strength="write"),
    Scope("meeting:recordings_read", "see recordings", service="Recordings", strength="read"),
)


def provider() -> OAuth2:
    """Return Webex."""
    return OAuth2(
        name="webex",
        title="Webex",
        authorization_endpoint="https://webexapis.com/v1/authorize",
        token_endpoint="https://webexapis.com/v1/access_token",
        userinfo_endpoint="https://webexapis.com/v1/people/me",
        resource_hosts=("https://webexapis.com/v1",),
        redirect_port=8765,
        console_url="https://developer.webex.com/my-apps",
        manage_url="https://idbroker.webex.com/idb/profile",
        scopes=SCOPES,
        needs_secret=True,
        default_expires_in=1209600.0,
        idle_lifetime=90 * DAY,
        subject_path="id",
        name_paths=("emails.0", "displayName"),
        default_scopes=("spark:people_read",),
        identity_scopes=("spark:people_read",),
        sources={
            "resource_hosts": "next-auth",
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "userinfo_endpoint": "several public clients",
            "scopes": "next-auth",
            "*": "NangoHQ/nango",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "default_expires_in",
            "idle_lifetime",
            "console_url",
            "manage_url",
            "scopes.spark:messages_read",
            "scopes.spark:messages_write",
            "scopes.spark:rooms_read",
            "scopes.meeting:schedules_read",
            "scopes.meeting:schedules_write",
            "scopes.meeting:recordings_read",
        ),
    )
