"""Twitch: your channel and the ones you follow.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope, UserinfoRequest

SCOPES = Scope.by_value(
    Scope("user:read:email", "see your email address", strength="identity"),
    Scope("user:read:follows", "see the channels you follow", service="Following", strength="read"),
    Scope("user:read:subscriptions", "see your subscriptions", service="Subscriptions", strength="read"),
    Scope("chat:read", "read chat", service="Chat", strength="read"),
    Scope("chat:edit", "write in chat", service="Chat", strength="write"),
    Scope("channel:read:subscriptions", "see your subscribers", service="Subscribers", strength="read"),
    Scope("channel:manage:broadcast", "change title and category of your channel", service="Channel", strength="write"),
    Scope("clips:edit", "make clips", service="Clips", strength="add"),
    Scope("user:edit", "change your profile", service="Profile", strength="write"),
)


def provider() -> OAuth2:
    """Return Twitch."""
    return OAuth2(
        name="twitch",
        title="Twitch",
        authorization_endpoint="https://id.twitch.tv/oauth2/authorize",
        token_endpoint="https://id.twitch.tv/oauth2/token",
        revocation_endpoint="https://id.twitch.tv/oauth2/revoke",
        device_authorization_endpoint="https://id.twitch.tv/oauth2/device",
        userinfo_endpoint="https://api.twitch.tv/helix/users",
        resource_hosts=("https://api.twitch.tv/helix",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://dev.twitch.tv/console/apps",
        manage_url="https://www.twitch.tv/settings/connections",
        scopes=SCOPES,
        pkce=False,
        needs_secret=True,
        revocation=RevocationRequest(which="access"),
        revocation_reach="token",
        userinfo=UserinfoRequest(headers={"Client-Id": "{client_id}"}),
        subject_path="data.0.id",
        name_paths=("data.0.email", "data.0.login"),
        default_scopes=("user:read:email",),
        identity_scopes=("user:read:email",),
        default_expires_in=14400.0,
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "social-core",
            "name_paths": "social-core",
            "authorization_endpoint": "NangoHQ/nango, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "revocation_endpoint": "the provider's own pages",
            "userinfo_endpoint": "arctic, social-core, simov/grant",
            "scopes": "social-core, next-auth, better-auth",
            "*": "the code sets of each endpoint; helix wants the header Client-Id",
        },
        checked="2026-11-28",
        unverified=(
            "device_authorization_endpoint",
            "redirect_host",
            "revocation",
            "manage_url",
            "console_url",
            "scopes.user:read:follows",
            "scopes.user:read:subscriptions",
            "scopes.chat:read",
            "scopes.chat:edit",
            "scopes.channel:read:subscriptions",
            "scopes.channel:manage:broadcast",
            "scopes.clips:edit",
            "scopes.user:edit",
            "default_expires_in",
            "revocation_reach",
        ),
    )
