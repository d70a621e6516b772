"""What a refusal of the token endpoint says, and whether it means that the grant has ended (R13)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tokenkit.confidential import Confidential
from tokenkit.flows.answer import STANDARD, AnswerShape
from tokenkit.flows.paths import value_at
from tokenkit.provider import Response

CONSENT_CODES = frozenset(
    {
        "invalid_grant", "bad_refresh_token", "invalid_refresh_token", "interaction_required", "login_required",
        "consent_required",
    }
)  # fmt: skip
"""RFC 6749 section 5.2, GitHub's and Slack's own words for the same, and those of OpenID Connect Core section
3.1.2.6."""

CLIENT_CODES = frozenset({"invalid_client", "incorrect_client_credentials"})
"""RFC 6749 section 5.2, and GitHub's own word for the same."""

TEMPORARY_CODES = frozenset({"temporarily_unavailable", "server_error", "rate_limited", "ratelimited"})

_CODES = (
    "error", "error.code", "error.type", "error.status", "errors.0.code", "errors.0.type", "errors.0.error",
    "errors.0", "error_code", "errorCode", "fault.code", "code", "type",
)  # fmt: skip
_SUBTYPES = ("error_subtype", "suberror", "error.subtype", "error.reason")
_DESCRIPTIONS = (
    "error_description", "errorDescription", "error.message", "error.description", "errors.0.message",
    "errors.0.detail", "errors.0.title", "error_message", "errorMessage", "errorSummary", "fault.message", "message",
    "msg", "detail", "description", "reason", "title",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One way in which a provider says that a grant has ended: all that is given must fit the refusal.

    - `code`: the whole error code; `fragment`: a part of the code, subtype or description, whatever its case
    - `status`: the HTTP status; `empty`: whether the body says nothing at all
    - `reason`: the sentence to tell the person
    """

    code: str = ""
    fragment: str = ""
    status: int = 0
    empty: bool = False
    reason: str = ""

    def fits(self, refusal: "Refusal") -> bool:
        """Tell whether the refusal is of this kind; nothing given fits none."""
        asked = (
            (self.code, self.code == refusal.code),
            (self.fragment, self.fragment.lower() in refusal.told.lower()),
            (self.status, self.status == refusal.status),
            (self.empty, not refusal.told.strip()),
        )
        return any(given for given, _ in asked) and all(fit for given, fit in asked if given)


@dataclass(frozen=True, slots=True)
class Refusal(Confidential):
    """The endpoint said no: its error `code` as it came, empty where it gave none, and a `sentence` for people.

    `description` are its own words beside the code, fit to be shown, whatever the `sentence` makes of them. `told` is
    all that it said, which may quote a secret: it is compared and never shown. `status` is the HTTP status.
    """

    code: str
    sentence: str
    told: str = field(default="", repr=False, compare=False)
    status: int = field(default=0, compare=False)
    description: str = field(default="", compare=False)

    @property
    def in_words(self) -> bool:
        """Whether the endpoint itself refuses, by an error of its own; a page or an empty answer may be a proxy's."""
        return bool(self.code)

    def ends(self, ways: Iterable[Ended]) -> Ended | None:
        """Return the way in which it says that the grant has ended, or None."""
        declared = next((way for way in ways if way.fits(self)), None)
        return declared or (Ended(code=self.code) if self.code.lower() in CONSENT_CODES else None)


@dataclass(frozen=True, slots=True)
class Words(Confidential):
    """What an answer says that is an error: nothing of it is fit to be shown yet."""

    code: str = ""
    subtype: str = ""
    description: str = ""

    @property
    def told(self) -> str:
        """All of it, to look for fragments in."""
        return f"{self.code}\n{self.subtype}\n{self.description}".strip()


def read_words(members: Mapping[str, Any], status: int, shape: AnswerShape = STANDARD) -> Words:
    """Read code and description from where the provider has them, or from the usual places.

    A code that repeats the HTTP `status` is none.
    """
    return Words(
        _first(members, (shape.error, *_CODES), none=str(status)),
        _first(members, _SUBTYPES),
        _first(members, (shape.error_description, *_DESCRIPTIONS)),
    )


def is_error(response: Response, members: Mapping[str, Any], shape: AnswerShape = STANDARD) -> bool:
    """Tell whether an answer without tokens refuses: by its status, or inside a 200 (GitHub, Slack, Withings)."""
    success = value_at(members, shape.success) if shape.success else None
    failed = success is False or (isinstance(success, int) and not isinstance(success, bool) and success != 0)
    return response.status >= 300 or failed or bool(members.get("error") or _first(members, (shape.error,)))


def _first(members: Mapping[str, Any], paths: Iterable[str], *, none: str = "") -> str:
    """Return the first text, or number, at one of the paths, that is not `none`."""
    for path in filter(None, paths):
        value = value_at(members, path)
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if text not in ("", none):
            return text
    return ""
