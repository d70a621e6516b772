"""How a client says who it is to the token endpoint (RFC 6749 section 2.3): one method, never two at once."""

from base64 import b64encode
from typing import Literal
from urllib.parse import quote_plus

from tokenkit.errors import ConfigurationError
from tokenkit.provider import ClientRegistration, Headers

ClientAuth = Literal["none", "post", "basic", "basic_raw"]
"""``none``: a public client, the client id alone. ``post``: id and secret in the body. ``basic``: in ``Authorization``,
each form-urlencoded first (RFC 6749 section 2.3.1); ``basic_raw``: not encoded, for servers that do not undo it."""


def identify_client(method: ClientAuth, client: ClientRegistration) -> tuple[dict[str, str], Headers]:
    """Return the body fields and the headers that name the client; one without a secret is a public client."""
    if method == "none" or not client.client_secret:
        return {"client_id": client.client_id}, ()
    user, secret = client.client_id, client.client_secret.reveal()
    if method == "post":
        return {"client_id": user, "client_secret": secret}, ()
    if method == "basic":
        user, secret = quote_plus(user), quote_plus(secret)
    elif method != "basic_raw":
        raise ConfigurationError(f"client_auth is none, post, basic or basic_raw, and not {method!r}")
    credentials = b64encode(f"{user}:{secret}".encode()).decode("ascii")
    return {}, (("Authorization", f"Basic {credentials}"),)


def other_basic(method: ClientAuth, client: ClientRegistration) -> str:
    """Return what to try where Basic was refused and the two ways to write it differ for this client; else empty."""
    secret = client.client_secret.reveal() if client.client_secret else ""
    if method not in ("basic", "basic_raw") or all(quote_plus(text) == text for text in (client.client_id, secret)):
        return ""
    other = "basic_raw" if method == "basic" else "basic"
    return f'; where both are right: they hold characters that servers read in two ways, so try client_auth = "{other}"'
