"""spotipy: `SpotifyOAuth` with its file cache."""

import logging

from spotipy.cache_handler import CacheFileHandler
from spotipy.oauth2 import SpotifyOAuth

from libraries import SCOPE, There, padded, read, spent, write

logging.disable(logging.CRITICAL)

READS_AT_START = False


class Library:
    def __init__(self, there: There) -> None:
        self.path = there.path
        self.manager = SpotifyOAuth(
            client_id=there.client_id,
            client_secret=there.client_secret,
            redirect_uri="http://127.0.0.1:9/callback",
            scope=SCOPE,
            cache_handler=CacheFileHandler(cache_path=there.path),
            open_browser=False,
        )
        self.manager.OAUTH_TOKEN_URL = there.token_url

    def ask(self) -> str:
        token = self.manager.validate_token(self.manager.cache_handler.get_cached_token())
        if token is None:
            raise PermissionError
        return str(token["access_token"])

    def save(self, number: int) -> None:
        self.manager.cache_handler.save_token_to_cache({**spent("refresh"), "access_token": padded(number)})

    def load(self) -> None:
        if self.manager.cache_handler.get_cached_token() is None:
            raise ValueError


def seed(there: There, refresh_token: str) -> None:
    write(there.path, spent(refresh_token))


def refresh_token(there: There) -> str:
    return str(read(there.path)["refresh_token"])
