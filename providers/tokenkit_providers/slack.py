"""Slack: messages, channels and files, as yourself.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import AnswerShape, OAuth2, RevocationRequest, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("users:read", "see who is in the workspace", service="People", strength="read"),
    Scope("users:read.email", "see the email addresses of people", service="People", strength="read"),
    Scope("channels:read", "see the list of public channels", service="Channels", strength="read"),
    Scope("channels:history", "read messages in public channels", service="Channels", strength="read"),
    Scope("groups:read", "see your private channels", service="Private channels", strength="read"),
    Scope("groups:history", "read messages in your private channels", service="Private channels", strength="read"),
    Scope("im:read", "see your direct messages' partners", service="Direct messages", strength="read"),
    Scope("im:history", "read your direct messages", service="Direct messages", strength="read"),
    Scope("mpim:history", "read your group messages", service="Group messages", strength="read"),
    Scope("chat:write", "send messages as you", service="Sending", strength="add"),
    Scope("search:read", "search messages and files", service="Search", strength="read"),
    Scope("files:read", "see and download files", service="Files", strength="read"),
    Scope("files:write", "upload, change and delete files", service="Files", strength="write"),
    Scope("reactions:write", "add reactions as you", service="Reactions", strength="write"),
    Scope("users.profile:write", "change your profile and status", service="Status", strength="write"),
)


def provider() -> OAuth2:
    """Return Slack."""
    return OAuth2(
        name="slack",
        title="Slack",
        authorization_endpoint="https://slack.com/oauth/v2/authorize",
        token_endpoint="https://slack.com/api/oauth.v2.access",
        revocation_endpoint="https://slack.com/api/auth.revoke",
        userinfo_endpoint="https://slack.com/api/auth.test",
        resource_hosts=("https://slack.com/api", "https://files.slack.com"),
        redirect_port=8765,
        console_url="https://api.slack.com/apps",
        manage_url="https://my.slack.com/apps/manage",
        scopes=SCOPES,
        scope_separator=",",
        parameter_names={"scope": "user_scope"},
        answer=AnswerShape(path="authed_user", success="ok"),
        captured=("team.id", "team.name"),
        revocation=RevocationRequest(which="access", sent_in="bearer"),
        revocation_reach="token",
        default_expires_in="never",
        idle_lifetime=30 * DAY,
        subject_path="user_id",
        name_paths=("user",),
        default_scopes=("users:read",),
        reasons={
            "invalid_refresh_token": "its refresh token ends after 30 days without use, and an older one serves no "
            "more",
            "token_revoked": "you removed the app from the workspace",
        },
        sources={
            "resource_hosts": "NangoHQ/nango; several public clients (files.slack.com)",
            "subject_path": "several public clients",
            "name_paths": "several public clients",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, golang/oauth2",
            "revocation_endpoint": "the provider's own pages",
            "userinfo_endpoint": "simov/grant",
            "scopes": "NangoHQ/integration-templates, vellum-assistant, better-auth",
            "*": "docs.slack.dev changelog 2026-03-30 (PKCE: public for good, user scopes only, 30 days)",
        },
        checked="2026-11-28",
        unverified=(
            "manage_url",
            "default_expires_in",
            "answer",
            "revocation_reach",
        ),
    )
