"""Tumblr: blogs and posts.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("basic", "see your blogs and dashboard", service="Blogs", strength="read"),
    Scope("write", "post, follow and like for you", service="Blogs", strength="write"),
    Scope("offline_access", "stay signed in while you are away"),
)


def provider() -> OAuth2:
    """Return Tumblr."""
    return OAuth2(
        name="tumblr",
        title="Tumblr",
        authorization_endpoint="https://www.tumblr.com/oauth2/authorize",
        token_endpoint="https://api.tumblr.com/v2/oauth2/token",
        userinfo_endpoint="https://api.tumblr.com/v2/user/info",
        resource_hosts=("https://api.tumblr.com/v2",),
        redirect_port=8765,
        console_url="https://www.tumblr.com/oauth/apps",
        manage_url="https://www.tumblr.com/settings/apps",
        scopes=SCOPES,
        pkce=False,
        needs_secret=True,
        default_expires_in=2520.0,
        subject_path="response.user.name",
        name_paths=("response.user.name",),
        default_scopes=("basic", "offline_access"),
        identity_scopes=("basic", "offline_access"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "name_paths": "social-core",
            "subject_path": "social-core: it has no id, the name may change",
            "authorization_endpoint": "NangoHQ/nango, arctic",
            "token_endpoint": "NangoHQ/nango, arctic",
            "userinfo_endpoint": "arctic, social-core, simov/grant",
            "scopes": "NangoHQ/nango",
            "*": "the code sets of each endpoint",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "default_expires_in",
            "console_url",
            "manage_url",
        ),
    )
