"""Reddit: posts, comments and messages.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, UserinfoRequest

SCOPES = Scope.by_value(
    Scope("identity", "see your user name and karma", strength="identity"),
    Scope("read", "see posts and comments that you can see", service="Posts", strength="read"),
    Scope("submit", "post and comment for you", service="Posts", strength="add"),
    Scope("edit", "edit and delete your posts and comments", service="Posts", strength="write"),
    Scope("history", "see your votes and history", service="History", strength="read"),
    Scope("mysubreddits", "see the communities you are in", service="Communities", strength="read"),
    Scope("subscribe", "join and leave communities", service="Communities", strength="write"),
    Scope("privatemessages", "read and send private messages", service="Messages", strength="write"),
    Scope("save", "save posts for you", service="Saved", strength="write"),
    Scope("vote", "vote for you", service="Votes", strength="write"),
)


def provider() -> OAuth2:
    """Return Reddit."""
    return OAuth2(
        name="reddit",
        title="Reddit",
        authorization_endpoint="https://www.reddit.com/api/v1/authorize",
        token_endpoint="https://www.reddit.com/api/v1/access_token",
        revocation_endpoint="https://www.reddit.com/api/v1/revoke_token",
        userinfo_endpoint="https://oauth.reddit.com/api/v1/me",
        resource_hosts=("https://oauth.reddit.com",),
        redirect_port=8765,
        console_url="https://www.reddit.com/prefs/apps",
        manage_url="https://www.reddit.com/prefs/apps",
        scopes=SCOPES,
        client_auth="basic",
        pkce=False,
        authorization_parameters={"duration": "permanent"},
        headers={"User-Agent": "tokenkit (personal assistant)"},
        userinfo=UserinfoRequest(headers={"User-Agent": "tokenkit (personal assistant)"}),
        revocation_reach="grant",
        subject_path="id",
        name_paths=("name",),
        default_scopes=("identity",),
        identity_scopes=("identity",),
        default_expires_in=3600.0,
        needs_secret=True,
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "better-auth",
            "name_paths": "better-auth",
            "authorization_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic",
            "token_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic",
            "revocation_endpoint": "several public clients",
            "userinfo_endpoint": "next-auth, better-auth, arctic, social-core, simov/grant",
            "scopes": "better-auth, social-core, next-auth",
            "*": "the code sets of each endpoint",
        },
        checked="2026-11-28",
        unverified=(
            "headers",
            "revocation_reach",
            "scope_separator",
            "redirect_port",
            "console_url",
            "manage_url",
            "scopes.edit",
            "scopes.mysubreddits",
            "scopes.privatemessages",
            "scopes.save",
            "scopes.vote",
        ),
    )
