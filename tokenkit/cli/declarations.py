"""``tokenkit providers add`` and ``providers check``: write a declaration from a server's metadata, and read one."""

import json
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tokenkit import durable_file, private_file
from tokenkit.cli.output import data, say
from tokenkit.consent.redirect import loopback_parts
from tokenkit.errors import ConfigurationError, TokenRefused, UsageError
from tokenkit.listing import listed
from tokenkit.nearest import nearest
from tokenkit.net.hosts import check_tls, parse_url
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.api_key import ApiKey
    from tokenkit.flows.discovery import Discovered
    from tokenkit.kit import TokenKit
    from tokenkit.oauth2 import OAuth2
    from tokenkit.provider import Provider

_WELL_KNOWN = re.compile(r"/\.well-known/(?:openid-configuration|oauth-authorization-server)(/.*)?$")
_COMMON = frozenset({"accounts", "api", "app", "auth", "id", "identity", "idp", "login", "oauth", "sso", "www"})
"""Labels of a host that name no service."""

_ENDPOINTS = (
    "authorization_endpoint", "token_endpoint", "revocation_endpoint", "introspection_endpoint",
    "device_authorization_endpoint", "userinfo_endpoint",
)  # fmt: skip


def add_declaration(kit: "TokenKit", url: str) -> None:
    """Fetch the metadata of the server at `url` (RFC 8414), write a provider file from it, and say what is next.

    Raises `InvalidAnswer` and `ProviderUnavailable` where there is none, and `ConfigurationError` for a file that is
    there already.
    """
    from tokenkit.flows.discovery import fetch, not_ours, read
    from tokenkit.provider_file import read_provider_file

    issuer = _issuer(url)
    members = fetch(kit.context, issuer)
    found = read(issuer, members)
    name = _name(issuer)
    path = os.path.join(kit.folders.config, "providers", f"{name}.toml")
    if os.path.lexists(path) or name in kit.providers():
        raise ConfigurationError(
            f"there is a provider {name} already", hint=f"tokenkit providers {name}; rename or remove {quoted(path)}"
        )
    private_file.ensure_folder(os.path.dirname(path), linked=True)
    durable_file.write(path, "".join(_lines(name, found)).encode())
    try:
        made = read_provider_file(path, name, {})
    except ConfigurationError:
        os.unlink(path)  # what the document names is no provider that could be signed in to
        raise
    data(path)
    _remark(made)
    for each in not_ours(members):
        say(f"tokenkit: note: {each}: if the server means that, a sign-in needs a plugin in code")
    say(
        f"tokenkit: next: look through the file, then: tokenkit client set {made.name}, and: tokenkit login {made.name}"
    )


def check_declaration(kit: "TokenKit", path: str) -> None:
    """Read a provider file strictly, and say what a sign-in would lack; `ConfigurationError` for what is wrong.

    What is no file may be the name of a provider that is there: it was checked when it was loaded.
    """
    from tokenkit.api_key import ApiKey
    from tokenkit.provider_file import read_provider_file

    if not os.path.exists(path) and path in kit.providers():
        _check_known(kit.provider(path))
        return
    if os.path.isdir(path):
        raise ConfigurationError(f"{path} is a folder", hint="tokenkit providers check FILE, for each file in it")
    name = os.path.splitext(os.path.basename(path))[0]
    made = read_provider_file(path, name, {})
    data(f"{path} declares {made.title}")
    if isinstance(made, ApiKey):
        _say_placement(made)
    else:
        _say_unknown_scopes(made)
        _say_port(made)
    _remark(made)
    _say_plain_http(made)


def _check_known(provider: "Provider") -> None:
    """Say that a provider is in order, which was found when it was loaded, and what finds more."""
    from tokenkit.oauth2 import OAuth2

    data(f"{provider.title} was checked when it was loaded")
    if isinstance(provider, OAuth2):
        asks = f"tokenkit providers check --live {provider.name}"
        say(f"tokenkit: {asks} asks its server whether anything has moved")


def _remark(provider: "OAuth2 | ApiKey") -> None:
    """Say what is missing that most people want."""
    for wanted, remark in (
        (provider.resource_hosts, "no resource_hosts: tokenkit request and kit.http() send its token nowhere"),
        (provider.userinfo_endpoint or not provider.fields, "no userinfo_endpoint: a key is kept untried"),
        (provider.identify, f"no {_lacks(provider)}: nobody knows whose account it is; it will be called default"),
        (provider.revoke, "no revocation_endpoint: a sign-out ends nothing at the provider"),
        (provider.scopes or provider.fields, "no scopes: people cannot read what they allow"),
    ):
        if not wanted:
            say(f"tokenkit: note: {remark}")


def _lacks(provider: "OAuth2 | ApiKey") -> str:
    return "subject_path" if provider.userinfo_endpoint else "userinfo_endpoint"


def _say_placement(provider: "ApiKey") -> None:
    places = [f"{name}: {value}" for name, value in provider.placement.headers.items()]
    places += [f"?{name}={value}" for name, value in provider.placement.query.items()]
    say(f"tokenkit: what is typed travels as {' and '.join(places)}, to {listed(provider.resource_hosts)}")


def _say_unknown_scopes(provider: "OAuth2") -> None:
    known = {*provider.scopes, *(scope.value for scope in provider.scopes.values())}
    for name in provider.default_scopes if known else ():
        if name not in known:
            near = nearest(name, known)
            meant = f"; did you mean {near}?" if near else ""
            say(f"tokenkit: note: {name} is none of this file's scopes, and is asked for as it stands{meant}")


def _say_port(provider: "OAuth2") -> None:
    parts = urlsplit(provider.redirect_uri)
    if loopback_parts(provider.redirect_uri) and not parts.port:
        fixed = parts._replace(netloc=f"{parts.netloc}:8765").geturl()
        instead = f"write and register {fixed}, or leave it out where the service takes any port"
        say(f"tokenkit: note: redirect_uri names no port, and a sign-in cannot listen at 80: {instead}")


def _say_plain_http(provider: "OAuth2 | ApiKey") -> None:
    for url in dict.fromkeys((*provider.resource_hosts, *provider.endpoints.values())):
        try:
            check_tls(parse_url(url.replace("*.", "", 1)))
        except TokenRefused as error:
            say(f"tokenkit: note: {url}: {error}; plain http is for loopback literals such as http://127.0.0.1")
        except ValueError:  # braces, filled in for each account
            continue


def _issuer(url: str) -> str:
    try:
        parse_url(url)
    except ValueError as error:
        shown = repr(url) if "@" not in url else "what was typed"  # a password may stand there (R35)
        raise UsageError(
            f"{shown} is no address of an authorization server: {error}", hint="tokenkit providers add https://..."
        ) from None
    parts = urlsplit(url)
    path = _WELL_KNOWN.sub(lambda match: match[1] or "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _name(issuer: str) -> str:
    """Return a name for the file: the part of the host that is the service's own."""
    host = urlsplit(issuer).hostname or ""
    labels = [label for label in host.split(".")[:-1] if label not in _COMMON] or host.split(".")
    return re.sub(r"[^a-z0-9-]", "-", labels[-1].lower()).strip("-") or "provider"


def _lines(name: str, found: "Discovered") -> Iterator[str]:
    """Write the declaration, with what no metadata says as comments to fill in."""
    yield f"# Written by tokenkit from the metadata of {found['issuer']}. Every field: docs/reference/declaration.md\n"
    yield "[provider]\n"
    yield f"name = {json.dumps(name)}\n"
    yield f"title = {json.dumps(name.capitalize())}\n"
    yield f"issuer = {json.dumps(found['issuer'])}\n"
    if found["iss"] == "required":
        yield 'iss = "required"\n'
    endpoints = {name: str(value) for name, value in found.items()}
    for field in _ENDPOINTS:
        if endpoints[field]:
            yield f"{field} = {json.dumps(endpoints[field])}\n"
    yield f"client_auth = {json.dumps(found['client_auth'])}\n"
    yield "# where its tokens may go; the documentation of its API says it:\n"
    yield '# resource_hosts = ["https://api..."]\n'
    yield '# default_scopes = ["..."]\n'
    if found["userinfo_endpoint"]:
        yield 'identity_scopes = ["openid", "email"]\n'
