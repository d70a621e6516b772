"""TickTick: tasks.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("tasks:read", "see your tasks", service="Tasks", strength="read"),
    Scope("tasks:write", "create, change and delete tasks", service="Tasks", strength="write"),
)


def provider() -> OAuth2:
    """Return TickTick."""
    return OAuth2(
        name="ticktick",
        title="TickTick",
        authorization_endpoint="https://ticktick.com/oauth/authorize",
        token_endpoint="https://ticktick.com/oauth/token",
        resource_hosts=("https://api.ticktick.com/open/v1", "https://ticktick.com/open/v1"),
        redirect_port=8765,
        console_url="https://developer.ticktick.com/manage",
        manage_url="https://ticktick.com/webapp/",
        scopes=SCOPES,
        client_auth="basic",
        needs_secret=True,
        default_expires_in=15552000.0,
        default_scopes=("tasks:read",),
        sources={
            "scope_separator": "NangoHQ/nango",
            "pkce": "NangoHQ/nango: on",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "*": "NangoHQ/nango",
        },
        checked="2026-11-28",
        unverified=(
            "client_auth",
            "redirect_host",
            "default_expires_in",
            "resource_hosts",
            "console_url",
            "manage_url",
            "scopes",
        ),
    )
