"""Plays the person at the consent screen, without a browser."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from tokenkit.errors import AuthorizationError, UsageError
from tokenkit.provider import Request, Response


@dataclass(slots=True)
class _Form:
    action: str = ""
    nonce: str = ""
    boxes: dict[str, str] = field(default_factory=dict[str, str])
    heading: str = ""


class _Reader(HTMLParser):
    """Reads the form of a consent screen, or the heading of another page."""

    def __init__(self) -> None:
        super().__init__()
        self.form = _Form()
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the form's address, its nonce and its boxes."""
        given = {name: value or "" for name, value in attrs}
        self._in_heading = tag == "h1"
        if tag == "form" and given.get("method") == "post":
            self.form.action = given.get("action", "")
        if tag == "input" and given.get("type") == "checkbox":
            self.form.boxes[given["value"]] = given["name"]
        if tag == "input" and given.get("name") == "nonce":
            self.form.nonce = given["value"]

    def handle_data(self, data: str) -> None:
        """Take the heading's text."""
        if self._in_heading:
            self.form.heading += data
            self._in_heading = False


def approve(
    send: Callable[[Request], Response],
    url: str,
    *,
    as_user: str,
    only: Collection[str] | None = None,
    deny: bool = False,
) -> str:
    """Open `url`, allow (or `deny`) as `as_user`, and return the URL that the browser is sent to.

    `only` leaves just these scopes ticked. The URL is empty where the browser stays, as after a device's code. Raises
    `AuthorizationError` where an error page comes in place of the consent screen, and `UsageError` for scopes that the
    screen does not offer.
    """
    page = send(Request("GET", url))
    if page.header("Location"):
        return page.header("Location") or ""
    form = _read(page)
    if not form.nonce:
        said = form.heading or _description(page)
        raise AuthorizationError(
            f"the authority shows no consent screen: {said} (HTTP {page.status} at {url.partition('?')[0]})"
        )
    fields = {"nonce": form.nonce, "user": as_user, "decision": "deny" if deny else "allow"}
    fields |= {form.boxes[scope]: scope for scope in _ticked(form, only)}
    answer = send(Request.form(urljoin(url, form.action), fields))
    return answer.header("Location") or ""


def _read(page: Response) -> _Form:
    reader = _Reader()
    reader.feed(page.body.decode())
    reader.close()
    return reader.form


def _description(page: Response) -> str:
    """Return what an answer in JSON says in place of a page."""
    is_json = (page.header("Content-Type") or "").startswith("application/json")
    return str(json.loads(page.body).get("error_description", "")) if is_json else ""


def _ticked(form: _Form, only: Collection[str] | None) -> Collection[str]:
    if only is None:
        return form.boxes
    unknown = set(only) - form.boxes.keys()
    if unknown:
        raise UsageError(f"the consent screen has no box for {', '.join(sorted(unknown))}")
    return only
