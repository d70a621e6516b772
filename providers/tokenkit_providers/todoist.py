"""Todoist: tasks and projects.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope

SCOPES = Scope.by_value(
    Scope("task:add", "add tasks", service="Tasks", strength="add"),
    Scope("data:read", "see your tasks, projects, labels and filters", service="Tasks", strength="read"),
    Scope(
        "data:read_write",
        "see and change your tasks, projects, labels and filters",
        service="Tasks",
        strength="write",
        includes=("data:read", "task:add"),
    ),
    Scope("data:delete", "delete tasks, labels and filters", service="Deleting tasks", strength="full"),
    Scope("project:delete", "delete projects", service="Deleting projects", strength="full"),
)


def provider() -> OAuth2:
    """Return Todoist."""
    return OAuth2(
        name="todoist",
        title="Todoist",
        authorization_endpoint="https://todoist.com/oauth/authorize",
        token_endpoint="https://todoist.com/oauth/access_token",
        revocation_endpoint="https://api.todoist.com/api/v1/revoke",
        userinfo_endpoint="https://api.todoist.com/api/v1/user",
        resource_hosts=("https://api.todoist.com",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://developer.todoist.com/appconsole.html",
        manage_url="https://app.todoist.com/app/settings/integrations",
        scopes=SCOPES,
        scope_separator=",",
        client_auth="post",
        revocation=RevocationRequest(which="access", client_auth="basic"),
        revocation_reach="grant",
        default_expires_in="never",
        subject_path="id",
        name_paths=("email", "full_name"),
        default_scopes=("data:read_write",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "redirect_host": "one project's notes: localhost alone",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, next-auth, simov/grant",
            "token_endpoint": "NangoHQ/nango, next-auth, simov/grant",
            "revocation_endpoint": "several public clients",
            "revocation": "stored copy of its API page: Basic, form-encoded, the access token",
            "userinfo_endpoint": "several public clients",
            "scopes": "NangoHQ/integration-templates, vellum-assistant, next-auth",
            "*": "doist SDK documentation; sectapunterx/heap, OAUTH-SETUP; stored copy of its API page; older apps "
            "have tokens without an end",
        },
        checked="2026-11-28",
        unverified=(
            "revocation_reach",
            "default_expires_in",
            "manage_url",
        ),
    )
