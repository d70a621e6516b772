"""Where the page is: the address at which people reach it, and how it recognises their browser."""

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection

from tokenkit.consent.redirect import fixed_redirect_uri
from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.net.hosts import parse_url
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import Provider
from tokenkit.web.browser import Browser, cookie_values, set_cookie

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_PORT = re.compile(r":\d{1,5}$")
_DRAWN = re.compile(r"[A-Za-z0-9_-]{43}")


class MountPoint(Protocol):
    """Where the page is. No method believes a header that says where the request comes from, or which way it took."""

    @property
    def may_register(self) -> bool:
        """Whether the person who uses the page may also give the client registrations."""
        ...

    @property
    def asks(self) -> Mapping[str, Collection[str]]:
        """What the host application asks for: scopes by the name of the provider, its own order."""
        ...

    def origin(self, host: str) -> str | None:
        """Return the origin of the page for a request with that ``Host`` header; None where another host is meant."""
        ...

    def base(self, connection: HTTPConnection) -> str:
        """Return the URL of the page, without a slash at its end."""
        ...

    def redirect_uri(self, connection: HTTPConnection, provider: Provider, name: str) -> str:
        """Return the address to which the provider shall send people back; `name` is the end of paths of ours.

        Raises `ConfigurationError` where the provider sends them to another address alone.
        """
        ...

    def callback_url(self, connection: HTTPConnection) -> str:
        """Return the URL on which a person came back, with the address to which the provider sent them."""
        ...

    def browser(self, connection: HTTPConnection) -> Browser | None:
        """Return the browser that asks; None for one that may not come in."""
        ...

    def began(self, pending: PendingAuthorization) -> None:
        """Take note that a sign-in was begun here."""
        ...


@dataclass(frozen=True, slots=True)
class Mounted:
    """In somebody's dashboard, at `public_url`; without one, at loopback addresses only, for development.

    `hosts` are more ``Host`` headers, for a reverse proxy that sends its own. So a DNS name that an attacker points at
    this machine is refused.
    """

    public_url: str = ""
    hosts: Collection[str] = ()
    may_register: bool = True
    asks: Mapping[str, Collection[str]] = field(default_factory=dict[str, Collection[str]])

    def __post_init__(self) -> None:
        if self.public_url and not _may_be_public(self.public_url):
            raise UsageError(
                f"public_url cannot be {self.public_url!r}",
                hint="https://host[:port][/path], as people's browsers reach the page; http is for loopback alone. "
                "All of it is ASCII (a host by its xn-- name), and the path has no empty part",
            )
        if self.hosts and not self.public_url:
            raise UsageError("hosts are of no use without public_url", hint='public_url="https://dash.example/connect"')
        wrong = next((host for host in self.hosts if not _HOST.fullmatch(host)), None)
        if wrong is not None:
            raise UsageError(
                f"{wrong!r} is no Host header", hint='the host alone, and its port where it has one: "upstream:8000"'
            )

    def origin(self, host: str) -> str | None:
        """Return the origin of `public_url`, or a loopback one."""
        if not self.public_url:
            return f"http://{host}" if _loopback(host) else None
        url = urlsplit(self.public_url)
        usual = ":443" if url.scheme == "https" else ":80"  # many a proxy writes it out (RFC 9110 section 4.2)
        netloc, asked = url.netloc.lower().removesuffix(usual), host.lower()
        known = {netloc, *(name.lower() for name in self.hosts)}
        return f"{url.scheme}://{netloc}" if asked in known or asked.removesuffix(usual) == netloc else None

    def base(self, connection: HTTPConnection) -> str:
        """Return `public_url`, or the loopback address and the path of the mount."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"http://{connection.headers['host']}{quote(connection.scope.get('root_path', ''))}"

    def redirect_uri(self, connection: HTTPConnection, provider: Provider, name: str) -> str:
        """Return the callback's address, with a path for each provider and server (RFC 9700 section 4.4).

        Raises `ConfigurationError` for a provider whose clients are registered with another address.
        """
        here, fixed = f"{self.base(connection)}/callback/{name}", fixed_redirect_uri(provider)
        if fixed in ("", here):
            return here
        raise ConfigurationError(
            f"{provider.title} sends people back to {fixed} alone, and this page awaits them at {here}",
            hint=f'write redirect_uri = "{here}" below [providers.{provider.name}] in config.toml, and register it '
            f"at {provider.title}; or tokenkit login {provider.name}",
        )

    def callback_url(self, connection: HTTPConnection) -> str:
        """Return the answer's URL, with our own address."""
        return f"{self.base(connection)}{route_and_query(connection)}"

    def browser(self, connection: HTTPConnection) -> Browser:
        """Let every browser in: the dashboard decides that. A cookie that comes twice counts as none.

        One of the two may be an attacker's.
        """
        secure = self.public_url.startswith("https:")
        name = "__Host-tokenkit" if secure else "tokenkit"
        found = cookie_values(connection, name)
        if len(found) == 1 and _DRAWN.fullmatch(found[0]):
            return Browser(found[0])
        drawn = secrets.token_urlsafe(32)
        path = "/" if secure else urlsplit(self.base(connection)).path or "/"
        return Browser(drawn, set_cookie(name, drawn, path=path, secure=secure))

    def began(self, pending: PendingAuthorization) -> None:
        """Do nothing: the pending authorization is in the store."""


def route_and_query(connection: HTTPConnection) -> str:
    """Return the path below the mount and the query, as they came."""
    scope = connection.scope
    path = quote(scope["path"].removeprefix(scope.get("root_path", "")))
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _may_be_public(url: str) -> bool:
    """Tell whether links that begin with its path lead there, and a browser names its host as it is written."""
    try:
        place = parse_url(url)
    except ValueError:
        return False
    parts = place.target.removesuffix("/").split("/")[1:]
    plain = "?" not in url and "#" not in url and not {"", ".", ".."}.intersection(parts)
    return plain and (place.scheme == "https" or _loopback(place.authority))


def _loopback(host: str) -> bool:
    name = _PORT.sub("", host).lower()
    return name in {"127.0.0.1", "[::1]", "localhost"} or re.fullmatch(r"[a-z0-9-]+\.localhost", name) is not None
