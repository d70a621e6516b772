import sys

from spotipy.cache_handler import CacheFileHandler
from spotipy.oauth2 import SpotifyOAuth

manager = SpotifyOAuth(
    "client",
    "secret",
    "http://127.0.0.1:9/",
    cache_handler=CacheFileHandler(cache_path=sys.argv[1]),
    open_browser=False,
)
print(manager.validate_token(manager.cache_handler.get_cached_token())["access_token"])
