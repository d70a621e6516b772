"""How a client says who it is to the token endpoint (RFC 6749 section 2.3): one method, never two at once."""

from base64 import b64encode
from enum import StrEnum
from urllib.parse import quote_plus

from tokenkit.provider import ClientRegistration, Headers


class ClientAuth(StrEnum):
    """The methods of RFC 6749 section 2.3.1, and Basic as some servers read it."""

    NONE = "none"
    """A public client: the client id alone."""
    POST = "post"
    """Client id and secret in the body."""
    BASIC = "basic"
    """Client id and secret in ``Authorization``, each form-urlencoded first, as the RFC has it."""
    BASIC_RAW = "basic_raw"
    """The same without the encoding, for servers that do not undo it."""


def identify_client(method: ClientAuth, client: ClientRegistration) -> tuple[dict[str, str], Headers]:
    """Return the body fields and the headers that name the client; one without a secret is a public client."""
    if method is ClientAuth.NONE or not client.client_secret:
        return {"client_id": client.client_id}, ()
    secret = client.client_secret.reveal()
    if method is ClientAuth.POST:
        return {"client_id": client.client_id, "client_secret": secret}, ()
    user = client.client_id
    if method is ClientAuth.BASIC:
        user, secret = quote_plus(user), quote_plus(secret)
    credentials = b64encode(f"{user}:{secret}".encode()).decode("ascii")
    return {}, (("Authorization", f"Basic {credentials}"),)
