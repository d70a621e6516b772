"""google-auth: the quickstart's token.json."""

import json
import os

from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials

from libraries import SCOPE, There, padded, read, write

READS_AT_START = True


class Library:
    def __init__(self, there: There) -> None:
        self.path = there.path
        self.credentials = Credentials.from_authorized_user_file(there.path, [SCOPE])
        self.credentials._token_uri = there.token_url  # the file's own is passed over for Google's

    def ask(self) -> str:
        if not self.credentials.valid:
            self.credentials.refresh(Request())
            with open(self.path, "w", encoding="utf-8") as file:
                file.write(self.credentials.to_json())
        return str(self.credentials.token)

    def save(self, number: int) -> None:
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(json.dumps({**json.loads(self.credentials.to_json()), "token": padded(number)}))

    def load(self) -> None:
        Credentials.from_authorized_user_file(self.path, [SCOPE])


def seed(there: There, refresh_token: str) -> None:
    write(
        there.path,
        {
            "token": "spent",
            "refresh_token": refresh_token,
            "token_uri": there.token_url,
            "client_id": there.client_id,
            "client_secret": there.client_secret,
            "scopes": [SCOPE],
            "expiry": "2020-01-01T00:00:00Z",
        },
    )
    os.chmod(there.path, 0o600)


def refresh_token(there: There) -> str:
    return str(read(there.path)["refresh_token"])
