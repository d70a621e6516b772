"""monday.com: boards and items.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, UserinfoRequest

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("me:read", "see your name and email address", strength="identity"),
    Scope("boards:read", "see boards and items", service="Boards", strength="read"),
    Scope(
        "boards:write",
        "create and change boards and items",
        service="Boards",
        strength="write",
        includes=("boards:read",),
    ),
    Scope("updates:read", "read updates", service="Updates", strength="read"),
    Scope("updates:write", "write updates", service="Updates", strength="write"),
    Scope("users:read", "see people", service="People", strength="read"),
    Scope("docs:read", "read documents", service="Documents", strength="read"),
    Scope("docs:write", "write documents", service="Documents", strength="write"),
    Scope("workspaces:read", "see workspaces", service="Workspaces", strength="read"),
    Scope("notifications:write", "send notifications", service="Notifications", strength="add"),
)


def provider() -> OAuth2:
    """Return monday.com."""
    return OAuth2(
        name="monday",
        title="monday.com",
        authorization_endpoint="https://auth.monday.com/oauth2/authorize",
        token_endpoint="https://auth.monday.com/oauth_ms/oauth/token",
        revocation_endpoint="https://auth.monday.com/oauth_ms/oauth/revoke",
        userinfo_endpoint="https://api.monday.com/v2",
        resource_hosts=("https://api.monday.com/v2",),
        redirect_port=8765,
        console_url="https://auth.monday.com/developers",
        manage_url="https://monday.com/my_account",
        scopes=SCOPES,
        request_format="json",
        refresh_lifetime=182 * DAY,
        revocation_reach="grant",
        userinfo=UserinfoRequest(query="{ me { id name email } }"),
        subject_path="data.me.id",
        name_paths=("data.me.email", "data.me.name"),
        default_scopes=("me:read",),
        identity_scopes=("me:read",),
        default_expires_in=3600.0,
        needs_secret=False,
        sources={
            "resource_hosts": "NangoHQ/nango",
            "token_endpoint": "monday developer documentation (OAuth 2.1); the older one answers with tokens that "
            "the API refuses from version 2027-04",
            "authorization_endpoint": "NangoHQ/nango",
            "revocation_endpoint": "several public clients",
            "scopes": "NangoHQ/integration-templates",
            "*": "monday developer documentation 2026; two clients: no expires_in, the token's own exp is read",
        },
        checked="2026-11-28",
        unverified=(
            "refresh_lifetime",
            "userinfo_endpoint",
            "subject_path",
            "name_paths",
            "revocation_reach",
            "console_url",
            "manage_url",
            "scopes.me:read",
            "scopes.docs:read",
            "scopes.docs:write",
            "scopes.notifications:write",
        ),
    )
