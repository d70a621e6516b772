"""HubSpot: contacts, companies and deals.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope

SCOPES = Scope.by_value(
    Scope("oauth", "sign in", strength="identity"),
    Scope("crm.objects.contacts.read", "see contacts", service="Contacts", strength="read"),
    Scope("crm.objects.contacts.write", "change contacts", service="Contacts", strength="write"),
    Scope("crm.objects.companies.read", "see companies", service="Companies", strength="read"),
    Scope("crm.objects.companies.write", "change companies", service="Companies", strength="write"),
    Scope("crm.objects.deals.read", "see deals", service="Deals", strength="read"),
    Scope("crm.objects.deals.write", "change deals", service="Deals", strength="write"),
    Scope("tickets", "see and change tickets", service="Tickets", strength="write"),
    Scope("content", "change pages and posts", service="Content", strength="write"),
    Scope("files", "see and change files", service="Files", strength="write"),
)


def provider() -> OAuth2:
    """Return HubSpot."""
    return OAuth2(
        name="hubspot",
        title="HubSpot",
        authorization_endpoint="https://app.hubspot.com/oauth/authorize",
        token_endpoint="https://api.hubapi.com/oauth/v1/token",
        revocation_endpoint="https://api.hubapi.com/oauth/v1/refresh-tokens/{token}",
        resource_hosts=("https://api.hubapi.com",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://developers.hubspot.com/",
        manage_url="https://app.hubspot.com/connected-apps",
        scopes=SCOPES,
        needs_secret=True,
        default_expires_in=1800.0,
        revocation=RevocationRequest(method="DELETE", sent_in="url"),
        revocation_reach="token",
        default_scopes=("oauth",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, next-auth, better-auth, social-core",
            "token_endpoint": "NangoHQ/nango, next-auth, better-auth, social-core",
            "scopes": "NangoHQ/integration-templates, vellum-assistant, NangoHQ/nango",
            "*": "HubSpot changelog; api-evangelist/hubspot; its who-am-I endpoint has the token in its path, so it "
            "is not asked",
        },
        checked="2026-11-28",
        unverified=(
            "revocation_endpoint",
            "revocation_reach",
            "redirect_host",
            "manage_url",
            "pkce",
        ),
    )
