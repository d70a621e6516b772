"""Metadata of an authorization server (RFC 8414, OpenID Connect Discovery), found by its issuer."""

from collections.abc import Mapping
from typing import Any, TypedDict, cast
from urllib.parse import urlsplit

from tokenkit.errors import InvalidAnswer, ProviderUnavailable
from tokenkit.flows.answer import member_at
from tokenkit.flows.client_auth import ClientAuth
from tokenkit.provider import Context, Request


class Discovered(TypedDict):
    """What a provider's data takes from its metadata, under the names that it has there."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    device_authorization_endpoint: str
    userinfo_endpoint: str
    iss: str
    client_auth: ClientAuth


def discover(ctx: Context, issuer: str) -> Discovered:
    """Fetch the metadata of `issuer`, which must name that same issuer.

    Raises `InvalidAnswer` when no document is found or it belongs to another issuer, and `ProviderUnavailable`.
    """
    for url in _addresses(issuer):
        response = ctx.send(Request("GET", url, (("Accept", "application/json"),)))
        if response.status >= 500:
            raise ProviderUnavailable(f"{issuer} has trouble of its own (HTTP {response.status})")
        if response.status == 200:
            return _read(issuer, response.json_object())
    raise InvalidAnswer(f"{issuer} publishes no metadata (RFC 8414, OpenID Connect Discovery)")


def _addresses(issuer: str) -> list[str]:
    """RFC 8414 puts its path between host and path (section 3), OpenID Connect after it; both are in use."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    inserted = [f"{origin}/.well-known/{name}{path}" for name in ("oauth-authorization-server", "openid-configuration")]
    return [*inserted, f"{origin}{path}/.well-known/openid-configuration"] if path else inserted


def _read(issuer: str, members: Mapping[str, Any]) -> Discovered:
    if members.get("issuer") != issuer:
        raise InvalidAnswer(f"the metadata found for {issuer} is another issuer's (RFC 8414 section 3.3)")
    if not (member_at(members, "authorization_endpoint") and member_at(members, "token_endpoint")):
        raise InvalidAnswer(f"the metadata of {issuer} names no authorization or no token endpoint")
    promised = members.get("authorization_response_iss_parameter_supported") is True
    return Discovered(
        issuer=issuer,
        authorization_endpoint=member_at(members, "authorization_endpoint"),
        token_endpoint=member_at(members, "token_endpoint"),
        revocation_endpoint=member_at(members, "revocation_endpoint"),
        introspection_endpoint=member_at(members, "introspection_endpoint"),
        device_authorization_endpoint=member_at(members, "device_authorization_endpoint"),
        userinfo_endpoint=member_at(members, "userinfo_endpoint"),
        iss="required" if promised else "if_present",
        client_auth=_client_auth(members.get("token_endpoint_auth_methods_supported")),
    )


def _client_auth(methods: object) -> ClientAuth:
    """The first that we can do; RFC 8414 section 2 takes ``client_secret_basic`` where none is named."""
    named = cast(list[object], methods) if isinstance(methods, list) else ["client_secret_basic"]
    known: dict[str, ClientAuth] = {"client_secret_basic": "basic", "client_secret_post": "post", "none": "none"}
    for name, method in known.items():
        if name in named:
            return method
    return "basic"
