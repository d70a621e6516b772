"""What is sent back: pages from the templates, JSON, and errors in words that quote nothing of the request."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, JSONResponse, Response

from tokenkit.account import Account
from tokenkit.errors import (
    AuthorizationError,
    ClientMissing,
    ClientRefused,
    ConfigurationError,
    ConsentRequired,
    ProviderError,
    StoreError,
    TokenKitError,
    UnknownAccount,
    UnknownProvider,
    UsageError,
)
from tokenkit.web import humanize, visible
from tokenkit.web.visit import Visit

STATUSES: tuple[tuple[type[TokenKitError], int], ...] = (
    (UsageError, 400),
    (AuthorizationError, 403),
    (UnknownProvider, 404),
    (UnknownAccount, 404),
    (ConfigurationError, 409),
    (ConsentRequired, 409),
    (ProviderError, 502),
    (StoreError, 503),
)

CALLBACK_WORDS: tuple[tuple[type[TokenKitError], str], ...] = (
    (
        AuthorizationError,
        "This answer does not belong to a sign-in that this browser has begun and not yet finished. If it came twice, "
        "the first one counts.",
    ),
    (ClientRefused, "The provider does not accept the client registration that is set up here."),
    (ClientMissing, "The client registration was removed while you were away."),
    (ProviderError, "The provider could not finish the sign-in. Its answer was lost or cannot be used."),
    (StoreError, "The account could not be stored on this computer."),
)
"""The sentences for a failed return. They are fixed: the words of an error may quote what came in the address."""

KEPT = (
    "The provider said yes, but the account could not be stored on this computer yet. It is kept in memory, and stored "
    "as soon as that works: make room on the disk, and do not stop this program before."
)

WITHIN_REACH = {"Cross-Origin-Opener-Policy": "unsafe-none"}


def environment() -> Environment:
    """Return the templates. Every text is made visible and escaped; an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("tokenkit.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible.shown,
    )
    filters: dict[str, Callable[..., object]] = {
        "day": humanize.day,
        "iso": humanize.iso,
        "away": humanize.away,
        "hue": humanize.hue,
        "sentence": humanize.sentence,
        "listed": humanize.listed,
        "exactly": visible.Exact,
        "short": visible.short,
    }
    made.filters.update(filters)
    return made


_TEMPLATES = environment()


def page(visit: Visit, template: str, values: Mapping[str, object], *, status: int = 200) -> Response:
    """Make a page. `values` are the names that its template knows beside ``path``, ``csrf`` and ``now``."""
    shared = {"path": visit.path, "csrf": visit.csrf_token, "now": visit.kit.context.now()}
    return HTMLResponse(_TEMPLATES.get_template(template).render({**shared, **values}), status)


def json(record: Mapping[str, Any], status: int = 200) -> Response:
    """Make an answer of a JSON object."""
    return JSONResponse(dict(record), status)


def popup_page(visit: Visit, template: str, values: Mapping[str, object], *, status: int = 200) -> Response:
    """Make a page for a pop-up: the page that opened the pop-up can still reach it."""
    response = page(visit, template, values, status=status)
    response.headers.update(WITHIN_REACH)
    return response


def see_other(url: str) -> Response:
    """Lead the browser, which may be a pop-up, to a page of ours (RFC 9110 section 15.4.4)."""
    return Response(status_code=303, headers={"Location": url} | WITHIN_REACH)


def to_connected(visit: Visit, account: Account) -> Response:
    """Lead the browser to the page that says which account was connected.

    Its name stands in the query: a browser resolves the dots of one such as ``../x`` in a path.
    """
    return see_other(f"{visit.path}/connected/{account.provider}?{urlencode({'name': account.name})}")


def failure(visit: Visit, error: TokenKitError) -> Response:
    """Say what went wrong: on a page for a person, in JSON for a script."""
    status = status_of(error)
    if visit.wants_json:
        record = {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
        return json({"version": 1, "error": record}, status)
    return page(visit, "problem.html", {"message": humanize.sentence(str(error)), "hint": error.hint}, status=status)


def failed_return(visit: Visit, error: TokenKitError, provider: str) -> Response:
    """Say that the person came back with an answer that led nowhere; the page that waits for them is told, too."""
    message = next((text for kind, text in CALLBACK_WORDS if isinstance(error, kind)), "The sign-in failed.")
    kept = error.account in {
        str(each) for each in visit.kit.refresher.unsaved.accounts if each.owner == visit.kit.owner
    }
    values = {
        "outcome": "failed",
        "provider": provider,
        "title": "",
        "message": KEPT if kept else message,
        "kept": kept,
    }
    return popup_page(visit, "returned.html", values, status=status_of(error))


def status_of(error: TokenKitError) -> int:
    """Return the HTTP status for an error."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
