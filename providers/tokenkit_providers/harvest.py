"""Harvest: time and invoices.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("harvest:all", "see and change all of Harvest", service="Harvest", strength="full"),
    Scope("all", "see and change all accounts", service="Accounts", strength="full"),
)


def provider() -> OAuth2:
    """Return Harvest."""
    return OAuth2(
        name="harvest",
        title="Harvest",
        authorization_endpoint="https://id.getharvest.com/oauth2/authorize",
        token_endpoint="https://id.getharvest.com/api/v2/oauth2/token",
        userinfo_endpoint="https://id.getharvest.com/api/v2/accounts",
        resource_hosts=("https://api.harvestapp.com/v2", "https://api.harvestapp.com/api/v2"),
        redirect_port=8765,
        console_url="https://id.getharvest.com/developers",
        manage_url="https://id.getharvest.com/security",
        scopes=SCOPES,
        pkce=False,
        needs_secret=True,
        default_expires_in=1209600.0,
        subject_path="user.id",
        name_paths=("user.email",),
        sources={
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "scopes": "NangoHQ/integration-templates",
            "*": "NangoHQ/nango",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "default_expires_in",
            "userinfo_endpoint",
            "subject_path",
            "name_paths",
            "resource_hosts",
            "console_url",
            "manage_url",
            "scopes.harvest:all",
        ),
    )
