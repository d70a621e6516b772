"""Coinbase: wallets and transactions.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("wallet:user:read", "see your name", strength="identity"),
    Scope("wallet:user:email", "see your email address", strength="identity"),
    Scope("offline_access", "stay signed in while you are away"),
    Scope("wallet:accounts:read", "see your wallets", service="Wallets", strength="read"),
    Scope("wallet:transactions:read", "see your transactions", service="Transactions", strength="read"),
    Scope("wallet:transactions:send", "send money", service="Transactions", strength="full"),
    Scope("wallet:addresses:read", "see your addresses", service="Addresses", strength="read"),
    Scope("wallet:buys:read", "see what you bought", service="Trades", strength="read"),
    Scope("wallet:sells:read", "see what you sold", service="Trades", strength="read"),
)


def provider() -> OAuth2:
    """Return Coinbase."""
    return OAuth2(
        name="coinbase",
        title="Coinbase",
        authorization_endpoint="https://login.coinbase.com/oauth2/auth",
        token_endpoint="https://login.coinbase.com/oauth2/token",
        revocation_endpoint="https://login.coinbase.com/oauth2/revoke",
        userinfo_endpoint="https://api.coinbase.com/v2/user",
        resource_hosts=("https://api.coinbase.com/v2",),
        redirect_port=8765,
        console_url="https://portal.cdp.coinbase.com/",
        manage_url="https://accounts.coinbase.com/activity",
        scopes=SCOPES,
        needs_secret=True,
        default_expires_in=3600.0,
        revocation_reach="token",
        subject_path="data.id",
        name_paths=("data.email", "data.name"),
        default_scopes=("wallet:user:read", "wallet:user:email", "offline_access"),
        identity_scopes=("wallet:user:read", "offline_access"),
        sources={
            "resource_hosts": "next-auth, social-core",
            "subject_path": "next-auth, social-core",
            "name_paths": "next-auth, social-core",
            "authorization_endpoint": "next-auth, social-core, golang/oauth2",
            "token_endpoint": "next-auth, social-core, golang/oauth2",
            "revocation_endpoint": "social-core",
            "userinfo_endpoint": "next-auth, arctic, social-core, simov/grant",
            "scopes": "social-core, next-auth",
            "*": "the code sets of each endpoint; single use refresh tokens, 1.5 years",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "revocation_reach",
            "console_url",
            "manage_url",
            "default_expires_in",
            "scopes.offline_access",
            "scopes.wallet:transactions:read",
            "scopes.wallet:transactions:send",
            "scopes.wallet:buys:read",
            "scopes.wallet:sells:read",
        ),
    )
