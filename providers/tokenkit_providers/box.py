"""Box: files and folders.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("root_readonly", "read your files and folders", service="Files", strength="read"),
    Scope(
        "root_readwrite",
        "read, change and delete your files and folders",
        service="Files",
        strength="full",
        includes=("root_readonly",),
    ),
    Scope("manage_webhook", "manage webhooks", service="Webhooks", strength="full"),
)


def provider() -> OAuth2:
    """Return Box."""
    return OAuth2(
        name="box",
        title="Box",
        authorization_endpoint="https://account.box.com/api/oauth2/authorize",
        token_endpoint="https://api.box.com/oauth2/token",
        revocation_endpoint="https://api.box.com/oauth2/revoke",
        userinfo_endpoint="https://api.box.com/2.0/users/me",
        resource_hosts=("https://api.box.com/2.0", "https://upload.box.com/api/2.0"),
        redirect_port=8765,
        console_url="https://app.box.com/developers/console",
        manage_url="https://app.box.com/account/integrations",
        scopes=SCOPES,
        pkce=False,
        needs_secret=True,
        idle_lifetime=60 * DAY,
        revocation_reach="grant",
        subject_path="id",
        name_paths=("login", "name"),
        default_scopes=("root_readonly",),
        sources={
            "resource_hosts": "NangoHQ/nango; several public clients (upload.box.com)",
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "authorization_endpoint": "NangoHQ/nango, next-auth, arctic",
            "token_endpoint": "NangoHQ/nango, next-auth, arctic, simov/grant",
            "revocation_endpoint": "arctic",
            "userinfo_endpoint": "next-auth, arctic, social-core, simov/grant",
            "scopes": "NangoHQ/nango, NangoHQ/integration-templates",
            "*": "WorkOS blog 2026-08-31 (its beginning)",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "revocation_reach",
            "manage_url",
            "console_url",
        ),
    )
