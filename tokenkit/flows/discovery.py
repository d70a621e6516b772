"""Metadata of an authorization server (RFC 8414, OpenID Connect Discovery), found by its issuer."""

import re
from collections.abc import Mapping
from typing import Any, TypedDict, cast
from urllib.parse import urlsplit

from tokenkit.errors import InvalidAnswer, ProviderUnavailable, TokenKitError
from tokenkit.flows.answer import vschar
from tokenkit.flows.client_auth import ClientAuth
from tokenkit.flows.paths import member_at
from tokenkit.flows.sanitize import sanitized
from tokenkit.listing import listed
from tokenkit.provider import Context, Request

_VARIABLE = re.compile(r"\{[A-Za-z0-9_]+\}")


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


_ENDPOINTS = tuple(name for name in Discovered.__annotations__ if name.endswith("_endpoint"))

METADATA = tuple(Discovered.__annotations__)
"""The names of what is taken."""


def discover(ctx: Context, issuer: str) -> Discovered:
    """Fetch the metadata of `issuer`, which must name that same issuer.

    An endpoint may be a path on the issuer's own host; else it must be https, but where the issuer itself is not.
    Raises `InvalidAnswer` when no document is found, it belongs to another issuer or names an endpoint otherwise, and
    `ProviderUnavailable`.
    """
    return read(issuer, fetch(ctx, issuer))


def fetch(ctx: Context, issuer: str) -> dict[str, Any]:
    """Return the first document that the issuer publishes, as it is; see `discover`.

    Many a server answers each address that it has not with a page of its app, or with an error of its own.
    """
    trouble: list[TokenKitError] = []
    moved = ""
    for url in _addresses(issuer):
        response = ctx.send(Request("GET", url, (("Accept", "application/json"),)))
        if response.status == 200:
            try:
                return response.json_object()
            except InvalidAnswer as error:
                trouble.append(error)
        elif response.status >= 500:
            said = f"{issuer} has trouble of its own (HTTP {response.status})"
            trouble.append(ProviderUnavailable(said).answered(response.status))
        elif 300 <= response.status < 400:
            moved = moved or _led_to(issuer, response.header("location") or "")
    if trouble:
        raise trouble[0]
    raise InvalidAnswer(
        f"{issuer} publishes no metadata (RFC 8414, OpenID Connect Discovery)", hint=_address_hint(issuer, moved)
    )


def _led_to(issuer: str, location: str) -> str:
    """Return the server to which a redirect leads, if it is another; nothing is fetched from there."""
    there = _origin(location)
    plain = vschar(there) and len(there) < 100 and there.startswith(("https://", "http://")) and "@" not in there
    return there if plain and there != _origin(issuer) else ""


def _address_hint(issuer: str, moved: str) -> str:
    start, found, rest = issuer.partition("/.well-known/")
    if found:  # somebody took the address of the document
        return f'write issuer = "{start}{rest[rest.find("/") :] if "/" in rest else ""}"'
    return f"it leads on to {moved}: ask for the issuer there, if that is the one you mean" if moved else ""


def _addresses(issuer: str) -> list[str]:
    """Return the addresses in use: RFC 8414 section 3 puts its path after the host, OpenID Connect at the end."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    inserted = [f"{origin}/.well-known/{name}{path}" for name in ("oauth-authorization-server", "openid-configuration")]
    return [*inserted, f"{origin}{path}/.well-known/openid-configuration"] if path else inserted


def read(issuer: str, members: Mapping[str, Any]) -> Discovered:
    """Take what a provider's data needs out of the document; see `discover`."""
    named = members.get("issuer")
    if not (isinstance(named, str) and _same_issuer(issuer, named)):
        found = named if isinstance(named, str) and vschar(named) and len(named) < 200 else ""
        raise InvalidAnswer(
            f"the metadata found for {issuer} is another issuer's (RFC 8414 section 3.3): it names {found or 'none'}",
            hint=f"ask for the issuer {found}, if that is the one you mean" if found else "is that the whole address?",
        )
    endpoints = {name: _endpoint(issuer, members, name) for name in _ENDPOINTS}
    if not (endpoints["authorization_endpoint"] and endpoints["token_endpoint"]):
        raise InvalidAnswer(
            f"the metadata of {issuer} names no authorization or no token endpoint",
            hint="write a provider file by hand: docs/how-to/add-a-provider.md",
        )
    promised = members.get("authorization_response_iss_parameter_supported") is True
    return Discovered(
        issuer=issuer if "{" in named else named,
        authorization_endpoint=endpoints["authorization_endpoint"],
        token_endpoint=endpoints["token_endpoint"],
        revocation_endpoint=endpoints["revocation_endpoint"],
        introspection_endpoint=endpoints["introspection_endpoint"],
        device_authorization_endpoint=endpoints["device_authorization_endpoint"],
        userinfo_endpoint=endpoints["userinfo_endpoint"],
        iss="required" if promised else "if_present",
        client_auth=_client_auth(members.get("token_endpoint_auth_methods_supported")),
    )


_OURS: Mapping[str, tuple[str, ...]] = {
    "response_types_supported": ("code",),
    "grant_types_supported": ("authorization_code",),
    "code_challenge_methods_supported": ("S256",),
    "token_endpoint_auth_methods_supported": ("client_secret_post", "client_secret_basic", "none"),
}
"""What a declaration can do, by the member that lists what the server takes."""


def not_ours(members: Mapping[str, Any]) -> list[str]:
    """Return what the server takes, by its metadata, where a declaration can do none of it. It may say too little."""
    lists = {name: cast(list[object], members[name]) for name in _OURS if isinstance(members.get(name), list)}
    found = [
        f"{name} has {listed([sanitized(str(each), limit=30) for each in values])}, and not {' or '.join(_OURS[name])}"
        for name, values in lists.items()
        if values and not set(_OURS[name]).intersection(map(str, values))
    ]
    pushed = "require_pushed_authorization_requests"
    return [*found, f"{pushed} is true (RFC 9126)"] if members.get(pushed) is True else found


def _endpoint(issuer: str, members: Mapping[str, Any], name: str) -> str:
    """Return an endpoint as an address; a path is one on the issuer's own host. Empty where there is none."""
    given = member_at(members, name)
    if not given:
        return ""
    origin = _origin(issuer)
    url = f"{origin}{given}" if given.startswith("/") and not given.startswith("//") else given
    if " " in url or not (vschar(url) and (url.startswith("https://") or _origin(url) == origin)):
        raise InvalidAnswer(
            f"the metadata of {issuer} says {name}: {sanitized(given, limit=100)!r}, which is neither an https address "
            f"nor a path on its own host",
            hint=f"write {name} into the provider file as its documentation has it",
        )
    return url


def _origin(url: str) -> str:
    """Return where it leads; empty for what a stranger wrote and nobody can read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def _same_issuer(asked: str, named: str) -> bool:
    """Tell whether the document is the issuer's: the same but for a slash at the end, which people add and leave out.

    Where it names a template, as Entra's for all tenants does (``{tenantid}``), each variable is one part of the path.
    """
    parts, template = asked.rstrip("/").split("/"), named.rstrip("/").split("/")
    if len(parts) != len(template):
        return False
    variable = (place > 2 and bool(_VARIABLE.fullmatch(part)) for place, part in enumerate(template))
    return all(given == part or free for given, part, free in zip(parts, template, variable, strict=True))


def _client_auth(methods: object) -> ClientAuth:
    """Return the one we prefer of those it takes; RFC 8414 section 2 takes ``client_secret_basic`` where none is named.

    In the body no character of a secret can be encoded in two ways, so that goes before Basic.
    """
    named = cast(list[object], methods) if isinstance(methods, list) else ["client_secret_basic"]
    known: dict[str, ClientAuth] = {"client_secret_post": "post", "client_secret_basic": "basic", "none": "none"}
    for name, method in known.items():
        if name in named:
            return method
    return "basic"
