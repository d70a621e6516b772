"""Discord: your servers and profile.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("identify", "see your user name and picture", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("guilds", "see which servers you are on", service="Servers", strength="read"),
    Scope("guilds.members.read", "see your nickname and roles on servers", service="Servers", strength="read"),
    Scope("guilds.join", "join servers for you", service="Joining servers", strength="add"),
    Scope("connections", "see your linked accounts", service="Linked accounts", strength="read"),
    Scope("relationships.read", "see your friends", service="Friends", strength="read"),
    Scope("messages.read", "read messages, where Discord has approved the app", service="Messages", strength="read"),
    Scope("role_connections.write", "change your linked roles", service="Linked roles", strength="write"),
)


def provider() -> OAuth2:
    """Return Discord."""
    return OAuth2(
        name="discord",
        title="Discord",
        authorization_endpoint="https://discord.com/oauth2/authorize",
        token_endpoint="https://discord.com/api/oauth2/token",
        revocation_endpoint="https://discord.com/api/oauth2/token/revoke",
        userinfo_endpoint="https://discord.com/api/users/@me",
        issuer="https://discord.com",
        resource_hosts=("https://discord.com/api",),
        redirect_port=8765,
        console_url="https://discord.com/developers/applications",
        manage_url="https://discord.com/channels/@me",
        scopes=SCOPES,
        default_expires_in=604800.0,
        revocation_reach="grant",
        subject_path="id",
        name_paths=("email", "global_name", "username"),
        default_scopes=("identify", "email"),
        identity_scopes=("identify",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth, better-auth",
            "name_paths": "next-auth, better-auth",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "arctic, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic, simov/grant, golang/oauth2",
            "revocation_endpoint": "arctic",
            "userinfo_endpoint": "next-auth, better-auth, arctic, simov/grant",
            "scopes": "vellum-assistant, NangoHQ/nango, NangoHQ/integration-templates",
            "*": "discord.com well-known document, stored copy; discord.com/developers/docs/topics/oauth2",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "manage_url",
            "scopes.guilds.join",
            "scopes.relationships.read",
            "scopes.role_connections.write",
        ),
    )
