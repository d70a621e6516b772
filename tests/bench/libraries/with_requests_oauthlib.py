"""requests-oauthlib: `refresh_token` and a `token_updater`, as under "Refreshing tokens" in its documentation."""

import os
import time

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

from requests_oauthlib import OAuth2Session

from libraries import There, padded, read, spent, write

READS_AT_START = True


class Library:
    def __init__(self, there: There) -> None:
        self.there = there
        self.session = OAuth2Session(there.client_id, token=read(there.path))

    def ask(self) -> str:
        if self.session.token["expires_at"] < time.time():
            token = self.session.refresh_token(
                self.there.token_url, client_id=self.there.client_id, client_secret=self.there.client_secret
            )
            write(self.there.path, token)
        return str(self.session.token["access_token"])

    def save(self, number: int) -> None:
        write(self.there.path, {**spent("refresh"), "access_token": padded(number)})

    def load(self) -> None:
        read(self.there.path)


def seed(there: There, refresh_token: str) -> None:
    write(there.path, spent(refresh_token))


def refresh_token(there: There) -> str:
    return str(read(there.path)["refresh_token"])
