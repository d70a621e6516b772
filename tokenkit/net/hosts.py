"""Where a token may go: the resource servers of its provider, over TLS, and nowhere else (R32 to R34).

A URL is read strictly: what two programs could read differently (a user name, a backslash, a host outside ASCII) is
refused and not repaired. A path must lie under the allowed prefix in every reading that `tokenkit.net.readings` knows:
what stands between us and the resource server, and that server itself, each decode and walk a path as they please.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import ConfigurationError, TokenRefused
from tokenkit.listing import listed
from tokenkit.net.readings import readings
from tokenkit.provider import Provider
from tokenkit.shell import quoted
from tokenkit.token import AccessToken

DEFAULT_PORTS = {"http": 80, "https": 443}

_URL = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{0,5}))?([/?#][!-\[\]-~]*)?", re.IGNORECASE)

_LOOPBACK_4 = ipaddress.ip_network("127.0.0.0/8")
_LOOPBACK_6 = ipaddress.ip_network("::1/128")

_REGISTRY_LABELS = frozenset({"ac", "co", "com", "edu", "gob", "gov", "ne", "net", "nom", "or", "org"})

_TENANTS = (
    "amazonaws.com", "appspot.com", "atlassian.net", "azurewebsites.net", "cloudfront.net", "duckdns.org",
    "firebaseapp.com", "fly.dev", "github.io", "gitlab.io", "googleusercontent.com", "herokuapp.com", "myshopify.com",
    "netlify.app", "ngrok-free.app", "ngrok.io", "onrender.com", "pages.dev", "run.app", "trycloudflare.com",
    "vercel.app", "web.app", "windows.net", "workers.dev", "zendesk.com",
)  # fmt: skip
"""Domains under which strangers get a name of their own: no wildcard covers them. A well-known few, not a full list."""


class Target(NamedTuple):
    """Where a URL leads, in one spelling: lower-case host without a final dot, explicit port, target as written."""

    scheme: str
    host: str
    port: int
    target: str

    def __repr__(self) -> str:
        return f"Target({self.origin}…)"  # the rest of a URL may hold a secret (R35)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def authority(self) -> str:
        """``host`` or ``host:port`` where the port is not the scheme's own; IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """``scheme://authority``: what may be shown of a URL."""
        return f"{self.scheme}://{self.authority}"


class ResourceHost(NamedTuple):
    """One entry of a provider's `resource_hosts`, read."""

    place: Target
    wildcard: bool
    prefix: str

    def holds(self, target: Target) -> bool:
        """Tell whether `target` is on this resource server and under its path prefix."""
        if (self.place.scheme, self.place.port) != (target.scheme, target.port):
            return False
        if self.wildcard:
            return target.host.endswith(f".{self.place.host}") and _under(target.path, self.prefix)
        return target.host == self.place.host and _under(target.path, self.prefix)


def parse_url(url: str) -> Target:
    """Read an absolute http(s) URL; raises `ValueError`, which shows nothing of the URL, when it is not plainly one."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("it is not a plain http(s) URL (ASCII, without user name, spaces and backslashes)")
    scheme, host, port, rest = match.group(1).lower(), match.group(2), match.group(3), match.group(4) or ""
    number = int(port) if port else DEFAULT_PORTS[scheme]
    if not 0 < number < 65536:
        raise ValueError("its port is not one")
    target = rest.partition("#")[0]
    return Target(scheme, _host(host), number, target if target.startswith("/") else f"/{target}")


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return ipaddress.IPv6Address(text[1:-1]).compressed
        except ValueError:
            raise ValueError("its host is not an IPv6 address") from None
    host = text.lower().removesuffix(".")
    if not all(host.split(".")):
        raise ValueError("its host has an empty label")
    return host


@lru_cache(maxsize=512)
def resource_host(entry: str) -> ResourceHost:
    """Read an entry: ``https://host[:port][/prefix]``, or ``https://*.suffix…`` for one or more labels before it.

    Raises `ConfigurationError` for anything else, and for a wildcard over names that strangers can have (R32).
    """
    wildcard = entry.startswith("https://*.")
    try:
        place = parse_url(entry.replace("*.", "", 1) if wildcard else entry)
        if "?" in place.target or readings(place.target) != frozenset((place.target,)):
            raise ValueError("its path is not a plain prefix")
        if wildcard and _anyones(place.host):
            raise ValueError("anyone can have a name under this suffix")
    except ValueError as error:
        hint = 'write it as "https://host[:port][/prefix]" or "https://*.your-domain.example"'
        if may_lack_the_scheme(entry):
            hint = f'write "https://{entry}"'
        raise ConfigurationError(f"{entry!r} cannot be a resource host: {error}", hint=hint) from None
    return ResourceHost(place, wildcard, place.target.rstrip("/"))


def may_lack_the_scheme(entry: str) -> bool:
    """Tell whether it would be an address with ``https://`` before it."""
    host = entry.partition("/")[0]
    return "." in host and host.replace(".", "").replace("-", "").isalnum() and entry.isascii() and " " not in entry


def _anyones(suffix: str) -> bool:
    labels = suffix.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in suffix:
        return True
    registry = len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRY_LABELS
    return registry or any(f".{suffix}".endswith(f".{tenants}") for tenants in _TENANTS)


def _under(path: str, prefix: str) -> bool:
    return not prefix or all(f"{reading}/".startswith(f"{prefix}/") for reading in readings(path) or ("",))


@lru_cache(maxsize=512)
def is_loopback(host: str) -> bool:
    """Tell whether `host` is an IP literal of loopback. ``localhost`` is a name: it can be pointed elsewhere."""
    try:
        return ipaddress.ip_address(host) in (_LOOPBACK_4 if "." in host else _LOOPBACK_6)
    except ValueError:
        return False


def check_tls(place: Target, insecure: Collection[str] = (), *, account: str = "") -> None:
    """Refuse plain http, but for IP-literal loopback and the hosts opted in to: ``host`` or ``host:port`` (R32).

    Raises `TokenRefused`.
    """
    if place.scheme == "https" or is_loopback(place.host):
        return
    if not {place.host, f"{place.host}:{place.port}"}.intersection(name.lower() for name in insecure):
        raise TokenRefused(
            f"nothing secret is sent to {place.origin} without TLS",
            hint="use https, or list the host in insecure_hosts of the account, in config.toml",
            account=account,
        )


def check_resource(
    url: str,
    servers: Provider | Iterable[str],
    *,
    account: Account,
    insecure: Collection[str] = (),
    endpoints: Iterable[str] = (),
) -> None:
    """Let a token of `account` go to `url`, or raise `TokenRefused` (R32: to its resource servers and nowhere else).

    `servers` is the provider, or its resource hosts alone, see `resource_host`. `insecure` is the account's opt-in, see
    `check_tls`. No token goes to the `endpoints` of the authorization server, though a prefix may hold them; those of a
    provider are known.
    """
    if not isinstance(servers, Iterable):
        endpoints = (*own_endpoints(servers), *endpoints)
        servers = servers.resource_hosts
    hosts = tuple(servers)
    hint = f"its resource servers are {listed(hosts)}; use another client for other hosts"
    if not hosts:
        hint = 'its resource servers are not known: where it is described, write resource_hosts = ["https://HOST/PATH"]'
    try:
        target = parse_url(url)
    except ValueError as error:
        message = f"a token of {account} may not go to this URL: {error}"
        if "://" not in url:
            message, hint = "the URL is relative: it names no host", "write it whole, or give base_url= to kit.http()"
        raise TokenRefused(message, hint=hint, account=str(account)) from None
    check_tls(target, insecure, account=str(account))
    if not any(resource_host(entry).holds(target) for entry in hosts):
        message = f"a token of {account} may not go to {target.origin}, or not to this path there"
        raise TokenRefused(message, hint=hint, account=str(account))
    if any(_leads_to(target, endpoint) for endpoint in endpoints):
        message = f"a token of {account} may not go to an endpoint of the authorization server at {target.origin}"
        raise TokenRefused(message, hint="call the provider's API there instead", account=str(account))


def own_endpoints(provider: Provider) -> tuple[str, ...]:
    """Return the endpoints of a provider's authorization server, without those that are asked with an access token."""
    more = getattr(provider, "endpoints", {})  # a plugin may be older than the question
    shown = (url for power, url in more.items() if power.partition(".")[0] != "identify")
    named = ("authorization_endpoint", "device_authorization_endpoint")
    begun = (getattr(provider, name, "") for name in named)  # a provider that is not OAuth 2 has none to name
    return tuple(filter(None, (provider.token_endpoint, provider.revocation_endpoint, *shown, *begun)))


def _leads_to(target: Target, endpoint: str) -> bool:
    """Tell whether a request could reach the endpoint, however its server reads the path; braces stand for any part."""
    place = parse_url(endpoint)
    if (place.scheme, place.host, place.port) != (target.scheme, target.host, target.port):
        return False
    parts = place.path.rstrip("/").lower().split("/")
    return any(_fits(reading.rstrip("/").lower().split("/"), parts) for reading in readings(target.path))


def _fits(parts: list[str], pattern: list[str]) -> bool:
    return len(parts) == len(pattern) and all(
        part == wanted or wanted.startswith("{") for part, wanted in zip(parts, pattern, strict=True)
    )


def holds(url: str, resource_hosts: Iterable[str]) -> bool:
    """Tell whether a URL lies on one of the resource servers, under its prefix."""
    target = parse_url(url)
    return any(resource_host(entry).holds(target) for entry in resource_hosts)


def check_endpoints(provider: Provider, *others: str) -> None:
    """Refuse a provider with a resource host that is an endpoint of its authorization server, and no more (R32).

    Of the `others`, which nobody can look up when a token is about to go somewhere, none may even lie below one. The
    links for people must lead to web pages. Raises `ConfigurationError`, which shows no query.
    """
    _check_links(provider)
    hosts = [resource_host(entry) for entry in provider.resource_hosts]
    own = own_endpoints(provider)
    for endpoint in (*own, *others):
        try:
            place = parse_url(endpoint)
        except (ValueError, TypeError) as error:  # a TypeError, where a stranger has written what is no text
            raise ConfigurationError(f"an endpoint of {provider.name} cannot be one: {error}") from None
        known = endpoint in own or any(
            _leads_to(place, each) for each in own
        )  # perhaps with the query of a sign-in behind it
        if any(_leads_to(host.place, endpoint) if known else host.holds(place) for host in hosts):
            raise ConfigurationError(
                f"a resource host of {provider.name} takes in its endpoint {place.origin}{place.path}, "
                "where no token may go",
                hint="name the address of its API, as in https://host/api",
            )


def _check_links(provider: Provider) -> None:
    """Refuse a link that is no web page's: on a page of ours, ``javascript:`` would run as if it were ours."""
    links = [("console_url", provider.console_url), ("manage_url", provider.manage_url)]
    for name, link in (*links, *(("console_steps", url) for url in getattr(provider, "console_steps", ()))):
        if link and not _URL.fullmatch(link):
            raise ConfigurationError(
                f"{name} of {provider.name} is no address of a web page", hint="write it as https://host/path"
            )


def require_header_token(provider: Provider, account: Account) -> None:
    """Refuse a provider whose token travels elsewhere than in ``Authorization`` (R33); raises `TokenRefused`."""
    if not provider.header_token:
        raise TokenRefused(
            f"the token of {account} travels not only in the Authorization header: a redirect could carry it away",
            hint=f'use kit.http("{account}"), which checks every request as it leaves, '
            f"or tokenkit request {quoted(str(account))}",
            account=str(account),
        )


def require_bearer(token: AccessToken, account: Account) -> None:
    """Refuse to hand out a token that is not Bearer (RFC 6750) as if it were (R34); raises `TokenRefused`."""
    if token.type.lower() != "bearer":
        raise TokenRefused(
            f"the token of {account} is of type {token.type}: by itself it does not authenticate a request",
            hint=f'use kit.http("{account}"), or on the command line: tokenkit request {quoted(str(account))}',
            account=str(account),
        )
