"""Anthropic: Claude's API, with a key.

Its OAuth is meant for companies that bill their own customers (private_key_jwt, pushed requests:
platform.claude.com oauth-apps/oauth-reference), not for one person's assistant. What is known of it, and from where,
stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import ApiKey, Field, UserinfoRequest


def provider() -> ApiKey:
    """Return Anthropic's API."""
    return ApiKey(
        name="anthropic",
        title="Anthropic API",
        resource_hosts=("https://api.anthropic.com/v1",),
        fields={
            "key": Field(
                label="API key",
                about="Its OAuth is for companies that bill their own customers; one person's assistant takes a key.",
                where="https://platform.claude.com/settings/keys",
            )
        },
        token_headers={"x-api-key": "{key}"},
        userinfo_endpoint="https://api.anthropic.com/v1/models",
        userinfo=UserinfoRequest(headers={"anthropic-version": "2023-06-01"}),
        manage_url="https://platform.claude.com/settings/keys",
        sources={
            "token_headers": "docs.anthropic.com/api/getting-started",
            "userinfo_endpoint": "n8n-io/n8n, AnthropicApi.credentials.ts",
            "userinfo": "n8n-io/n8n, AnthropicApi.credentials.ts",
            "*": "docs.anthropic.com/api/overview",
        },
        checked="2026-11-28",
        unverified=("manage_url", "fields"),
    )
