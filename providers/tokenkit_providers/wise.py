"""Wise: transfers of a business account, with a personal API token.

Its OAuth is for partners. A personal token can do less: it makes quotes, recipients and transfers, and reads what
became of them. What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import ApiKey, Field


def provider() -> ApiKey:
    """Return Wise."""
    return ApiKey(
        name="wise",
        title="Wise",
        resource_hosts=("https://api.wise.com",),
        fields={
            "token": Field(
                label="API token",
                about="Of a business account: Your Account, Integrations and Tools, API tokens.",
                where="https://wise.com",
            )
        },
        userinfo_endpoint="https://api.wise.com/v2/profiles",
        manage_url="https://wise.com",
        sources={
            "userinfo_endpoint": "NathanJ60/wise-mcp (GET /v2/profiles; its answer is a list)",
            "*": "docs.wise.com/guides/developer/auth-and-security",
        },
        checked="2026-11-28",
    )
