"""As `by_hand`, with a client that is kept."""

import httpx

from libraries import by_hand
from libraries.by_hand import refresh_token as refresh_token
from libraries.by_hand import seed as seed


class Library(by_hand.Library):
    way = staticmethod(lambda: httpx.Client().post)
