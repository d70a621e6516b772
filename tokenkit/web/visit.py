"""One request as the handlers see it, and how its form is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from tokenkit.confidential import Confidential
from tokenkit.errors import AuthorizationError, UsageError
from tokenkit.kit import TokenKit
from tokenkit.parsing import parse
from tokenkit.web.browser import Browser
from tokenkit.web.mount_point import MountPoint

FIELD_LIMIT = 100
NAME_LIMIT = 600
"""Characters of a name: a provider may give 255, and what tells it from others, as its server, stands behind."""
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Visit(Confidential):
    """A request, the kit of the person who sent it, and their form, if there is one."""

    request: Request
    kit: TokenKit
    place: MountPoint
    browser: Browser
    form: Mapping[str, str] = field(repr=False)

    @property
    def base(self) -> str:
        """The URL of the page."""
        return self.place.base(self.request)

    @property
    def path(self) -> str:
        """The path of that URL, with which links begin."""
        return urlsplit(self.base).path

    @property
    def csrf_token(self) -> str:
        """The token that forms must carry which are sent back here."""
        return self.browser.csrf_token(self.kit.owner)

    @property
    def wants_json(self) -> bool:
        """Whether a script asks, and not a person."""
        return "application/json" in self.request.headers.get("accept", "")

    def part(self, name: str) -> str:
        """Return a part of the request's path."""
        return str(self.request.path_params[name])

    def check_form(self) -> None:
        """Raise `AuthorizationError` unless the form came from a page that this browser was shown, for this owner."""
        if not self.browser.sent(self.form.get("csrf", ""), self.kit.owner):
            unknown = "; if that does not help, allow it its cookie, or open it in a tab of its own"
            raise AuthorizationError(
                "this page is out of date, or was not meant for this browser: nothing was changed",
                hint=f"load the page again{unknown if self.browser.new_cookie else ''}",
            )


def account_name(text: str) -> str:
    """Return what a form calls an account. Raises `UsageError` for what cannot be a name."""
    if len(text) > NAME_LIMIT or not text.isprintable():
        raise UsageError("this cannot be the name of an account", hint=f"use up to {NAME_LIMIT} printable characters")
    return text


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a POST, whose size the guard has checked; none for other requests.

    Raises `UsageError` for a body that is no form.
    """
    if request.method != "POST":
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise UsageError("the request is not a form", hint=f"send {FORM}")
    body = await request.body()
    pairs = parse(lambda: _fields(body), lambda _: UsageError("the form cannot be read", hint="load the page again"))
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise UsageError("the form names a field twice", hint="load the page again")
    return fields


def _fields(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELD_LIMIT)
