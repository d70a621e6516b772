"""X: posts and direct messages.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import Ended, OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("users.read", "see accounts that you can see", strength="identity"),
    Scope("users.email", "see your email address", strength="identity"),
    Scope("offline.access", "stay signed in while you are away"),
    Scope("tweet.read", "see posts that you can see", service="Posts", strength="read"),
    Scope("tweet.write", "post for you", service="Posts", strength="write"),
    Scope("like.read", "see your likes", service="Likes", strength="read"),
    Scope("like.write", "like posts for you", service="Likes", strength="write"),
    Scope("bookmark.read", "see your bookmarks", service="Bookmarks", strength="read"),
    Scope("bookmark.write", "change your bookmarks", service="Bookmarks", strength="write"),
    Scope("follows.read", "see who you follow", service="Following", strength="read"),
    Scope("follows.write", "follow and unfollow for you", service="Following", strength="write"),
    Scope("list.read", "see your lists", service="Lists", strength="read"),
    Scope("list.write", "change your lists", service="Lists", strength="write"),
    Scope("dm.read", "read your direct messages", service="Direct messages", strength="read"),
    Scope("dm.write", "send direct messages", service="Direct messages", strength="write"),
)


def provider() -> OAuth2:
    """Return X."""
    return OAuth2(
        name="x",
        title="X",
        authorization_endpoint="https://x.com/i/oauth2/authorize",
        token_endpoint="https://api.x.com/2/oauth2/token",
        revocation_endpoint="https://api.x.com/2/oauth2/revoke",
        userinfo_endpoint="https://api.x.com/2/users/me",
        resource_hosts=("https://api.x.com/2",),
        redirect_port=8765,
        console_url="https://developer.x.com/en/portal/dashboard",
        manage_url="https://x.com/settings/connected_apps",
        scopes=SCOPES,
        client_auth="basic",
        default_expires_in=7200.0,
        revocation_reach="token",
        subject_path="data.id",
        name_paths=("data.username", "data.name"),
        default_scopes=("users.read", "tweet.read", "offline.access"),
        identity_scopes=("users.read", "tweet.read", "offline.access"),
        ended=(
            Ended(
                status=400,
                code="invalid_request",
                fragment="token was invalid",
                reason="you removed the app, or an older refresh token was used: each serves once",
            ),
        ),
        sources={
            "resource_hosts": "next-auth, better-auth",
            "subject_path": "next-auth, better-auth",
            "name_paths": "next-auth, better-auth",
            "ended": "X's own pages, as its clients report them",
            "authorization_endpoint": "NangoHQ/nango, next-auth, better-auth, golang/oauth2",
            "token_endpoint": "next-auth, better-auth, golang/oauth2",
            "revocation_endpoint": "several public clients",
            "userinfo_endpoint": "next-auth, better-auth",
            "scopes": "NangoHQ/integration-templates, vellum-assistant, better-auth",
            "*": "next-auth, better-auth, NangoHQ/nango",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "revocation_reach",
            "manage_url",
            "console_url",
            "scopes.follows.read",
            "scopes.dm.read",
            "scopes.dm.write",
            "default_expires_in",
        ),
    )
