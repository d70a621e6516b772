"""One grant in another tool's file, as its reader found it; and the small hands that all readers share."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from tokenkit.flows.answer import vschar
from tokenkit.importing.files import Members
from tokenkit.importing.times import end_of
from tokenkit.provider import ClientRegistration
from tokenkit.token import AccessToken, Secret


@dataclass(frozen=True, slots=True)
class Found:
    """A grant, and what its file says about it.

    `tool` is what wrote the file. `provider` is the one that the file itself names, else empty. `entry` is what the
    tool calls the grant where it keeps several, and `account` what it calls the person. `client` is the registration
    that the grant was issued to, as far as the file says; `own_client` tells that it is the tool's own, which is in no
    file. `issuer` is the address of the token endpoint that the file names, in its member `issuer_in`: it is compared,
    and never asked (R17).
    `alone` says that the file holds nothing else, and may go. `endless` says that the tool's tokens do not end.
    `unlock` opens a grant that the tool has sealed with a password.
    """

    tool: str
    refresh_token: Secret | None = None
    access_token: AccessToken | None = None
    scopes: frozenset[str] = frozenset()
    provider: str = ""
    entry: str = ""
    account: str = ""
    client: ClientRegistration | None = None
    own_client: bool = False
    issuer: str = ""
    issuer_in: str = ""
    alone: bool = False
    endless: bool = False
    unlock: "Callable[[str], Found] | None" = None

    def but(self, **changes: object) -> "Found":
        """Return the same with some members changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def found(tool: str, members: Members) -> Found | None:
    """Return what an object holds under the names of a token answer, and its client; None without a token."""
    end = next((end for name in _ENDS if (end := end_of(members.get(name))) is not None), None)
    access_token, refresh_token = _either(members, "access_token"), _either(members, "refresh_token")
    issuer_in = next((name for name in _ISSUERS if members.get(name)), "")
    if not (access_token and vschar(access_token)) and not refresh_token:
        return None
    return Found(
        tool,
        refresh_token=Secret(refresh_token) if refresh_token else None,
        access_token=AccessToken(access_token, expires_at=end) if access_token and vschar(access_token) else None,
        scopes=scopes_in(members.get("scopes") or members.get("scope")),
        client=client_in(members),
        issuer=text(members.get(issuer_in, "")),
        issuer_in=issuer_in,
    )


_ENDS = (
    "expires_at", "expiry", "expiry_date", "expires_on", "expires", "expiresAt", "expires_at_ms", "token_expiry",
    "expiration",
)  # fmt: skip
_ISSUERS = ("token_uri", "token_url", "hassUrl")


def text(value: object) -> str:
    """Return the value if it is text that can be kept; else empty. A refresh token is kept as it is (R16)."""
    return value if isinstance(value, str) and value.isprintable() and value.strip() else ""


def _either(members: Members, name: str) -> str:
    """Return the text of that name, or of the same in camel case."""
    first, _, second = name.partition("_")
    return text(members.get(name)) or text(members.get(f"{first}{second.capitalize()}"))


def client_in(members: Members) -> ClientRegistration | None:
    """Return the client registration that an object names; None where it names no client id."""
    client_id, client_secret = _either(members, "client_id"), _either(members, "client_secret")
    if not vschar(client_id):
        return None
    return ClientRegistration(client_id, Secret(client_secret) if vschar(client_secret) else None)


def scopes_in(value: object) -> frozenset[str]:
    """Return the scopes in a list, or in a text separated by spaces or commas."""
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    items = cast("list[object]", value) if isinstance(value, list) else []
    return frozenset(item for item in items if isinstance(item, str) and vschar(item))
