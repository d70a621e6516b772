"""GitHub: repositories, issues, notifications.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope

SCOPES = Scope.by_value(
    Scope("read:user", "see your profile", strength="identity"),
    Scope("user:email", "see your email addresses", strength="identity"),
    Scope(
        "repo",
        "read and write code, issues and settings of all your repositories, private ones too",
        service="Repositories",
        strength="full",
        includes=("public_repo",),
    ),
    Scope("public_repo", "read and write your public repositories", service="Repositories", strength="write"),
    Scope("notifications", "read your notifications and mark them as read", service="Notifications", strength="write"),
    Scope("gist", "write gists", service="Gists", strength="write"),
    Scope("read:org", "see your organisations and teams", service="Organisations", strength="read"),
    Scope("read:project", "see your projects", service="Projects", strength="read"),
    Scope("project", "see and change your projects", service="Projects", strength="write", includes=("read:project",)),
    Scope("workflow", "change the workflows of GitHub Actions", service="Actions", strength="write"),
    Scope("read:packages", "download packages", service="Packages", strength="read"),
    Scope("delete_repo", "delete repositories", service="Deleting repositories", strength="full"),
    Scope("offline_access", "get a token that ends after eight hours and is renewed"),
)


def provider() -> OAuth2:
    """Return GitHub."""
    return OAuth2(
        name="github",
        title="GitHub",
        authorization_endpoint="https://github.com/login/oauth/authorize",
        token_endpoint="https://github.com/login/oauth/access_token",
        revocation_endpoint="https://api.github.com/applications/{client_id}/token",
        device_authorization_endpoint="https://github.com/login/device/code",
        userinfo_endpoint="https://api.github.com/user",
        resource_hosts=("https://api.github.com",),
        console_url="https://github.com/settings/developers",
        manage_url="https://github.com/settings/applications",
        scopes=SCOPES,
        revocation=RevocationRequest(
            method="DELETE", which="access", sent_in="json", parameter="access_token", client_auth="basic"
        ),
        revocation_reach="token",
        needs_secret=True,
        default_expires_in="never",
        default_scopes=("read:user",),
        subject_path="id",
        name_paths=("login",),
        reasons={
            "bad_refresh_token": "it was unused for six months, or an older refresh token was used: each serves once"
        },
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "redirect_port": "github/docs pull 13663, git-credential-manager pull 1286: any port of 127.0.0.1",
            "device_authorization_endpoint": "golang/oauth2",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "userinfo_endpoint": "better-auth, arctic, simov/grant",
            "scopes": "vellum-assistant, better-auth, social-core",
            "*": "GitHub changelog 2025-07-14 (PKCE) and discussion 204963 (refresh tokens of OAuth apps)",
        },
        checked="2026-11-28",
        unverified=(
            "revocation_endpoint",
            "revocation_reach",
            "manage_url",
            "scopes.gist",
            "scopes.read:project",
            "scopes.read:packages",
            "scopes.delete_repo",
        ),
    )
