"""QuickBooks: invoices and accounts.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope

SCOPES = Scope.by_value(
    Scope("openid", "know which Intuit account it is", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("profile", "see your name", strength="identity"),
    Scope(
        "com.intuit.quickbooks.accounting",
        "see and change all of your accounting",
        service="Accounting",
        strength="full",
    ),
    Scope("com.intuit.quickbooks.payment", "take payments", service="Payments", strength="full"),
)


def provider() -> OAuth2:
    """Return QuickBooks."""
    return OAuth2(
        name="quickbooks",
        title="QuickBooks",
        authorization_endpoint="https://appcenter.intuit.com/connect/oauth2",
        token_endpoint="https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
        revocation_endpoint="https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
        userinfo_endpoint="https://accounts.platform.intuit.com/v1/openid_connect/userinfo",
        resource_hosts=("https://quickbooks.api.intuit.com/v3",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://developer.intuit.com/app/developer/dashboard",
        manage_url="https://accounts.intuit.com/app/account-manager",
        scopes=SCOPES,
        client_auth="basic",
        captured=("redirect.realmId",),
        pkce=False,
        needs_secret=True,
        revocation_reach="grant",
        revocation=RevocationRequest(sent_in="json"),
        subject_path="sub",
        name_paths=("email",),
        default_scopes=("openid", "email"),
        identity_scopes=("openid", "email"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "OpenID Connect Core",
            "name_paths": "OpenID Connect Core",
            "authorization_endpoint": "NangoHQ/nango, arctic, simov/grant",
            "token_endpoint": "NangoHQ/nango, arctic, simov/grant",
            "revocation_endpoint": "arctic",
            "userinfo_endpoint": "arctic",
            "scopes": "NangoHQ/integration-templates, NangoHQ/nango",
            "*": "the code sets of each endpoint; x_refresh_token_expires_in of each answer says when it ends",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "revocation",
            "revocation_reach",
            "console_url",
            "manage_url",
            "scopes.openid",
            "scopes.profile",
        ),
    )
