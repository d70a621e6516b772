"""A provider that is described by data, with its addresses in the sandbox."""

from dataclasses import replace
from typing import Any, TypeVar

from tokenkit.api_key import ApiKey
from tokenkit.oauth2 import OAuth2
from tokenkit.variables import Variable

Described = TypeVar("Described", OAuth2, ApiKey)

ENDPOINTS = (
    "authorization_endpoint", "token_endpoint", "refresh_endpoint", "revocation_endpoint", "introspection_endpoint",
    "device_authorization_endpoint", "userinfo_endpoint", "issuer",
)  # fmt: skip
OF_AN_API_KEY = ("userinfo_endpoint", "revocation_endpoint")


def moved(provider: Described, base_url: str) -> Described:
    """Return the provider with all its addresses at `base_url`, each below its own host's name there.

    What a person types into a field has the sandbox's own form there.
    """

    def here(url: str) -> str:
        return base_url.rstrip("/") + "/" + url.partition("://")[2].replace("*.", "any.") if url else ""

    named = OF_AN_API_KEY if isinstance(provider, ApiKey) else ENDPOINTS
    changes: dict[str, Any] = {name: here(getattr(provider, name)) for name in named}
    if isinstance(provider, ApiKey):
        changes["fields"] = {name: replace(asked, pattern="") for name, asked in provider.fields.items()}
    return replace(
        provider,
        resource_hosts=tuple(map(here, provider.resource_hosts)),
        userinfo=replace(provider.userinfo, name_endpoint=here(provider.userinfo.name_endpoint)),
        **changes,
    )


def on_a_server(provider: Described) -> Described:
    """Return a provider of which each has a server of its own on a made-up one; any other as it is."""

    def made_up(variable: Variable) -> str:
        if variable.kind == "server":
            return f"https://{provider.name}.example"
        return variable.choices[0] if variable.choices else provider.name

    lacking = {name: made_up(variable) for name, variable in provider.lacking.items()}
    return provider.at({**provider.settled, **lacking}) if lacking else provider
