"""Gitea: repositories of your own Gitea or Forgejo.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, Variable

SCOPES = Scope.by_value(
    Scope("openid", "know which account it is", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("profile", "see your name", strength="identity"),
    Scope("read:repository", "read your repositories", service="Repositories", strength="read"),
    Scope(
        "write:repository",
        "read and change your repositories",
        service="Repositories",
        strength="write",
        includes=("read:repository",),
    ),
    Scope("read:issue", "see issues", service="Issues", strength="read"),
    Scope("write:issue", "write issues", service="Issues", strength="write", includes=("read:issue",)),
    Scope("read:notification", "see notifications", service="Notifications", strength="read"),
    Scope("read:user", "see your profile", strength="identity"),
)


def provider() -> OAuth2:
    """Return Gitea."""
    return OAuth2(
        name="gitea",
        title="Gitea",
        variables={
            "instance": Variable(about="your Gitea or Forgejo, such as https://codeberg.org", kind="server", path=True)
        },
        authorization_endpoint="{instance}/login/oauth/authorize",
        token_endpoint="{instance}/login/oauth/access_token",
        userinfo_endpoint="{instance}/login/oauth/userinfo",
        resource_hosts=("{instance}/api/v1",),
        console_url="{instance}/user/settings/applications",
        manage_url="{instance}/user/settings/applications",
        scopes=SCOPES,
        subject_path="sub",
        name_paths=("email", "preferred_username", "name"),
        default_scopes=("openid", "email", "profile"),
        identity_scopes=("openid", "email"),
        sources={
            "resource_hosts": "social-core",
            "subject_path": "OpenID Connect Core",
            "name_paths": "OpenID Connect Core",
            "authorization_endpoint": "the provider's own pages",
            "token_endpoint": "the provider's own pages",
            "userinfo_endpoint": "the provider's own pages",
            "scopes": "social-core",
            "*": "arctic documentation",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "redirect_port",
            "console_url",
            "manage_url",
            "scopes.openid",
            "scopes.profile",
            "scopes.read:repository",
            "scopes.write:repository",
            "scopes.read:issue",
            "scopes.write:issue",
            "scopes.read:notification",
            "scopes.read:user",
        ),
    )
