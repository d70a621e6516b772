"""Home Assistant: your own home.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2

NO_SERVER = (
    'it runs on a server of its own: in config.toml, under [providers.homeassistant], write base_url = "https://..."'
)


def provider(*, base_url: str = "") -> OAuth2:
    """Return Home Assistant; `base_url` is where your Home Assistant answers, such as ``https://home.example``."""
    base = base_url.rstrip("/") or "https://nowhere.invalid"
    return OAuth2(
        name="homeassistant",
        title="Home Assistant",
        authorization_endpoint=f"{base}/auth/authorize",
        token_endpoint=f"{base}/auth/token",
        revocation_endpoint=f"{base}/auth/revoke",
        resource_hosts=(f"{base}/api",),
        console_url="https://developers.home-assistant.io/docs/auth_api/",
        manage_url=f"{base}/profile/security",
        redirect_port=8765,
        retired="" if base_url else NO_SERVER,
        client_auth="none",
        pkce=False,
        parameter_names={"scope": ""},
        default_expires_in=1800.0,
        revocation_reach="grant",
        sources={
            "resource_hosts": "tried against a running Home Assistant",
            "authorization_endpoint": "the provider's own pages",
            "token_endpoint": "the provider's own pages",
            "revocation_endpoint": "the provider's own pages",
            "redirect_port": "home-assistant/core, verify_redirect_uri: host and port of the client id",
            "*": "tried against a running Home Assistant; the client id is a URL of your choice, and its host and port "
            "those of the redirect: http://127.0.0.1:8765/, and it has no secret",
        },
        checked="2026-11-28",
        unverified=(
            "manage_url",
            "console_url",
        ),
    )
