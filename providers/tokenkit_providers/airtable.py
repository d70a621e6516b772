"""Airtable: bases and records.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("user.email:read", "see your email address", strength="identity"),
    Scope("data.records:read", "see records", service="Records", strength="read"),
    Scope("data.records:write", "create, change and delete records", service="Records", strength="write"),
    Scope("data.recordComments:read", "read comments", service="Comments", strength="read"),
    Scope("data.recordComments:write", "comment", service="Comments", strength="write"),
    Scope("schema.bases:read", "see the structure of bases", service="Structure", strength="read"),
    Scope("schema.bases:write", "change the structure of bases", service="Structure", strength="write"),
    Scope("webhook:manage", "manage webhooks", service="Webhooks", strength="full"),
)


def provider() -> OAuth2:
    """Return Airtable."""
    return OAuth2(
        name="airtable",
        title="Airtable",
        authorization_endpoint="https://airtable.com/oauth2/v1/authorize",
        token_endpoint="https://airtable.com/oauth2/v1/token",
        userinfo_endpoint="https://api.airtable.com/v0/meta/whoami",
        resource_hosts=("https://api.airtable.com/v0", "https://content.airtable.com/v0"),
        redirect_port=8765,
        console_url="https://airtable.com/create/oauth",
        manage_url="https://airtable.com/create/oauth",
        scopes=SCOPES,
        client_auth="basic",
        idle_lifetime=60 * DAY,
        subject_path="id",
        name_paths=("email",),
        default_scopes=("user.email:read",),
        identity_scopes=("user.email:read",),
        default_expires_in=3600.0,
        sources={
            "resource_hosts": "NangoHQ/nango; several public clients (content.airtable.com)",
            "subject_path": "several public clients",
            "name_paths": "several public clients",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "userinfo_endpoint": "the provider's own pages",
            "scopes": "NangoHQ/integration-templates, vellum-assistant",
            "*": "val.town airtable form; next-auth; vellum-assistant",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "idle_lifetime",
            "client_auth",
            "redirect_host",
            "manage_url",
            "console_url",
            "default_expires_in",
        ),
    )
