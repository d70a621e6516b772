"""Asana: tasks and projects.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("users:read", "see who you are and who you work with", strength="identity"),
    Scope("tasks:read", "see tasks", service="Tasks", strength="read"),
    Scope("tasks:write", "create and change tasks", service="Tasks", strength="write"),
    Scope("tasks:delete", "delete tasks", service="Deleting tasks", strength="full"),
    Scope("projects:read", "see projects", service="Projects", strength="read"),
    Scope("projects:write", "create and change projects", service="Projects", strength="write"),
    Scope("stories:read", "read comments", service="Comments", strength="read"),
    Scope("stories:write", "comment", service="Comments", strength="write"),
    Scope("workspaces:read", "see workspaces", service="Workspaces", strength="read"),
    Scope("attachments:read", "see attachments", service="Attachments", strength="read"),
    Scope("goals:read", "see goals", service="Goals", strength="read"),
    Scope("teams:read", "see teams", service="Teams", strength="read"),
)


def provider() -> OAuth2:
    """Return Asana."""
    return OAuth2(
        name="asana",
        title="Asana",
        authorization_endpoint="https://app.asana.com/-/oauth_authorize",
        token_endpoint="https://app.asana.com/-/oauth_token",
        revocation_endpoint="https://app.asana.com/-/oauth_revoke",
        userinfo_endpoint="https://app.asana.com/api/1.0/users/me",
        resource_hosts=("https://app.asana.com/api/1.0",),
        redirect_port=8765,
        console_url="https://app.asana.com/0/my-apps",
        manage_url="https://app.asana.com/0/my-profile-settings/apps",
        scopes=SCOPES,
        needs_secret=True,
        revocation_reach="grant",
        subject_path="data.gid",
        name_paths=("data.email", "data.name"),
        default_scopes=("users:read",),
        identity_scopes=("users:read",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "name_paths": "social-core",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, social-core, simov/grant, golang/oauth2",
            "revocation_endpoint": "the provider's own pages",
            "userinfo_endpoint": "social-core, simov/grant",
            "scopes": "NangoHQ/integration-templates, vellum-assistant",
            "*": "developers.asana.com/docs/oauth",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "revocation_reach",
            "subject_path",
            "manage_url",
            "scopes.goals:read",
        ),
    )
