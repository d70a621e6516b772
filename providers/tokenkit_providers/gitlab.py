"""GitLab: repositories, issues and merge requests.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, Variable

SCOPES = Scope.by_value(
    Scope("openid", "know which GitLab account it is", strength="identity"),
    Scope("profile", "see your name", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("read_user", "see your profile", strength="identity"),
    Scope("read_api", "read everything that you can: projects, issues, registry", service="API", strength="read"),
    Scope("api", "read and write everything that you can", service="API", strength="full", includes=("read_api",)),
    Scope("read_repository", "read code of your projects", service="Code", strength="read"),
    Scope(
        "write_repository",
        "read and push code of your projects",
        service="Code",
        strength="write",
        includes=("read_repository",),
    ),
    Scope("read_registry", "read container images", service="Registry", strength="read"),
    Scope("write_registry", "write container images", service="Registry", strength="write"),
    Scope("ai_features", "use GitLab Duo", service="Duo", strength="read"),
)


def provider() -> OAuth2:
    """Return GitLab."""
    return OAuth2(
        name="gitlab",
        title="GitLab",
        variables={
            "instance": Variable(
                about="your GitLab, such as https://gitlab.com", kind="server", default="https://gitlab.com", path=True
            )
        },
        authorization_endpoint="{instance}/oauth/authorize",
        token_endpoint="{instance}/oauth/token",
        revocation_endpoint="{instance}/oauth/revoke",
        device_authorization_endpoint="{instance}/oauth/authorize_device",
        userinfo_endpoint="{instance}/oauth/userinfo",
        issuer="{instance}",
        resource_hosts=("{instance}/api",),
        redirect_port=8765,
        console_url="{instance}/-/user_settings/applications",
        manage_url="{instance}/-/user_settings/applications",
        scopes=SCOPES,
        default_expires_in=7200.0,
        revocation_reach="token",
        default_scopes=("openid", "profile", "email", "read_user"),
        identity_scopes=("openid", "profile", "email"),
        subject_path="sub",
        name_paths=("email", "nickname", "name"),
        sources={
            "resource_hosts": "NangoHQ/nango, social-core",
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "redirect_host": "sectapunterx/heap, OAUTH-SETUP",
            "authorization_endpoint": "NangoHQ/nango, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, social-core, simov/grant, golang/oauth2",
            "revocation_endpoint": "the provider's own pages",
            "userinfo_endpoint": "several public clients",
            "scopes": "NangoHQ/integration-templates, next-auth, better-auth",
            "*": "GitLab's OAuth pages, by stored copies (2 hours, rotating; device grant from 17.1)",
        },
        checked="2026-11-28",
        unverified=(
            "device_authorization_endpoint",
            "issuer",
            "revocation_reach",
            "console_url",
            "manage_url",
            "scopes.openid",
            "scopes.write_repository",
            "scopes.read_registry",
            "scopes.write_registry",
            "scopes.ai_features",
        ),
    )
