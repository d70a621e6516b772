"""What is registered with the authority: clients, redirect URIs, scopes."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

FLAVOURS = ("google", "spotify", "pocket")
"""The installed providers that have a flavour of their own."""

PLAIN = "plain"
"""The flavour that speaks as the RFCs say, for any provider: clients ``sandbox-NAME``, any callback, any scope."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")

POCKET_PERMISSIONS = frozenset({"add", "modify", "retrieve"})
"""The permissions of a consumer key, in the words of Pocket's developer site."""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. `permissions` are Pocket's, which belong to the consumer key."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    permissions: frozenset[str] = POCKET_PERMISSIONS

    def accepts(self, secret: str) -> bool:
        """Tell whether this is its secret, compared in constant time."""
        return hmac.compare_digest(self.client_secret.encode(), secret.encode())


GOOGLE_CLIENT = Client("sandbox-google", "sandbox-google-secret")
SPOTIFY_CLIENT = Client("sandbox-spotify", "sandbox-spotify-secret")
POCKET_CLIENT = Client("sandbox-pocket")
POCKET_READER = Client("sandbox-pocket-reader", permissions=frozenset({"retrieve"}))
"""A consumer key that may only read: Pocket answers 403 to the rest."""


class Registry:
    """Who may ask, and where answers may go.

    A loopback redirect URI that is registered without a port stands for every port (RFC 8252 section 7.3); ``*`` stands
    for one segment of the path.
    """

    def __init__(self, scopes: Mapping[str, Mapping[str, str]]) -> None:
        self.clients: dict[str, list[Client]] = {
            "google": [GOOGLE_CLIENT],
            "spotify": [SPOTIFY_CLIENT],
            "pocket": [POCKET_CLIENT, POCKET_READER],
            PLAIN: [],
        }
        self.redirect_uris: dict[str, list[str]] = {
            "google": [f"http://{host}/callback/google" for host in ("127.0.0.1", "[::1]", "localhost")],
            "spotify": [f"http://{host}/callback/spotify" for host in ("127.0.0.1", "[::1]")],
            "pocket": [f"http://{host}/callback/pocket/*" for host in ("127.0.0.1", "[::1]", "localhost")],
            PLAIN: [f"http://{host}/callback/*" for host in ("127.0.0.1", "[::1]", "localhost")],
        }
        self.scopes = {flavour: dict(known) for flavour, known in scopes.items()}

    def client(self, flavour: str, client_id: str) -> Client | None:
        """Return the client of that id."""
        if flavour == PLAIN and client_id.startswith("sandbox-"):
            return Client(client_id, f"{client_id}-secret")
        return next((client for client in self.clients[flavour] if client.client_id == client_id), None)

    def allows_redirect(self, flavour: str, redirect_uri: str) -> bool:
        """Tell whether answers may go there."""
        return any(_matches(redirect_uri, registered) for registered in self.redirect_uris[flavour])

    def unknown_scopes(self, flavour: str, scopes: Sequence[str]) -> list[str]:
        """Return those scopes that the flavour does not have."""
        return [] if flavour == PLAIN else [scope for scope in scopes if scope not in self.scopes[flavour]]


def _matches(redirect_uri: str, registered: str) -> bool:
    try:
        given, known = urlsplit(redirect_uri), urlsplit(registered)
        same_port = given.port == known.port or (known.hostname in LOOPBACK and known.port is None)
    except ValueError:
        return False
    return (
        same_port
        and (given.scheme, given.hostname, given.query) == (known.scheme, known.hostname, known.query)
        and not (given.fragment or given.username)
        and given.path.count("/") == known.path.count("/")
        and fnmatchcase(given.path, known.path)
    )
