"""A service without OAuth, played from its declaration: it knows one key of each of its two people."""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tokenkit.api_key import ApiKey
from tokenkit.flows.placement import Placement
from tokenkit.provider import Field, Request, Response
from tokenkit.sandbox.call import Call, Refused, json_answer
from tokenkit.sandbox.flavour import Flavour, Route
from tokenkit.sandbox.ledger import Ledger
from tokenkit.sandbox.registry import Client, Registry
from tokenkit.sandbox.shaped import put, subject

PEOPLE = ("me@example.com", "you@example.com")

_NAME = re.compile(r"\\\{([A-Za-z0-9_]+)\\\}")


def key_of(provider: str, field: str, user: str = PEOPLE[0]) -> str:
    """Return what the person of that name types into a secret field: ``sandbox-acme-key``."""
    return f"sandbox-{provider}-{field}" + ("" if user == PEOPLE[0] else f"-{user.partition('@')[0]}")


class Keyed(Flavour):
    """Plays a service without OAuth: one of the two keys, where the declaration puts it, opens it."""

    def __init__(self, ledger: Ledger, registry: Registry, provider: ApiKey) -> None:
        super().__init__(ledger, registry)
        self.provider = provider
        self.name = provider.name
        self.title = provider.title
        self.revoked: set[str] = set()
        registry.clients[self.name] = [Client(f"sandbox-{self.name}", f"sandbox-{self.name}-secret")]
        registry.scopes[self.name] = {}
        registry.redirect_uris[self.name] = []
        secret = (name for name, asked in provider.fields.items() if asked.secret)
        ledger.issued.update(key_of(self.name, name, user) for name in secret for user in PEOPLE)

    def routes(self) -> Mapping[str, Route]:
        """Return the path of the endpoint that says whose key it is."""
        asked = self.provider.userinfo
        method = "POST" if asked.method == "POST" or asked.query or asked.body else "GET"
        told = {
            self.provider.userinfo_endpoint: Route(method, "userinfo", self.who),
            asked.name_endpoint: Route("GET", "userinfo", self.who),
        }
        return {self._path(url): route for url, route in told.items() if url}

    def route(self, path: str) -> Route | None:
        """Return how a path is answered: an endpoint, or anything below a resource host."""
        known = self.routes().get(path)
        if known is not None:
            return known
        ending = self.provider.revocation_endpoint
        if ending and re.fullmatch(_NAME.sub("[^/]+", re.escape(self._path(ending))), path):
            return Route(self.provider.revocation_method, "revoke", self.revoke)
        below = (self._path(host).rstrip("/") for host in self.provider.resource_hosts)
        return Route("*", "api", self.api) if any(f"{path}/".startswith(f"{host}/") for host in below) else None

    def apis(self) -> Iterator[tuple[str, str]]:
        """Yield the resource hosts: whatever lies below them is answered."""
        yield from (("*", self._path(host)) for host in self.provider.resource_hosts)

    def keys(self) -> Mapping[str, str]:
        """Return the keys of the first of its people."""
        return {name: key_of(self.name, name) for name, asked in self.provider.fields.items() if asked.secret}

    def who(self, call: Call) -> Response:
        """Say whose key it is, where the declaration looks for it."""
        user = self._admitted(call)
        members: dict[str, Any] = {}
        for path in self.provider.name_paths[:1]:
            put(members, path, user)
        if self.provider.subject_path:
            put(members, self.provider.subject_path, subject(user))
        return json_answer(members)

    def api(self, call: Call) -> Response:
        """Answer whatever is asked of a resource server."""
        self._admitted(call)
        return json_answer({"ok": True})

    def revoke(self, call: Call) -> Response:
        """End the key that asks for its own end."""
        self.revoked.add(self._admitted(call))
        return json_answer({})

    def _admitted(self, call: Call) -> str:
        shown = self.shown(call.request)
        secret = [name for name, asked in self.provider.fields.items() if asked.secret]
        for user in PEOPLE:
            if user not in self.revoked and all(shown.get(name) == key_of(self.name, name, user) for name in secret):
                return user
        raise Refused(json_answer({"error": "invalid_key"}, 401))

    def shown(self, request: Request) -> dict[str, str]:
        """Return what a request shows, by the names of the fields."""
        return shown_values(self.provider.placement, request)

    def _path(self, url: str) -> str:
        return urlsplit(url).path.removeprefix(f"/{self.name}")


class PlainKeyed(Keyed):
    """Plays a service without OAuth of no make: the key may come in any of the usual places."""

    def __init__(self, ledger: Ledger, registry: Registry) -> None:
        super().__init__(ledger, registry, PLAIN_KEYED)

    def shown(self, request: Request) -> dict[str, str]:
        """Return the key from the first place where one is."""
        every = (shown_values(placement, request) for placement in PLACES)
        return next(filter(None, every), dict[str, str]())


PLAIN_KEYED = ApiKey(
    name="keyed",
    title="Plain service without OAuth",
    resource_hosts=("https://sandbox.example/keyed/v1",),
    fields={"key": Field(label="API key")},
    userinfo_endpoint="https://sandbox.example/keyed/v1/me",
    subject_path="id",
)
"""``GET /keyed/v1/me`` says whose key it is; all else below ``/keyed/v1`` is its API."""

PLACES = (
    PLAIN_KEYED.placement,
    Placement({"X-Api-Key": "{key}"}, {}),
    Placement({"Authorization": "Basic {user}:{key}"}, {}),
    Placement({}, {"key": "{key}"}),
)


def shown_values(placement: Placement, request: Request) -> dict[str, str]:
    """Return what a request shows, by the names in the templates; nothing where it does not look like them."""
    query = dict(parse_qsl(urlsplit(request.url).query))
    shown = {name: request.header(name) or "" for name in placement.headers} | {
        name: query.get(name, "") for name in placement.query
    }
    found: dict[str, str] = {}
    for name, template in {**placement.headers, **placement.query}.items():
        text = shown[name]
        if template.startswith("Basic "):
            text = "Basic " + _decoded(text.removeprefix("Basic "))
        match = re.fullmatch(_NAME.sub(lambda name: f"(?P<{name[1]}>.+)", re.escape(template)), text)
        found |= match.groupdict() if match else {}
    return found


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except ValueError:
        return ""
