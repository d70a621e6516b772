"""Home Assistant: your own home.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Variable


def provider() -> OAuth2:
    """Return Home Assistant."""
    return OAuth2(
        name="homeassistant",
        title="Home Assistant",
        variables={
            "server": Variable(
                about="where your Home Assistant answers, such as https://home.example", kind="server", own_client=False
            )
        },
        authorization_endpoint="{server}/auth/authorize",
        token_endpoint="{server}/auth/token",
        revocation_endpoint="{server}/auth/revoke",
        resource_hosts=("{server}/api",),
        console_url="https://developers.home-assistant.io/docs/auth_api/",
        manage_url="{server}/profile/security",
        redirect_port=8765,
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
