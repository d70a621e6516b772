"""Trakt: films and series you watched.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, UserinfoRequest


def provider() -> OAuth2:
    """Return Trakt."""
    return OAuth2(
        name="trakt",
        title="Trakt",
        authorization_endpoint="https://trakt.tv/oauth/authorize",
        token_endpoint="https://api.trakt.tv/oauth/token",
        revocation_endpoint="https://api.trakt.tv/oauth/revoke",
        userinfo_endpoint="https://api.trakt.tv/users/me",
        resource_hosts=("https://api.trakt.tv",),
        redirect_port=8765,
        console_url="https://trakt.tv/oauth/applications",
        manage_url="https://trakt.tv/oauth/authorized_applications",
        pkce=False,
        needs_secret=True,
        request_format="json",
        parameter_names={"scope": ""},
        revocation=RevocationRequest(which="access", sent_in="json"),
        revocation_reach="grant",
        userinfo=UserinfoRequest(headers={"trakt-api-version": "2", "trakt-api-key": "{client_id}"}),
        subject_path="ids.slug",
        name_paths=("username", "name"),
        default_expires_in=86400.0,
        sources={
            "resource_hosts": "several public clients",
            "name_paths": "next-auth",
            "subject_path": "next-auth",
            "authorization_endpoint": "next-auth, simov/grant",
            "token_endpoint": "next-auth",
            "revocation_endpoint": "several public clients",
            "userinfo_endpoint": "next-auth",
            "*": "tRakt documentation; its device flow sends `code` in place of `device_code`, so it is not offered",
        },
        checked="2026-11-28",
        unverified=(
            "default_expires_in",
            "redirect_host",
            "revocation",
            "revocation_reach",
            "userinfo",
            "manage_url",
            "console_url",
        ),
    )
