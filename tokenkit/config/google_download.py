"""The file that Google's console offers for download: a client registration."""

import json
import re
from typing import Any, cast

from tokenkit.config.credential import credential_text
from tokenkit.errors import ConfigurationError
from tokenkit.parsing import parse
from tokenkit.provider import ClientRegistration
from tokenkit.token import Secret


def google_download(data: bytes) -> ClientRegistration:
    """Read the file that Google's console offers for download: ``client_secret_….json`` of a desktop or web client.

    Source: googleapis.github.io/google-api-python-client/docs/client-secrets.html. Raises `ConfigurationError`.
    """
    hint = "in Google's console, under Credentials, create an OAuth client ID of type Desktop app and download its JSON"
    client_id, client_secret, redirect_uris = parse(
        lambda: _id_and_secret(json.loads(data)),
        lambda _: ConfigurationError("this is not the download of an OAuth client of Google's", hint=hint),
    )
    _check_comes_back_here(redirect_uris)
    where = "in Google's download"
    return ClientRegistration(
        credential_text(client_id, f"the client id {where}"),
        Secret(credential_text(client_secret, f"the client secret {where}")),
    )


def _id_and_secret(document: Any) -> tuple[Any, Any, Any]:
    client = document.get("installed") or document["web"]
    return client["client_id"], client["client_secret"], client.get("redirect_uris")


def _check_comes_back_here(redirect_uris: Any) -> None:
    """Refuse a web client that sends people to somebody's site alone: no sign-in would ever come back here."""
    uris = cast("list[object]", redirect_uris) if isinstance(redirect_uris, list) else []
    given = [uri for uri in uris if isinstance(uri, str)]
    if given and not any(re.match(r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|\Z)", uri) for uri in given):
        raise ConfigurationError(
            "this client is of the type Web application and sends people back to its own site, not to this machine",
            hint="create one of the type Desktop app at https://console.cloud.google.com/auth/clients, and import that",
        )
