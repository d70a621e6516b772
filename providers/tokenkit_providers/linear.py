"""Linear: issues and projects.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, UserinfoRequest

SCOPES = Scope.by_value(
    Scope("read", "see your issues, projects and teams", service="Issues", strength="read"),
    Scope("issues:create", "create issues and attachments", service="Issues", strength="add"),
    Scope("comments:create", "comment on issues", service="Comments", strength="add"),
    Scope(
        "write",
        "see and change issues, projects and comments",
        service="Issues",
        strength="write",
        includes=("read", "issues:create"),
    ),
    Scope("timeSchedule:write", "make and change time schedules", service="Schedules", strength="write"),
    Scope("admin", "administer the workspace", service="Administration", strength="full"),
)


def provider() -> OAuth2:
    """Return Linear."""
    return OAuth2(
        name="linear",
        title="Linear",
        authorization_endpoint="https://linear.app/oauth/authorize",
        token_endpoint="https://api.linear.app/oauth/token",
        revocation_endpoint="https://api.linear.app/oauth/revoke",
        userinfo_endpoint="https://api.linear.app/graphql",
        resource_hosts=("https://api.linear.app",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://linear.app/settings/api",
        manage_url="https://linear.app/settings/account/security",
        scopes=SCOPES,
        scope_separator=",",
        authorization_parameters={"prompt": "consent"},
        userinfo=UserinfoRequest(query="{ viewer { id name email } }"),
        revocation_reach="grant",
        needs_secret=False,
        default_expires_in=86400.0,
        subject_path="data.viewer.id",
        name_paths=("data.viewer.email", "data.viewer.name"),
        default_scopes=("read",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "better-auth",
            "name_paths": "better-auth",
            "redirect_host": "vellum-assistant",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, better-auth, arctic",
            "token_endpoint": "NangoHQ/nango, better-auth, arctic",
            "revocation_endpoint": "several public clients",
            "userinfo_endpoint": "better-auth, arctic",
            "scopes": "vellum-assistant, better-auth, NangoHQ/integration-templates",
            "*": "linear.app/developers/oauth-2-0-authentication (refresh tokens since 2025-10-01, for all apps "
            "since 2026-04-01)",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "default_expires_in",
            "revocation_reach",
            "manage_url",
        ),
    )
