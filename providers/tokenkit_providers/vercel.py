"""Vercel: deployments.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("openid", "know which account it is", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("profile", "see your name", strength="identity"),
    Scope("offline_access", "stay signed in while you are away"),
)


def provider() -> OAuth2:
    """Return Vercel."""
    return OAuth2(
        name="vercel",
        title="Vercel",
        authorization_endpoint="https://vercel.com/oauth/authorize",
        token_endpoint="https://api.vercel.com/login/oauth/token",
        userinfo_endpoint="https://api.vercel.com/login/oauth/userinfo",
        issuer="https://vercel.com",
        resource_hosts=("https://api.vercel.com",),
        redirect_port=8765,
        console_url="https://vercel.com/dashboard/settings/integrations",
        manage_url="https://vercel.com/account/settings/authentication",
        scopes=SCOPES,
        subject_path="sub",
        name_paths=("email", "preferred_username", "name"),
        default_scopes=("openid", "email", "profile", "offline_access"),
        identity_scopes=("openid", "email", "offline_access"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "better-auth",
            "name_paths": "better-auth",
            "authorization_endpoint": "NangoHQ/nango, better-auth, simov/grant",
            "token_endpoint": "better-auth",
            "userinfo_endpoint": "better-auth",
            "scopes": "better-auth, NangoHQ/nango",
            "*": "better-auth",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "issuer",
            "console_url",
            "manage_url",
        ),
    )
