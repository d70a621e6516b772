"""SmartThings: devices of your home.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("r:devices:*", "see your devices", service="Devices", strength="read"),
    Scope("x:devices:*", "operate your devices", service="Devices", strength="write"),
    Scope("w:devices:*", "change the settings of your devices", service="Device settings", strength="write"),
    Scope("r:locations:*", "see your homes and rooms", service="Homes", strength="read"),
    Scope("x:scenes:*", "run scenes", service="Scenes", strength="write"),
    Scope("r:scenes:*", "see scenes", service="Scenes", strength="read"),
)


def provider() -> OAuth2:
    """Return SmartThings."""
    return OAuth2(
        name="smartthings",
        title="SmartThings",
        authorization_endpoint="https://api.smartthings.com/oauth/authorize",
        token_endpoint="https://api.smartthings.com/oauth/token",
        resource_hosts=("https://api.smartthings.com/v1",),
        redirect_port=8765,
        console_url="https://developer.smartthings.com/docs/sdks/cli",
        manage_url="https://account.smartthings.com",
        scopes=SCOPES,
        client_auth="basic",
        pkce=False,
        needs_secret=True,
        default_expires_in=86400.0,
        idle_lifetime=30 * DAY,
        captured=("installed_app_id",),
        subject_path="installed_app_id",
        name_paths=("installed_app_id",),
        default_scopes=("r:devices:*",),
        sources={
            "resource_hosts": "several public clients",
            "token_endpoint": "several public clients",
            "*": "public clients; newer code uses auth-global.api.smartthings.com",
        },
        checked="2026-11-28",
        unverified=(
            "authorization_endpoint",
            "redirect_host",
            "client_auth",
            "default_expires_in",
            "idle_lifetime",
            "captured",
            "subject_path",
            "console_url",
            "manage_url",
            "scopes",
        ),
    )
