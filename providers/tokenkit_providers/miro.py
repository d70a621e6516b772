"""Miro: boards.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("identity:read", "see who you are", strength="identity"),
    Scope("boards:read", "see boards", service="Boards", strength="read"),
    Scope("boards:write", "create, change and delete boards", service="Boards", strength="write"),
    Scope("team:read", "see your team", service="Team", strength="read"),
    Scope("microphone:listen", "record sound", service="Microphone", strength="full"),
    Scope("screen:record", "record the screen", service="Screen", strength="full"),
    Scope("webcam:record", "record video", service="Camera", strength="full"),
)


def provider() -> OAuth2:
    """Return Miro."""
    return OAuth2(
        name="miro",
        title="Miro",
        authorization_endpoint="https://miro.com/oauth/authorize",
        token_endpoint="https://api.miro.com/v1/oauth/token",
        revocation_endpoint="https://api.miro.com/v1/oauth/revoke",
        resource_hosts=("https://api.miro.com/v2",),
        redirect_port=8765,
        console_url="https://miro.com/app/settings/user-profile/apps",
        manage_url="https://miro.com/app/settings/user-profile/apps",
        scopes=SCOPES,
        needs_secret=True,
        default_expires_in="never",
        idle_lifetime=60 * DAY,
        revocation=RevocationRequest(which="access", parameter="access_token"),
        revocation_reach="grant",
        captured=("user_id", "team_id"),
        subject_path="user_id",
        name_paths=("user_id",),
        default_scopes=("boards:read",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "revocation_endpoint": "the provider's own pages",
            "revocation": "developers.miro.com reference: the access token, as access_token, takes its refresh "
            "token along",
            "default_expires_in": "developers.miro.com reference: tokens end where the app enables it",
            "*": "developers.miro.com reference: 1 hour and 60 days where the app enables it; revocation ends both "
            "tokens",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "captured",
            "subject_path",
            "manage_url",
            "console_url",
            "scopes",
        ),
    )
