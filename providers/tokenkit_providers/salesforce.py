"""Salesforce: contacts and deals.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, Variable

SCOPES = Scope.by_value(
    Scope("openid", "know which Salesforce account it is", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("profile", "see your name", strength="identity"),
    Scope("refresh_token", "stay signed in while you are away"),
    Scope("api", "use all of the API as you", service="API", strength="full"),
    Scope("chatter_api", "use Chatter as you", service="Chatter", strength="write"),
    Scope("full", "everything that you may do", service="Everything", strength="full"),
)


def provider() -> OAuth2:
    """Return Salesforce."""
    return OAuth2(
        name="salesforce",
        title="Salesforce",
        variables={
            "instance": Variable(
                about="your organisation, such as acme of acme.my.salesforce.com",
                domain="my.salesforce.com",
                answer_member="instance_url",
            )
        },
        authorization_endpoint="https://login.salesforce.com/services/oauth2/authorize",
        token_endpoint="https://login.salesforce.com/services/oauth2/token",
        revocation_endpoint="https://login.salesforce.com/services/oauth2/revoke",
        userinfo_endpoint="https://login.salesforce.com/services/oauth2/userinfo",
        issuer="https://login.salesforce.com",
        resource_hosts=("https://{instance}.my.salesforce.com",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://login.salesforce.com",
        manage_url="https://login.salesforce.com",
        scopes=SCOPES,
        revocation_reach="grant",
        captured=("instance_url",),
        default_scopes=("openid", "email", "refresh_token"),
        identity_scopes=("openid", "email", "refresh_token"),
        subject_path="sub",
        name_paths=("email", "preferred_username"),
        default_expires_in=7200.0,
        sources={
            "subject_path": "next-auth, better-auth",
            "name_paths": "better-auth",
            "console_url": "vellum-assistant",
            "manage_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, better-auth, social-core, simov/grant",
            "token_endpoint": "NangoHQ/nango, better-auth, social-core, simov/grant",
            "revocation_endpoint": "social-core",
            "userinfo_endpoint": "better-auth, arctic, simov/grant",
            "scopes": "vellum-assistant, NangoHQ/integration-templates, NangoHQ/nango",
            "*": "the code sets of each endpoint: `instance_url` of the answer is the host of its API; the app "
            "decides whether refresh tokens rotate",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "revocation_reach",
            "issuer",
            "default_expires_in",
            "resource_hosts",
            "scopes.chatter_api",
        ),
    )
