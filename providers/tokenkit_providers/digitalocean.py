"""DigitalOcean: servers and domains.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("read", "see your servers, domains and bills", service="Account", strength="read"),
    Scope("write", "change and delete your servers and domains", service="Account", strength="full"),
    Scope("account:read", "see your account", strength="identity"),
)


def provider() -> OAuth2:
    """Return DigitalOcean."""
    return OAuth2(
        name="digitalocean",
        title="DigitalOcean",
        authorization_endpoint="https://cloud.digitalocean.com/v1/oauth/authorize",
        token_endpoint="https://cloud.digitalocean.com/v1/oauth/token",
        revocation_endpoint="https://cloud.digitalocean.com/v1/oauth/revoke",
        userinfo_endpoint="https://api.digitalocean.com/v2/account",
        resource_hosts=("https://api.digitalocean.com/v2",),
        redirect_port=8765,
        console_url="https://cloud.digitalocean.com/account/api/applications",
        manage_url="https://cloud.digitalocean.com/account/api/access",
        scopes=SCOPES,
        needs_secret=True,
        default_expires_in=2592000.0,
        revocation_reach="token",
        subject_path="account.uuid",
        name_paths=("account.email",),
        default_scopes=("read",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "name_paths": "social-core",
            "authorization_endpoint": "NangoHQ/nango, social-core, simov/grant",
            "token_endpoint": "NangoHQ/nango, social-core, simov/grant",
            "revocation_endpoint": "several public clients",
            "userinfo_endpoint": "social-core, simov/grant",
            "scopes": "social-core, NangoHQ/nango",
            "*": "the code sets of each endpoint",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "revocation_reach",
            "subject_path",
            "refresh_endpoint",
            "console_url",
            "manage_url",
            "scopes.account:read",
            "default_expires_in",
        ),
    )
