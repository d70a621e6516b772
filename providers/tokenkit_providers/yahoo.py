"""Yahoo: mail and contacts.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("openid", "know which Yahoo account it is", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("profile", "see your name", strength="identity"),
    Scope("mail-r", "read your mail", service="Mail", strength="read"),
    Scope("mail-w", "read and write your mail", service="Mail", strength="write", includes=("mail-r",)),
    Scope("sdct-r", "see your contacts", service="Contacts", strength="read"),
    Scope("sdct-w", "change your contacts", service="Contacts", strength="write"),
)


def provider() -> OAuth2:
    """Return Yahoo."""
    return OAuth2(
        name="yahoo",
        title="Yahoo",
        authorization_endpoint="https://api.login.yahoo.com/oauth2/request_auth",
        token_endpoint="https://api.login.yahoo.com/oauth2/get_token",
        userinfo_endpoint="https://api.login.yahoo.com/openid/v1/userinfo",
        resource_hosts=("https://mail.yahooapis.com",),
        redirect_port=8765,
        console_url="https://developer.yahoo.com/apps/",
        manage_url="https://login.yahoo.com/myaccount/security",
        scopes=SCOPES,
        client_auth="basic",
        needs_secret=True,
        subject_path="sub",
        name_paths=("email", "nickname", "name"),
        default_scopes=("openid", "email", "profile"),
        identity_scopes=("openid", "email"),
        sources={
            "subject_path": "social-core",
            "name_paths": "social-core",
            "authorization_endpoint": "NangoHQ/nango, arctic, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, arctic, social-core, simov/grant, golang/oauth2",
            "userinfo_endpoint": "arctic, social-core, simov/grant",
            "scopes": "social-core",
            "*": "the code sets of each endpoint; said to take https redirects alone, and to open mail scopes by "
            "approval",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "resource_hosts",
            "console_url",
            "manage_url",
            "scopes.openid",
            "scopes.mail-r",
            "scopes.mail-w",
            "scopes.sdct-r",
            "scopes.sdct-w",
        ),
    )
