"""Pinterest: boards and pins.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("user_accounts:read", "see your account", strength="identity"),
    Scope("boards:read", "see your boards", service="Boards", strength="read"),
    Scope("boards:write", "change your boards", service="Boards", strength="write"),
    Scope("boards:read_secret", "see your secret boards", service="Boards", strength="read"),
    Scope("pins:read", "see your pins", service="Pins", strength="read"),
    Scope("pins:write", "save and change pins", service="Pins", strength="write"),
)


def provider() -> OAuth2:
    """Return Pinterest."""
    return OAuth2(
        name="pinterest",
        title="Pinterest",
        authorization_endpoint="https://www.pinterest.com/oauth/",
        token_endpoint="https://api.pinterest.com/v5/oauth/token",
        userinfo_endpoint="https://api.pinterest.com/v5/user_account",
        resource_hosts=("https://api.pinterest.com/v5",),
        redirect_port=8765,
        console_url="https://developers.pinterest.com/apps/",
        manage_url="https://www.pinterest.com/settings/security",
        scopes=SCOPES,
        scope_separator=",",
        client_auth="basic",
        pkce=False,
        needs_secret=True,
        default_expires_in=2592000.0,
        idle_lifetime=60 * DAY,
        subject_path="id",
        name_paths=("username",),
        default_scopes=("user_accounts:read",),
        identity_scopes=("user_accounts:read",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "name_paths": "next-auth",
            "authorization_endpoint": "NangoHQ/nango, next-auth, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, next-auth, golang/oauth2",
            "userinfo_endpoint": "next-auth",
            "scopes": "NangoHQ/integration-templates, next-auth",
            "*": "the code sets of each endpoint",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "default_expires_in",
            "idle_lifetime",
            "subject_path",
            "console_url",
            "manage_url",
            "scopes.boards:read_secret",
        ),
    )
