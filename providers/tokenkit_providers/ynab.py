"""YNAB: budgets and transactions.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("read-only", "see your budgets and transactions", service="Budgets", strength="read"),
)


def provider() -> OAuth2:
    """Return YNAB."""
    return OAuth2(
        name="ynab",
        title="YNAB",
        authorization_endpoint="https://app.ynab.com/oauth/authorize",
        token_endpoint="https://app.ynab.com/oauth/token",
        userinfo_endpoint="https://api.ynab.com/v1/user",
        resource_hosts=("https://api.ynab.com/v1",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://app.ynab.com/settings/developer",
        manage_url="https://app.ynab.com/settings/connections",
        scopes=SCOPES,
        default_expires_in=7200.0,
        needs_secret=True,
        subject_path="data.user.id",
        name_paths=("data.user.id",),
        default_scopes=("read-only",),
        sources={
            "resource_hosts": "several public clients",
            "subject_path": "several public clients",
            "name_paths": "several public clients",
            "userinfo_endpoint": "several public clients",
            "pkce": "rust-ynab",
            "authorization_endpoint": "several public clients",
            "token_endpoint": "several public clients",
            "*": "docs.rs rust-ynab 0.5.6",
        },
        checked="2026-11-28",
        unverified=(
            "manage_url",
            "console_url",
            "scopes",
        ),
    )
