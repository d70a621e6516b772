"""The ASGI app: which path leads to which handler, and what every request passes before."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from inspect import isawaitable
from typing import cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tokenkit.errors import TokenKitError, UsageError
from tokenkit.grants.scopes import check_scopes
from tokenkit.kit import TokenKit
from tokenkit.web import clients, keys, pages, sign_in
from tokenkit.web.answers import failure
from tokenkit.web.assets import NAMES, asset
from tokenkit.web.guard import Guard
from tokenkit.web.mount_point import Mounted, MountPoint
from tokenkit.web.refusal import not_found, refusal
from tokenkit.web.visit import Visit, read_form

NOT_LET_IN = (
    "The page is for the browser that opened its link, and for as long as that runs and keeps its cookie. "
    "Run tokenkit dashboard again for another link."
)

KitFor = Callable[[Request], TokenKit | Awaitable[TokenKit | None] | None]
Handler = Callable[[Visit], Response]

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", pages.accounts),
    ("GET", "/status", pages.status),
    ("GET", "/opening", sign_in.opening),
    ("POST", "/start/{provider}", sign_in.start),
    ("GET", "/callback/{provider}", sign_in.callback),
    ("GET", "/callback/{provider}/{state}", sign_in.callback),
    ("GET", "/key/{provider}", keys.ask),
    ("POST", "/key/{provider}", keys.keep),
    ("GET", "/connected/{provider}", sign_in.connected),
    ("GET", "/declined/{provider}", sign_in.declined),
    ("GET", "/disconnect", pages.ask_disconnect),
    ("POST", "/disconnect", pages.disconnect),
)
REGISTRATION: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/client/{provider}", clients.ask),
    ("POST", "/client/{provider}", clients.keep),
    ("GET", "/safety", pages.safety),
)


def authorize_app(
    kit: TokenKit | None = None,
    *,
    kit_for: KitFor | None = None,
    public_url: str = "",
    hosts: Collection[str] = (),
    asks: Mapping[str, Collection[str]] | None = None,
) -> ASGIApp:
    """Make an ASGI app that connects accounts, to mount in a dashboard: ``app.mount("/connect", authorize_app(kit))``.

    `kit` is for a dashboard of one person. For a dashboard of several, `kit_for` takes the request (a Starlette one,
    with the dashboard's own session in it) and returns the kit of the person who is signed in there, or None. It may
    be async.

    `public_url` is the address at which browsers reach the app, ``https://dash.example/connect``, whatever proxies are
    in between: neither ``Host`` nor ``X-Forwarded-*`` is believed. Without it the app answers on loopback addresses
    only. `hosts` are more ``Host`` headers to accept, for a proxy that does not pass on the browser's. Register
    ``<public_url>/callback/<provider>`` as the redirect URI at each provider. `asks` says what your assistant needs:
    scopes by provider, ``{"google": ["gmail.readonly"]}``. These providers come first, and their scopes are chosen
    beforehand. Raises `UsageError` for both or neither of `kit` and `kit_for`, and `UnknownProvider`.
    """
    if (kit is None) == (kit_for is None):
        raise UsageError("authorize_app takes either a kit or kit_for", hint="authorize_app(TokenKit())")
    _check(kit, kit_for, hosts, asks or {})
    place = Mounted(public_url, hosts, may_register=kit_for is None, asks=dict(asks or {}))
    return Guard(pages_at(place, kit_for or (lambda request: kit)), place)


def _check(kit: object, kit_for: object, hosts: object, asks: object) -> None:
    """Refuse what would be met at the first request only. Raises `UsageError`, which names the argument."""
    if kit is not None:
        _check_kit("kit", kit)
    if kit_for is not None and not callable(kit_for):
        raise UsageError("kit_for is a function", hint="kit_for=lambda request: kit.for_owner(...)")
    if isinstance(hosts, str):
        raise UsageError("hosts is a list of texts, not one", hint=f"hosts=({hosts!r},)")
    if not isinstance(asks, Mapping):
        raise UsageError("asks is a mapping of scopes by provider", hint='asks={"google": ["gmail.readonly"]}')
    for provider, scopes in cast(Mapping[str, Collection[str]], asks).items():
        check_scopes(scopes)
        if isinstance(kit, TokenKit) and provider not in kit.providers():
            kit.provider(provider)  # says which one is meant: on the page nobody would see that it is missing


def _check_kit(name: str, kit: object) -> None:
    if not isinstance(kit, TokenKit):
        sync = getattr(kit, "sync", None)
        hint = (
            "pass kit.sync" if isinstance(sync, TokenKit) else f"{name} is made by TokenKit(), or by kit.for_owner(...)"
        )
        raise UsageError(f"{name} is a TokenKit, not {type(kit).__name__}", hint=hint)


def pages_at(place: MountPoint, kit_for: KitFor) -> Starlette:
    """Make the app without its guard. Only a person who is also the operator can register clients in it."""
    handlers = (*ROUTES, *REGISTRATION) if place.may_register else ROUTES
    routes = [_route(method, path, _endpoint(place, kit_for, handler)) for method, path, handler in handlers]
    routes += [Route(f"/{name}", asset, methods=["GET"]) for name in NAMES]
    app = Starlette(routes=routes, exception_handlers={HTTPException: not_found})
    app.router.redirect_slashes = False  # such a redirect would be built from the Host header
    return app


def _route(method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Make a route of exactly one method: a HEAD of a link preview must not use up an answer (R24)."""
    route = Route(path, endpoint, methods=[method])
    route.methods = {method}
    return route


def _endpoint(place: MountPoint, kit_for: KitFor, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        browser = place.browser(request)
        if browser is None:
            return refusal(request, 401, NOT_LET_IN)
        kit = await _kit(kit_for, request)
        if kit is None:
            return refusal(request, 401, "You are not signed in to this dashboard.")
        visit = Visit(request, kit, place, browser, {})
        try:
            visit = Visit(request, kit, place, browser, await read_form(request))
            response = await run_in_threadpool(handler, visit)
        except TokenKitError as error:
            response = await run_in_threadpool(failure, visit, error)
        if browser.new_cookie:
            response.headers.append("Set-Cookie", browser.new_cookie)
        return response

    return endpoint


async def _kit(kit_for: KitFor, request: Request) -> TokenKit | None:
    found = await run_in_threadpool(kit_for, request)
    kit = await found if isawaitable(found) else found
    if kit is not None:
        _check_kit("what kit_for returns", kit)
    return kit
