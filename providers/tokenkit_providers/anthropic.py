"""Anthropic: Claude's platform, for companies that bill their customers.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2


def provider() -> OAuth2:
    """Return Anthropic."""
    return OAuth2(
        name="anthropic",
        title="Anthropic",
        authorization_endpoint="https://auth.claude.com/oauth/authorize",
        token_endpoint="https://auth.claude.com/v1/oauth/token",
        revocation_endpoint="https://auth.claude.com/v1/oauth/revoke",
        resource_hosts=("https://api.anthropic.com",),
        redirect_port=8765,
        console_url="https://platform.claude.com",
        manage_url="https://claude.ai/settings",
        retired="its OAuth is meant for companies that bill their own customers (private_key_jwt, pushed requests), "
        "not for one person's assistant; use an API key from https://platform.claude.com instead",
        sources={
            "authorization_endpoint": "the provider's own pages",
            "token_endpoint": "the provider's own pages",
            "revocation_endpoint": "the provider's own pages",
            "*": "platform.claude.com oauth-apps/oauth-reference",
        },
        checked="2026-11-28",
        unverified=("console_url", "manage_url", "resource_hosts"),
    )
