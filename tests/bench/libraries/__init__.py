"""tokenkit and its peers behind one face, each used as its own documentation says.

A library module has a class `Library(there)`: the constructor is what a process does at its start, `ask` what a caller
does for a token, `save` and `load` how the library, or its documented snippet, keeps tokens on disk; `READS_AT_START`
says that the constructor has read them already. `seed` puts an expired token there that has a good refresh token.
"""

import json
import os
import time
from typing import NamedTuple

NAMES = {
    "tokenkit": "ours",
    "Authlib": "with_authlib",
    "msal + extensions": "with_msal",
    "google-auth": "with_google_auth",
    "spotipy": "with_spotipy",
    "requests-oauthlib": "with_requests_oauthlib",
    "mcp": "with_mcp",
}

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"


class There(NamedTuple):
    """Where a library's file lies, whom it asks, and as which client."""

    path: str
    token_url: str
    client_id: str
    client_secret: str


def spent(refresh_token: str) -> dict[str, object]:
    """A token answer that ended a minute ago, as most libraries keep it."""
    return {
        "access_token": "spent",
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": 3600,
        "expires_at": int(time.time()) - 60,
        "scope": SCOPE,
    }


def write(path: str, value: object) -> None:
    """As the documentation of several of them shows: open, truncate, write."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)


def read(path: str) -> dict[str, object]:
    with open(path, encoding="utf-8") as file:
        return dict(json.load(file))


def padded(number: int) -> str:
    """A token value as long as real ones are."""
    return f"{number}-{'x' * 1200}"


def environment(there: There) -> dict[str, str]:
    """For a child process."""
    return {**os.environ, "THERE": json.dumps(there)}
