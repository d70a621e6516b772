"""Bitbucket: repositories and pull requests.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2


def provider() -> OAuth2:
    """Return Bitbucket."""
    return OAuth2(
        name="bitbucket",
        title="Bitbucket",
        authorization_endpoint="https://bitbucket.org/site/oauth2/authorize",
        token_endpoint="https://bitbucket.org/site/oauth2/access_token",
        userinfo_endpoint="https://api.bitbucket.org/2.0/user",
        resource_hosts=("https://api.bitbucket.org/2.0",),
        console_url="https://bitbucket.org/account/workspaces/",
        manage_url="https://bitbucket.org/account/settings/app-authorizations/",
        client_auth="basic",
        pkce=False,
        needs_secret=True,
        default_expires_in=7200.0,
        parameter_names={"scope": ""},
        subject_path="account_id",
        name_paths=("username", "display_name"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth",
            "name_paths": "next-auth, social-core",
            "redirect_host": "sectapunterx/heap, OAUTH-SETUP: any port",
            "authorization_endpoint": "NangoHQ/nango, next-auth, arctic, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, next-auth, arctic, social-core, simov/grant, golang/oauth2",
            "userinfo_endpoint": "next-auth, arctic, social-core, simov/grant",
            "*": "the code sets of each endpoint; the scopes are chosen where the consumer is registered",
        },
        checked="2026-11-28",
        unverified=(
            "console_url",
            "manage_url",
            "default_expires_in",
        ),
    )
