"""Patreon: memberships.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("identity", "see your profile", strength="identity"),
    Scope("identity[email]", "see your email address", strength="identity"),
    Scope("identity.memberships", "see your memberships", service="Memberships", strength="read"),
    Scope("campaigns", "see your campaigns", service="Campaigns", strength="read"),
    Scope("campaigns.members", "see your members", service="Members", strength="read"),
    Scope("campaigns.posts", "see your posts", service="Posts", strength="read"),
)


def provider() -> OAuth2:
    """Return Patreon."""
    return OAuth2(
        name="patreon",
        title="Patreon",
        authorization_endpoint="https://www.patreon.com/oauth2/authorize",
        token_endpoint="https://www.patreon.com/api/oauth2/token",
        revocation_endpoint="https://www.patreon.com/oauth2/revoke",
        userinfo_endpoint="https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name",
        resource_hosts=("https://www.patreon.com/api/oauth2/v2",),
        redirect_port=8765,
        console_url="https://www.patreon.com/portal/registration/register-clients",
        manage_url="https://www.patreon.com/settings/apps",
        scopes=SCOPES,
        pkce=False,
        needs_secret=True,
        default_expires_in=2678400.0,
        revocation_reach="token",
        subject_path="data.id",
        name_paths=("data.attributes.email", "data.attributes.full_name"),
        default_scopes=("identity",),
        identity_scopes=("identity",),
        sources={
            "resource_hosts": "social-core, better-auth",
            "subject_path": "next-auth, better-auth, social-core",
            "name_paths": "next-auth, better-auth, social-core",
            "authorization_endpoint": "next-auth, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "next-auth, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "revocation_endpoint": "social-core",
            "userinfo_endpoint": "better-auth, several public clients: without its query it tells no name",
            "redirect_host": "docs.allauth.org, Patreon",
            "console_url": "docs.allauth.org, Patreon",
            "scopes": "better-auth, social-core, next-auth, docs.allauth.org, docs.rs patreon",
            "*": "the code sets of each endpoint",
        },
        checked="2026-11-28",
        unverified=(
            "default_expires_in",
            "revocation_reach",
            "manage_url",
            "scopes.campaigns.posts",
        ),
    )
