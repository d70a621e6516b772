"""A good token in the memory of each library, and the documented way to ask for it."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.requests_client import OAuth2Session
from google.oauth2.credentials import Credentials
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthToken
from msal import ConfidentialClientApplication
from msal_extensions import FilePersistence, PersistedTokenCache
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOAuth

from libraries import SCOPE, There, with_mcp, with_msal
from libraries.with_mcp import REDIRECT, SERVER

NOWHERE = There("", "http://127.0.0.1:9/token", "client", "secret")


def good() -> dict[str, object]:
    return {
        "access_token": "token",
        "token_type": "Bearer",
        "expires_in": 3600,
        "expires_at": int(time.time()) + 3600,
        "scope": SCOPE,
    }


def sync(folder: str) -> dict[str, Callable[[], object]]:
    """Of msal-extensions' cache the file lies in `folder`: it looks there at each call."""
    authlib = OAuth2Session(token=good())
    ends = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)
    google = Credentials("token", expiry=ends)
    spotify = SpotifyOAuth("client", "secret", str(REDIRECT), scope=SCOPE, cache_handler=MemoryCacheHandler(good()))
    cache = PersistedTokenCache(FilePersistence(os.path.join(folder, "msal.json")))
    with_msal.add(cache, "token", "refresh", "client", expires_in=3600)
    application = ConfidentialClientApplication(
        "client", client_credential="secret", authority=with_msal.AUTHORITY, instance_discovery=False,
        token_cache=cache, http_client=with_msal.Detour(NOWHERE.token_url),
    )  # fmt: skip
    account = application.get_accounts()[0]
    assert application.acquire_token_silent([SCOPE], account)
    return {
        "Authlib": lambda: authlib.ensure_active_token(authlib.token),
        "google-auth": lambda: google.before_request(None, "GET", "https://www.googleapis.com/", {}),
        "spotipy": lambda: spotify.validate_token(spotify.cache_handler.get_cached_token()),
        "msal + extensions": lambda: application.acquire_token_silent([SCOPE], account),
    }


def mcp_provider(server: str, token: str) -> OAuthClientProvider:
    """One that has a good token in its memory."""
    provider = with_mcp.provider(NOWHERE, server)
    provider.context.current_tokens = OAuthToken(access_token=token, expires_in=3600)
    provider.context.token_expiry_time = time.time() + 3600
    provider._initialized = True
    return provider


def asynchronous() -> dict[str, Callable[[], Awaitable[object]]]:
    authlib = AsyncOAuth2Client(token=good())
    provider = mcp_provider(SERVER, "token")

    async def mcp() -> str:
        flow = provider.async_auth_flow(httpx2.Request("GET", SERVER))
        request = await anext(flow)
        await flow.aclose()
        return str(request.headers["Authorization"])

    assert asyncio.new_event_loop().run_until_complete(mcp()) == "Bearer token"
    return {"Authlib": lambda: authlib.ensure_active_token(authlib.token), "mcp": mcp}
