"""Notion: pages and databases.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, UserinfoRequest

_PARTS = ("blocks", "comments", "data_sources", "databases", "file_uploads", "pages", "search", "users")
"""Of its API, which has the endpoints of the sign-in beside them."""


def provider() -> OAuth2:
    """Return Notion."""
    return OAuth2(
        name="notion",
        title="Notion",
        authorization_endpoint="https://api.notion.com/v1/oauth/authorize",
        token_endpoint="https://api.notion.com/v1/oauth/token",
        revocation_endpoint="https://api.notion.com/v1/oauth/revoke",
        userinfo_endpoint="https://api.notion.com/v1/users/me",
        resource_hosts=tuple(f"https://api.notion.com/v1/{part}" for part in _PARTS),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://www.notion.so/my-integrations",
        manage_url="https://www.notion.so/my-account",
        client_auth="basic",
        request_format="json",
        needs_secret=True,
        pkce=False,
        authorization_parameters={"owner": "user"},
        parameter_names={"scope": ""},
        default_expires_in="never",
        userinfo=UserinfoRequest(headers={"Notion-Version": "2022-06-28"}),
        subject_path="bot.owner.user.id",
        name_paths=("bot.owner.user.person.email", "bot.owner.user.name", "name"),
        revocation=RevocationRequest(which="access", sent_in="json"),
        captured=("workspace_id", "workspace_name", "bot_id"),
        revocation_reach="token",
        reasons={
            "invalid_grant": "an older refresh token was used, each serves once; or you removed the connection in "
            "Notion"
        },
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "redirect_host": "django-allauth documentation, vellum-assistant PR 16495: localhost alone, 127.0.0.1 is "
            "refused",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, better-auth, arctic, simov/grant",
            "token_endpoint": "NangoHQ/nango, better-auth, arctic, simov/grant",
            "revocation_endpoint": "the provider's own pages",
            "revocation": "developers.notion.com/reference/revoke-token: a JSON body, the access token",
            "userinfo_endpoint": "better-auth, arctic",
            "*": "api-evangelist/notion d462552; vellum-assistant",
        },
        checked="2026-11-28",
        unverified=(
            "default_expires_in",
            "revocation_reach",
            "manage_url",
        ),
    )
