"""Mastodon: posts and timelines of your instance.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, Variable

SCOPES = Scope.by_value(
    Scope("profile", "see who you are", strength="identity"),
    Scope("read", "read all of your account", service="Account", strength="read"),
    Scope("write", "change all of your account", service="Account", strength="write"),
    Scope("follow", "follow, mute and block for you", service="Relations", strength="write"),
    Scope("read:accounts", "see accounts", strength="identity"),
    Scope("read:statuses", "read posts", service="Posts", strength="read"),
    Scope("write:statuses", "post for you", service="Posts", strength="write"),
    Scope("read:notifications", "see your notifications", service="Notifications", strength="read"),
    Scope("read:bookmarks", "see your bookmarks", service="Bookmarks", strength="read"),
    Scope("write:bookmarks", "change your bookmarks", service="Bookmarks", strength="write"),
    Scope("read:lists", "see your lists", service="Lists", strength="read"),
    Scope("write:media", "upload media", service="Media", strength="add"),
)


def provider() -> OAuth2:
    """Return Mastodon."""
    return OAuth2(
        name="mastodon",
        title="Mastodon",
        variables={
            "instance": Variable(
                about="your instance, such as mastodon.social", kind="server", default="https://mastodon.social"
            )
        },
        authorization_endpoint="{instance}/oauth/authorize",
        token_endpoint="{instance}/oauth/token",
        revocation_endpoint="{instance}/oauth/revoke",
        userinfo_endpoint="{instance}/api/v1/accounts/verify_credentials",
        resource_hosts=("{instance}/api",),
        redirect_port=8765,
        console_url="{instance}/settings/applications",
        manage_url="{instance}/oauth/authorized_applications",
        scopes=SCOPES,
        needs_secret=True,
        default_expires_in="never",
        revocation_reach="token",
        subject_path="id",
        name_paths=("acct", "username"),
        default_scopes=("read",),
        sources={
            "resource_hosts": "docs.joinmastodon.org",
            "subject_path": "next-auth",
            "name_paths": "docs.joinmastodon.org; next-auth",
            "authorization_endpoint": "the provider's own pages",
            "token_endpoint": "the provider's own pages",
            "revocation_endpoint": "the provider's own pages",
            "userinfo_endpoint": "the provider's own pages",
            "scopes": "next-auth",
            "*": "docs.joinmastodon.org (S256 since 4.3; no end, no refresh token; revocation wants the secret)",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "revocation_reach",
            "console_url",
            "manage_url",
            "scopes.write",
            "scopes.follow",
            "scopes.read:accounts",
            "scopes.read:statuses",
            "scopes.write:statuses",
            "scopes.read:notifications",
            "scopes.read:bookmarks",
            "scopes.write:bookmarks",
            "scopes.read:lists",
            "scopes.write:media",
        ),
    )
