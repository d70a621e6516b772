"""Xero: invoices and accounts.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("openid", "know which Xero account it is", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("profile", "see your name", strength="identity"),
    Scope("offline_access", "stay signed in while you are away"),
    Scope("accounting.transactions.read", "see invoices and payments", service="Invoices", strength="read"),
    Scope(
        "accounting.transactions",
        "create and change invoices and payments",
        service="Invoices",
        strength="write",
        includes=("accounting.transactions.read",),
    ),
    Scope("accounting.contacts.read", "see contacts", service="Contacts", strength="read"),
    Scope(
        "accounting.contacts",
        "change contacts",
        service="Contacts",
        strength="write",
        includes=("accounting.contacts.read",),
    ),
    Scope("accounting.reports.read", "see reports", service="Reports", strength="read"),
    Scope("accounting.settings.read", "see settings", service="Settings", strength="read"),
)


def provider() -> OAuth2:
    """Return Xero."""
    return OAuth2(
        name="xero",
        title="Xero",
        authorization_endpoint="https://login.xero.com/identity/connect/authorize",
        token_endpoint="https://identity.xero.com/connect/token",
        revocation_endpoint="https://identity.xero.com/connect/revocation",
        issuer="https://identity.xero.com",
        resource_hosts=("https://api.xero.com",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://developer.xero.com/app/manage",
        manage_url="https://apps.xero.com/connected",
        scopes=SCOPES,
        client_auth="basic",
        default_expires_in=1800.0,
        idle_lifetime=60 * DAY,
        revocation_reach="grant",
        captured=("id_token.sub", "id_token.email"),
        subject_path="id_token.sub",
        name_paths=("id_token.email",),
        default_scopes=("openid", "email", "offline_access"),
        identity_scopes=("openid", "email", "offline_access"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "revocation_endpoint": "several public clients",
            "scopes": "NangoHQ/integration-templates, NangoHQ/nango",
            "*": "the code sets of each endpoint",
        },
        checked="2026-11-28",
        unverified=(
            "default_expires_in",
            "idle_lifetime",
            "revocation_reach",
            "captured",
            "redirect_host",
            "issuer",
            "console_url",
            "manage_url",
            "scopes.openid",
            "scopes.profile",
            "scopes.accounting.transactions.read",
            "scopes.accounting.transactions",
            "scopes.accounting.reports.read",
        ),
    )
