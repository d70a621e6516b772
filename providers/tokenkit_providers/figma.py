"""Figma: designs and comments.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("current_user:read", "see your name and email address", strength="identity"),
    Scope("file_content:read", "see the contents of files", service="Files", strength="read"),
    Scope("file_metadata:read", "see names and dates of files", service="Files", strength="read"),
    Scope("file_comments:read", "read comments", service="Comments", strength="read"),
    Scope("file_comments:write", "comment", service="Comments", strength="write"),
    Scope("file_versions:read", "see versions of files", service="Files", strength="read"),
    Scope("projects:read", "see projects", service="Projects", strength="read"),
    Scope("library_content:read", "see published components", service="Libraries", strength="read"),
    Scope("file_dev_resources:read", "see development resources", service="Development resources", strength="read"),
    Scope("webhooks:write", "make webhooks", service="Webhooks", strength="write"),
)


def provider() -> OAuth2:
    """Return Figma."""
    return OAuth2(
        name="figma",
        title="Figma",
        authorization_endpoint="https://www.figma.com/oauth",
        token_endpoint="https://api.figma.com/v1/oauth/token",
        refresh_endpoint="https://api.figma.com/v1/oauth/refresh",
        userinfo_endpoint="https://api.figma.com/v1/me",
        resource_hosts=("https://api.figma.com",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://www.figma.com/developers/apps",
        manage_url="https://www.figma.com/settings",
        scopes=SCOPES,
        client_auth="basic",
        needs_secret=True,
        subject_path="id",
        name_paths=("email", "handle"),
        default_scopes=("current_user:read",),
        identity_scopes=("current_user:read",),
        default_expires_in=7776000.0,
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth, better-auth",
            "name_paths": "next-auth, better-auth",
            "refresh_endpoint": "NangoHQ/nango",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic, simov/grant",
            "token_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic",
            "userinfo_endpoint": "next-auth, better-auth, arctic, simov/grant",
            "scopes": "NangoHQ/integration-templates, better-auth, vellum-assistant",
            "*": "next-auth, better-auth, vellum-assistant; a refresh answers an access token alone",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "scope_separator",
            "default_expires_in",
            "manage_url",
            "scopes.file_metadata:read",
        ),
    )
