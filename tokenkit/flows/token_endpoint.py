"""The token endpoint (RFC 6749 section 3.2): one request, and what came of it, told apart (section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple, cast

from tokenkit.errors import ClientRefused, InvalidAnswer, ProviderError, ProviderUnavailable
from tokenkit.flows.answer import Lifetime, TokenAnswer, read_answer
from tokenkit.flows.client_auth import ClientAuth, identify_client
from tokenkit.flows.members import Members, read_members
from tokenkit.flows.sanitize import sanitized
from tokenkit.provider import ClientRegistration, Context, Request, Response

PAUSE = 30.0
"""Seconds to stay away after a 429 that names no time."""

LONGEST_PAUSE = 3600.0
"""Seconds: a Retry-After beyond an hour is cut to this, for a mistake there would keep a person out (R12)."""

CLIENT_CODES = frozenset({"invalid_client", "unauthorized_client", "incorrect_client_credentials"})
"""RFC 6749 section 5.2, and GitHub's own word for the first."""

TEMPORARY_CODES = frozenset({"temporarily_unavailable", "server_error"})

SECRET_FIELDS = ("client_secret", "code", "code_verifier", "device_code", "refresh_token", "token")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The endpoint said no: its error `code`, empty where it gave none, and a sentence for people."""

    code: str
    sentence: str


class Answer(NamedTuple):
    """An answer that is no error, and its members."""

    response: Response
    members: Members


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where tokens come from, and the ways of that provider.

    `reasons` maps a fragment of the error's code, subtype or description to a sentence for people that is better than
    the provider's own.
    """

    provider: str
    title: str
    url: str
    client_auth: ClientAuth = "post"
    request_format: Literal["form", "json"] = "form"
    scope_separator: str = " "
    default_expires_in: Lifetime = 3600.0
    captured: tuple[str, ...] = ()
    reasons: Mapping[str, str] | None = None

    def ask(self, ctx: Context, client: ClientRegistration, fields: Mapping[str, str]) -> TokenAnswer | Refusal:
        """Send one request, once, and read the tokens. A refusal is returned: what it means depends on the flow.

        Raises `ClientRefused`, `ProviderUnavailable` (429 and 5xx, whatever they say besides) and `InvalidAnswer`.
        """
        answer = self.post(ctx, client, fields)
        if isinstance(answer, Refusal):
            return answer
        return read_answer(
            *answer,
            default_expires_in=self.default_expires_in,
            scope_separator=self.scope_separator,
            captured=self.captured,
        )

    def post(self, ctx: Context, client: ClientRegistration, fields: Mapping[str, str]) -> Answer | Refusal:
        """Send one request, once, as `ask` does, and read the members of an answer that is no error.

        Tokens are an answer whatever its status is: the old ones may be spent (R12).
        """
        identity, headers = identify_client(self.client_auth, client)
        every = {**fields, **identity}
        make = Request.json if self.request_format == "json" else Request.form
        response = ctx.send(make(self.url, every, headers))
        members = read_members(response)
        values = members.values
        tokens = values.get("access_token") or (response.status < 300 and values.get("refresh_token"))
        if tokens and (response.status < 300 or not values.get("error")):
            return Answer(response, members)
        self.check_available(response, ctx.now())
        if response.status < 300 and not values.get("error"):
            return Answer(response, members)
        if not values and not response.complete:
            raise ProviderUnavailable(f"the answer of {self.title} broke off", hint="try again later")
        return self._refusal(response, values, _secrets(client, every, values))

    def failed(self, refusal: Refusal) -> ProviderError:
        """The error for a refusal that has no meaning of its own in the flow."""
        return ProviderError(f"{self.title} refused the request: {refusal.sentence}")

    def check_available(self, response: Response, now: float) -> None:
        """Raise for the statuses that say nothing about the request: try later, or somewhere else."""
        status = response.status
        if status == 429 or status >= 500:
            what = "asks for fewer requests" if status == 429 else "has trouble of its own"
            at = retry_at(response, now)
            raise ProviderUnavailable(
                f"{self.title} {what} (HTTP {status})",
                retry_at=now + PAUSE if at is None and status == 429 else at,
                hint="try again later",
            )
        if 300 <= status < 400:
            raise InvalidAnswer(f"{self.title} answered with a redirect (HTTP {status}), which is not followed")

    def _refusal(self, response: Response, members: Mapping[str, Any], secrets: list[str]) -> Refusal:
        code, subtype, description = (
            sanitized(value, secrets=secrets)
            for value in (members.get("error"), members.get("error_subtype"), _description(members))
        )
        reasons = self.reasons or {}
        told = f"{code}\n{subtype}\n{description}".lower()
        reason = next((sentence for fragment, sentence in reasons.items() if fragment.lower() in told), "")
        sentence = reason or ": ".join(filter(None, (code, description))) or _status_sentence(response.status)
        if code in CLIENT_CODES or (response.status == 401 and not code):
            raise ClientRefused(
                f"{self.title} does not accept our client id or secret: {sentence}",
                hint=f"tokenkit client set {self.provider}",
            )
        if code in TEMPORARY_CODES:
            raise ProviderUnavailable(f"{self.title} has trouble of its own: {sentence}", hint="try again later")
        return Refusal(code, sentence)


def retry_at(response: Response, now: float) -> float | None:
    """Return when ``Retry-After`` (RFC 9110 section 10.2.3: seconds or a date) allows the next request, or None."""
    text = (response.header("retry-after") or "").strip()
    if text.isascii() and text.isdigit():
        pause = float(text[:10])
    else:
        try:
            pause = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return now + min(max(pause, 0.0), LONGEST_PAUSE)


def _secrets(client: ClientRegistration, fields: Mapping[str, str], members: Mapping[str, Any]) -> list[str]:
    """What a provider's words must not repeat: what we sent that is secret, and any token beside them."""
    sent = [value for name, value in fields.items() if name in SECRET_FIELDS]
    got = [value for name, value in members.items() if name.endswith("_token") and isinstance(value, str)]
    return [*sent, *got, client.client_secret.reveal() if client.client_secret else ""]


def _description(members: Mapping[str, Any]) -> object:
    """The provider's words; some put an object where RFC 6749 has the code."""
    error = members.get("error")
    if isinstance(error, dict):
        return cast(dict[str, Any], error).get("message")
    return members.get("error_description")


def _status_sentence(status: int) -> str:
    if status == 410:
        return "the service says that it is gone for good (HTTP 410)"
    return f"HTTP {status}, without saying why"
