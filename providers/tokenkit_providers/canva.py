"""Canva: designs.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("profile:read", "see your profile", strength="identity"),
    Scope("design:meta:read", "see names and dates of designs", service="Designs", strength="read"),
    Scope("design:content:read", "see and export designs", service="Designs", strength="read"),
    Scope("design:content:write", "create designs", service="Designs", strength="write"),
    Scope("asset:read", "see your uploads", service="Uploads", strength="read"),
    Scope("asset:write", "upload, change and delete uploads", service="Uploads", strength="write"),
    Scope("folder:read", "see folders", service="Folders", strength="read"),
    Scope("folder:write", "change folders", service="Folders", strength="write"),
    Scope("comment:read", "read comments", service="Comments", strength="read"),
    Scope("comment:write", "comment", service="Comments", strength="write"),
)


def provider() -> OAuth2:
    """Return Canva."""
    return OAuth2(
        name="canva",
        title="Canva",
        authorization_endpoint="https://www.canva.com/api/oauth/authorize",
        token_endpoint="https://api.canva.com/rest/v1/oauth/token",
        revocation_endpoint="https://api.canva.com/rest/v1/oauth/revoke",
        userinfo_endpoint="https://api.canva.com/rest/v1/users/me",
        resource_hosts=("https://api.canva.com/rest",),
        redirect_port=8765,
        console_url="https://www.canva.com/developers/integrations/connect-api",
        manage_url="https://www.canva.com/settings/apps",
        scopes=SCOPES,
        client_auth="basic",
        needs_secret=True,
        default_expires_in=14400.0,
        revocation_reach="grant",
        subject_path="team_user.user_id",
        name_paths=("team_user.user_id",),
        default_scopes=("profile:read",),
        identity_scopes=("profile:read",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "name_paths": "public clients",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "revocation_endpoint": "several public clients",
            "userinfo_endpoint": "several public clients",
            "scopes": "NangoHQ/integration-templates, NangoHQ/nango",
            "*": "NangoHQ/nango; public clients",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "default_expires_in",
            "revocation_reach",
            "subject_path",
            "console_url",
            "manage_url",
        ),
    )
