"""What all flavours share: routes, the consent screen, and what a person decided there."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit

from tokenkit.consent.pages import CLEAN
from tokenkit.provider import Response
from tokenkit.sandbox.call import Call, Refused
from tokenkit.sandbox.ledger import Asked, Ledger
from tokenkit.sandbox.pages import consent_page, notice
from tokenkit.sandbox.registry import Client, Registry

DEFAULT_USER = "me@example.com"


class Route(NamedTuple):
    """How a path is answered: the method, the name of its endpoint in `control.ENDPOINTS` (or none), the function.

    The method ``*`` is any.
    """

    method: str
    endpoint: str
    answer: Callable[[Call], Response]


class Decision(NamedTuple):
    """What the person decided: who they are, yes or no, and which scopes they left ticked."""

    user: str
    allowed: bool
    scopes: frozenset[str]


class Flavour:
    """A provider as this authority plays it. A subclass has `name`, `title`, `granular`, `routes` and `decided`."""

    name: str
    title: str
    granular = False
    """Whether the person may untick scopes one by one."""

    def __init__(self, ledger: Ledger, registry: Registry) -> None:
        self.ledger = ledger
        self.registry = registry
        self._waiting: dict[str, Asked] = {}

    def routes(self) -> Mapping[str, Route]:
        """Return the routes by path below the flavour."""
        raise NotImplementedError

    def route(self, path: str) -> Route | None:
        """Return how a path below the flavour is answered; None for one where nothing is."""
        return self.routes().get(path)

    def apis(self) -> Iterator[tuple[str, str]]:
        """Yield what can be called with a token: a method, ``*`` for any, and a path."""
        yield from ((route.method, path) for path, route in self.routes().items() if route.endpoint == "api")

    def keys(self) -> Mapping[str, str]:
        """Return what a person types who signs in without a consent screen, by field."""
        return {}

    def decided(self, asked: Asked, decision: Decision, call: Call) -> Response:
        """Carry out what the person decided."""
        raise NotImplementedError

    def present(self, asked: Asked) -> Response:
        """Show the consent screen. Its form holds a nonce that can be used once."""
        nonce = self.ledger.secret()
        self._waiting[nonce] = asked
        texts = {
            "title": self.title,
            "client_id": asked.client_id,
            "user": asked.login_hint or DEFAULT_USER,
            "nonce": nonce,
            "action": f"/{self.name}/consent",
        }
        known = self.registry.scopes[self.name]
        scopes = {scope: known.get(scope, scope) for scope in asked.scopes}
        return consent_page(texts, scopes, asked.redirect_uri, granular=self.granular)

    def consent(self, call: Call) -> Response:
        """Take the consent form."""
        asked = self._waiting.pop(call.field("nonce"), None)
        if asked is None:
            self.complain("This page has been used", "Begin the sign-in again.")
        ticked = frozenset(value for name, value in call.fields.items() if name.startswith("scope_"))
        decision = Decision(
            user=call.field("user").strip()[:200] or DEFAULT_USER,
            allowed=call.field("decision") == "allow",
            scopes=frozenset(asked.scopes) & ticked if self.granular else frozenset(asked.scopes),
        )
        return self.decided(asked, decision, call)

    def client_for_page(self, client_id: str) -> Client:
        """Return the client of that id; without one, answer with an error page."""
        client = self.registry.client(self.name, client_id)
        if client is None:
            self.complain("Error 401: invalid_client", f"No client is registered as {client_id!r}.", 401)
        return client

    def complain(self, heading: str, message: str, status: int = 400) -> NoReturn:
        """Show the person an error page. The browser is not sent anywhere (RFC 6749 section 4.1.2.1)."""
        raise Refused(notice(self.title, heading, message, status))


def redirect(redirect_uri: str, parameters: Mapping[str, str]) -> Response:
    """Send the browser there with these parameters, beside those that the URI has already."""
    url = urlsplit(redirect_uri)
    query = urlencode([*parse_qsl(url.query, keep_blank_values=True), *parameters.items()])
    return Response(302, (("Location", url._replace(query=query).geturl()), *CLEAN))
