"""Zendesk: support tickets.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope, Variable

SCOPES = Scope.by_value(
    Scope("read", "see tickets, people and settings", service="Support", strength="read"),
    Scope("write", "create and change tickets, people and settings", service="Support", strength="write"),
    Scope("tickets:read", "see tickets", service="Tickets", strength="read"),
    Scope("tickets:write", "create and change tickets", service="Tickets", strength="write"),
    Scope("users:read", "see people", service="People", strength="read"),
    Scope("organizations:read", "see organisations", service="Organisations", strength="read"),
)


def provider() -> OAuth2:
    """Return Zendesk."""
    return OAuth2(
        name="zendesk",
        title="Zendesk",
        variables={
            "subdomain": Variable(
                about="your Zendesk, such as acme of acme.zendesk.com", domain="zendesk.com", own_client=True
            )
        },
        authorization_endpoint="https://{subdomain}.zendesk.com/oauth/authorizations/new",
        token_endpoint="https://{subdomain}.zendesk.com/oauth/tokens",
        revocation_endpoint="https://{subdomain}.zendesk.com/api/v2/oauth/tokens/current",
        userinfo_endpoint="https://{subdomain}.zendesk.com/api/v2/users/me.json",
        resource_hosts=("https://{subdomain}.zendesk.com/api/v2",),
        redirect_port=8765,
        console_url="https://{subdomain}.zendesk.com/admin/apps-integrations/apis/zendesk-api/oauth_clients",
        manage_url="https://{subdomain}.zendesk.com/admin/apps-integrations/apis/zendesk-api/oauth_clients",
        scopes=SCOPES,
        request_format="json",
        needs_secret=False,
        revocation=RevocationRequest(method="DELETE", which="access", sent_in="bearer"),
        revocation_reach="token",
        token_parameters={"expires_in": "172800", "refresh_token_expires_in": "7776000"},
        refresh_parameters={"expires_in": "172800", "refresh_token_expires_in": "7776000"},
        subject_path="user.id",
        name_paths=("user.email", "user.name"),
        default_scopes=("read",),
        default_expires_in=172800.0,
        sources={
            "resource_hosts": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango, simov/grant",
            "token_endpoint": "NangoHQ/nango, simov/grant",
            "userinfo_endpoint": "simov/grant",
            "scopes": "NangoHQ/integration-templates, NangoHQ/nango",
            "*": "Zendesk announcement: refresh tokens for new apps since 2026-01-31, for all since 2026-04-30; a "
            "new answer ends the tokens before it",
        },
        checked="2026-11-28",
        unverified=(
            "revocation_endpoint",
            "revocation_reach",
            "redirect_host",
            "token_parameters",
            "refresh_parameters",
            "subject_path",
            "console_url",
            "manage_url",
            "scopes.organizations:read",
            "default_expires_in",
            "name_paths",
        ),
    )
