"""LinkedIn: your profile and posts.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("openid", "know which LinkedIn account it is", strength="identity"),
    Scope("profile", "see your name and picture", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("w_member_social", "post, comment and react for you", service="Posts", strength="write"),
    Scope("r_organization_social", "see the posts of your organisation", service="Organisation", strength="read"),
    Scope("w_organization_social", "post for your organisation", service="Organisation", strength="write"),
)


def provider() -> OAuth2:
    """Return LinkedIn."""
    return OAuth2(
        name="linkedin",
        title="LinkedIn",
        authorization_endpoint="https://www.linkedin.com/oauth/v2/authorization",
        token_endpoint="https://www.linkedin.com/oauth/v2/accessToken",
        userinfo_endpoint="https://api.linkedin.com/v2/userinfo",
        resource_hosts=("https://api.linkedin.com/v2", "https://api.linkedin.com/rest"),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://www.linkedin.com/developers/apps",
        manage_url="https://www.linkedin.com/mypreferences/d/data-sharing-for-permitted-services",
        scopes=SCOPES,
        pkce=False,
        needs_secret=True,
        default_expires_in=5184000.0,
        refresh_lifetime=365 * DAY,
        subject_path="sub",
        name_paths=("email", "name"),
        default_scopes=("openid", "profile", "email"),
        identity_scopes=("openid", "profile"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth, better-auth",
            "name_paths": "next-auth, better-auth",
            "pkce": "NangoHQ/nango, arctic: off",
            "authorization_endpoint": "NangoHQ/nango, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "userinfo_endpoint": "better-auth, arctic",
            "scopes": "NangoHQ/integration-templates, social-core, better-auth",
            "*": "WorkOS blog; ropensci guide: refresh tokens for approved partners alone; others sign in again "
            "after 60 days",
        },
        checked="2026-11-28",
        unverified=(
            "manage_url",
            "console_url",
        ),
    )
