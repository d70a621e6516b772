"""The routes of PocketPaw's dashboard that begin and complete a sign-in, replaced by ones that verify the state.

PocketPaw's own take any answer that comes to them (its issue #999). Here an answer counts once, within ten minutes, and
only in the browser that began (R21, R22); everything else gets 403. The paths, and so the redirect URIs that people
have registered, stay as they are. One path serves Google and Spotify, and the state says which of the two it is of.
"""

import html
import logging
import secrets
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tokenkit.errors import AuthorizationError, CallbackRefused, ConfigurationError, TokenKitError
from tokenkit.importing.formats import POCKETPAW_SERVICES as SERVICES
from tokenkit.pocketpaw import stand_in
from tokenkit.pocketpaw.keeping import Shelf, the_kit
from tokenkit.pocketpaw.moving import client_in_settings

logger = logging.getLogger("pocketpaw.integrations.oauth")

COOKIE = "tokenkit_sign_in"
LASTS = 600
"""Seconds that a sign-in may take, as everywhere in tokenkit (R21)."""

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'",
}


def replace_routes(module: Any, begin: str, complete: str) -> None:
    """Replace the routes of those two paths in a module; raises `ConfigurationError` where they are not there."""
    routes = (module.app if hasattr(module, "app") else module.router).routes
    scopes: dict[str, list[str]] = getattr(module, "OAUTH_SCOPES", None) or module._OAUTH_SCOPES
    places = {getattr(route, "path", ""): place for place, route in enumerate(routes)}
    if not {begin, complete} <= places.keys():
        raise ConfigurationError(
            f"this version of PocketPaw begins or completes a sign-in elsewhere than in {module.__name__}, "
            "and tokenkit cannot verify its state there",
            hint="python -m tokenkit.pocketpaw disable",
        )
    flow = _Flow(scopes, begin, complete)
    routes[places[begin]] = Route(begin, flow.begin)
    routes[places[complete]] = Route(complete, flow.complete)


class _Flow:
    """One sign-in: to the provider, and back."""

    def __init__(self, scopes: dict[str, list[str]], begins_at: str, completes_at: str) -> None:
        self.scopes = scopes
        self.begins_at = begins_at
        self.completes_at = completes_at

    async def begin(self, request: Request) -> Response:
        """Send the person to the consent screen."""
        service = request.query_params.get("service", "google_gmail")
        if service not in SERVICES or service not in self.scopes:
            return _page(400, "Unknown service", f"There is no service {service}.")
        provider = SERVICES[service]
        host = "127.0.0.1" if provider == "spotify" else "localhost"  # Spotify takes no other, PocketPaw registers one
        if request.url.hostname != host:
            return RedirectResponse(str(request.url.replace(hostname=host)), headers=HEADERS)
        binding = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
        path = request.url.path.removesuffix(self.begins_at) + self.completes_at
        redirect_uri = str(request.url.replace(path=path, query=""))
        try:
            url = await run_in_threadpool(self._begun, provider, service, redirect_uri, binding)
        except TokenKitError as error:
            return _page(400, "Not configured", f"{error}. {error.hint}")
        response = RedirectResponse(url, status_code=303, headers=HEADERS)
        response.set_cookie(COOKIE, binding, max_age=LASTS, httponly=True, samesite="lax")
        return response

    async def complete(self, request: Request) -> Response:
        """Take the answer of the browser that began, once; then lead to a page whose address holds nothing of it."""
        connected = request.query_params.get("connected")
        if connected in SERVICES:
            return _page(200, "Authorization successful", f"{connected} is connected. You can close this window.")
        try:
            service = await run_in_threadpool(self._completed, str(request.url), request.cookies.get(COOKIE, ""))
        except CallbackRefused as error:
            return _page(403, "Refused", f"{error}.")
        except AuthorizationError as error:
            return _page(400, "Not authorized", f"{error}.")
        except TokenKitError as error:
            logger.warning("a sign-in failed: %s", error)
            return _page(502, "Failed", f"{error}. {error.hint}")
        return RedirectResponse(f"{request.url.path}?connected={service}", status_code=303, headers=HEADERS)

    def _begun(self, provider: str, service: str, redirect_uri: str, binding: str) -> str:
        kit = the_kit()
        kit.give(provider, *client_in_settings(provider))
        plugin = kit.provider(provider)
        pending = kit.authorizations.begin(
            plugin,
            redirect_uri=redirect_uri,
            binding=binding,
            scopes=self.scopes[service],
            name=service,
            shared_path=True,
        )
        return pending.url

    def _completed(self, url: str, binding: str) -> str:
        """Complete the sign-in; return the service, which is what the account was to be called."""
        kit = the_kit()
        for provider in dict.fromkeys(SERVICES.values()):
            kit.give(provider, *client_in_settings(provider))
        account = kit.complete(url, binding=binding)
        service = next((name for name in SERVICES if account.name == name or account.name.startswith(f"{name}-")), "")
        shelf = Shelf(stand_in._get_oauth_dir())
        shelf.point(shelf.path(service or account.name), account)
        return service


def _page(status: int, title: str, text: str) -> HTMLResponse:
    """Make a page that shows what happened, as text."""
    body = f"<!doctype html><title>{html.escape(title)}</title><h2>{html.escape(title)}</h2><p>{html.escape(text)}</p>"
    return HTMLResponse(body, status_code=status, headers=HEADERS)
