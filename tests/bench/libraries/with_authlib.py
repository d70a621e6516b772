"""Authlib: `OAuth2Session` with `update_token`, which its documentation has one save with."""

from authlib.integrations.requests_client import OAuth2Session

from libraries import There, padded, read, spent, write

READS_AT_START = True


class Library:
    def __init__(self, there: There) -> None:
        self.path = there.path
        self.session = OAuth2Session(
            there.client_id,
            there.client_secret,
            token=read(there.path),
            token_endpoint=there.token_url,
            token_endpoint_auth_method="client_secret_post",
            update_token=lambda token, refresh_token=None, access_token=None: write(self.path, dict(token)),
        )

    def ask(self) -> str:
        if not self.session.ensure_active_token(self.session.token):
            raise PermissionError
        return str(self.session.token["access_token"])

    def save(self, number: int) -> None:
        write(self.path, {**spent("refresh"), "access_token": padded(number)})

    def load(self) -> None:
        read(self.path)


def seed(there: There, refresh_token: str) -> None:
    write(there.path, spent(refresh_token))


def refresh_token(there: There) -> str:
    return str(read(there.path)["refresh_token"])
