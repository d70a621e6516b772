"""Raindrop.io: bookmarks.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2


def provider() -> OAuth2:
    """Return Raindrop.io."""
    return OAuth2(
        name="raindrop",
        title="Raindrop.io",
        authorization_endpoint="https://raindrop.io/oauth/authorize",
        token_endpoint="https://raindrop.io/oauth/access_token",
        userinfo_endpoint="https://api.raindrop.io/rest/v1/user",
        resource_hosts=("https://api.raindrop.io/rest/v1",),
        redirect_port=8765,
        console_url="https://app.raindrop.io/settings/integrations",
        manage_url="https://app.raindrop.io/settings/integrations",
        pkce=False,
        needs_secret=True,
        request_format="json",
        parameter_names={"scope": ""},
        subject_path="user._id",
        name_paths=("user.email", "user.fullName"),
        default_expires_in=1209600.0,
        sources={
            "resource_hosts": "fckr.gitbook.io/raindrop-io-api, a copy of its developer site",
            "subject_path": "fckr.gitbook.io/raindrop-io-api, a copy of its developer site",
            "name_paths": "fckr.gitbook.io/raindrop-io-api, a copy of its developer site",
            "userinfo_endpoint": "fckr.gitbook.io/raindrop-io-api, a copy of its developer site",
            "authorization_endpoint": "the provider's own pages",
            "token_endpoint": "several public clients",
            "*": "developer.raindrop.io/v1/authentication/token; it has no scopes",
        },
        checked="2026-11-28",
        unverified=(
            "default_expires_in",
            "redirect_host",
            "manage_url",
            "console_url",
        ),
    )
