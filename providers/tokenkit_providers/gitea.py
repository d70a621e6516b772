"""Gitea: repositories of your own Gitea or Forgejo.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

NO_SERVER = 'it runs on a server of its own: in config.toml, under [providers.gitea], write base_url = "https://..."'

SCOPES = {
    scope.value: scope
    for scope in (
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
}


def provider(*, base_url: str = "") -> OAuth2:
    """Return Gitea; `base_url` is your instance, such as ``https://git.example``."""
    base = base_url.rstrip("/") or "https://nowhere.invalid"
    return OAuth2(
        name="gitea",
        title="Gitea",
        authorization_endpoint=f"{base}/login/oauth/authorize",
        token_endpoint=f"{base}/login/oauth/access_token",
        userinfo_endpoint=f"{base}/login/oauth/userinfo",
        resource_hosts=(f"{base}/api/v1",),
        console_url=f"{base}/user/settings/applications",
        manage_url=f"{base}/user/settings/applications",
        retired="" if base_url else NO_SERVER,
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
