"""The token endpoint (RFC 6749 section 3.2): one request, and what came of it, told apart (section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple

from tokenkit.errors import ClientRefused, InvalidAnswer, ProviderError, ProviderUnavailable
from tokenkit.flows.answer import STANDARD, AnswerShape, TokenAnswer, read_answer
from tokenkit.flows.client_auth import ClientAuth, identify_client, other_basic
from tokenkit.flows.declared import renamed
from tokenkit.flows.lifetime import Lifetime
from tokenkit.flows.members import Members, read_members
from tokenkit.flows.paths import value_at
from tokenkit.flows.refusal import CLIENT_CODES, TEMPORARY_CODES, Ended, Refusal, Words, is_error, read_words
from tokenkit.flows.sanitize import sanitized
from tokenkit.provider import ClientRegistration, Context, Headers, Request, Response

PAUSE = 30.0
"""Seconds to stay away after a 429 that names no time."""

LONGEST_PAUSE = 3600.0
"""Seconds: a Retry-After beyond an hour is cut to this, for a mistake there would keep a person out (R12)."""

_NOT_THERE = (404, 405)
"""Statuses of an address where nothing takes such a request (RFC 9110 section 15.5)."""

SECRET_FIELDS = ("client_secret", "code", "code_verifier", "device_code", "refresh_token", "token")


class Answer(NamedTuple):
    """An answer that is no error, and its members."""

    response: Response
    members: Members


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where tokens come from, and the ways of that provider.

    `shape` is that of its answers, `ended` the ways in which it says that a grant has ended. `headers` go with every
    request. `refresh_lifetime` are the seconds from the authorization to the end of the refresh token, `idle_lifetime`
    those from its last use; None where the provider has no such limit. `reasons` maps a fragment of the error's code,
    subtype or description to a sentence for people that is better than the provider's own.
    """

    provider: str
    title: str
    url: str
    client_auth: ClientAuth = "post"
    request_format: Literal["form", "json"] = "form"
    headers: Headers = ()
    scope_separator: str = " "
    default_expires_in: Lifetime = 3600.0
    shape: AnswerShape = STANDARD
    ended: tuple[Ended, ...] = ()
    refresh_lifetime: float | None = None
    idle_lifetime: float | None = None
    captured: tuple[str, ...] = ()
    parameter_names: Mapping[str, str] | None = None
    reasons: Mapping[str, str] | None = None

    def ask(
        self, ctx: Context, client: ClientRegistration, fields: Mapping[str, str], *, refreshing: bool = False
    ) -> TokenAnswer | Refusal:
        """Send one request, once, and read the tokens. A refusal is returned: what it means depends on the flow.

        Raises `ClientRefused`, `ProviderUnavailable` (429 and 5xx, whatever they say besides) and `InvalidAnswer`.
        """
        answer = self.post(ctx, client, fields, refreshing=refreshing)
        if isinstance(answer, Refusal):
            return answer
        return read_answer(
            *answer,
            default_expires_in=self.default_expires_in,
            shape=self.shape,
            scope_separator=self.scope_separator,
            captured=self.captured,
        )

    def post(
        self, ctx: Context, client: ClientRegistration, fields: Mapping[str, str], *, refreshing: bool = False
    ) -> Answer | Refusal:
        """Send one request, once, as `ask` does, and read the members of an answer that is no error.

        Tokens are an answer whatever its status is: the old ones may be spent (R12). When `refreshing`, an
        ``unauthorized_client`` is about the grant, and not about the client's registration (R13).
        """
        identity, headers = identify_client(self.client_auth, client)
        every = renamed({**fields, **identity}, self.parameter_names or {})
        make = Request.json if self.request_format == "json" else Request.form
        response = ctx.send(make(self.url, every, (*self.headers, *headers)))
        members = read_members(response)
        values = members.values
        if self._grants(response, values):
            return Answer(response, members)
        words = read_words(values, response.status, self.shape)
        refusal = self._refusal(response, words, _secrets(client, every, values))
        if refusal.ends(self.ended) and response.status < 500 and response.status != 429:
            return refusal
        self.check_available(response, ctx.now(), refusal.code)
        if not is_error(response, values, self.shape):
            return Answer(response, members)
        if not values and not response.complete:
            raise ProviderUnavailable(f"the answer of {self.title} broke off", hint="try again later").answered(
                response.status
            )
        self._check_refusal(refusal, client, refreshing=refreshing)
        return refusal

    def _grants(self, response: Response, values: Mapping[str, Any]) -> bool:
        """Tell whether the answer holds tokens: some name a past error beside them, but not with an error's status."""
        held = self.shape.tokens(values)
        access, refresh = value_at(held, self.shape.access_token), value_at(held, self.shape.refresh_token)
        if response.status < 300:
            return bool(access or refresh)
        return bool(access) and not values.get("error")

    def failed(self, refusal: Refusal) -> ProviderError:
        """Return the error for a refusal that has no meaning of its own in the flow."""
        return ProviderError(f"{self.title} refused the request: {refusal.sentence}").answered(
            refusal.status, refusal.code
        )

    def check_available(self, response: Response, now: float, code: str = "") -> None:
        """Raise for the statuses that say nothing about the request: try later, or somewhere else."""
        status = response.status
        if status == 429 or status >= 500:
            what = "asks for fewer requests" if status == 429 else "has trouble of its own"
            at = retry_at(response, now)
            raise ProviderUnavailable(
                f"{self.title} {what} (HTTP {status})",
                retry_at=now + PAUSE if at is None and status == 429 else at,
                hint="try again later",
            ).answered(status, code)
        if 300 <= status < 400:
            raise InvalidAnswer(
                f"{self.title} answered with a redirect (HTTP {status}), which is not followed"
            ).answered(status)

    def _refusal(self, response: Response, words: Words, secrets: list[str]) -> Refusal:
        reasons = self.reasons or {}
        told = words.told.lower()
        reason = next((sentence for fragment, sentence in reasons.items() if fragment.lower() in told), "")
        code, description = (sanitized(text, secrets=secrets) for text in (words.code, words.description))
        sentence = reason or ": ".join(filter(None, (code, description))) or self._status_sentence(response.status)
        return Refusal(words.code, sentence, words.told, response.status, description)

    def _status_sentence(self, status: int) -> str:
        if status == 410:
            return "the service says that it is gone for good (HTTP 410)"
        wrong_place = f": is {self.url.partition('?')[0]} the right address?" if status in _NOT_THERE else ""
        return f"HTTP {status}, without saying why{wrong_place}"

    def ends_at(self, answer: TokenAnswer, authorized_at: float, before: float | None = None) -> float | None:
        """Return when the refresh token ends, by what the answer tells and the provider's limits; None where nothing
        says.

        Unix time in seconds, UTC, as `authorized_at` is, and the end `before` the answer, which a limit that is counted
        from the authorization leaves as it was.
        """
        fixed = authorized_at + self.refresh_lifetime if self.refresh_lifetime and authorized_at else None
        idle = None if self.idle_lifetime is None else answer.at + self.idle_lifetime
        moving = [end for end in (answer.refresh_expires_at, idle) if end is not None]
        if not moving and before is not None:
            return before
        return min(moving + ([] if fixed is None else [fixed]), default=None)

    def _check_refusal(self, refusal: Refusal, client: ClientRegistration, *, refreshing: bool) -> None:
        """Raise for a refusal that is about the client or about now, and not about what was asked."""
        codes = CLIENT_CODES if refreshing else CLIENT_CODES | {"unauthorized_client"}
        if refusal.code in codes or (refusal.status == 401 and not refusal.code):
            raise ClientRefused(
                f"{self.title} does not accept our client id or secret: {refusal.sentence}",
                hint=f"tokenkit client set {self.provider}{other_basic(self.client_auth, client)}",
            )
        if refusal.code in TEMPORARY_CODES:
            raise ProviderUnavailable(
                f"{self.title} has trouble of its own: {refusal.sentence}", hint="try again later"
            ).answered(refusal.status, refusal.code)


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
    """Return what a provider's words must not repeat: what we sent that is secret, and any token beside them."""
    sent = [value for name, value in fields.items() if name in SECRET_FIELDS]
    got = [value for name, value in members.items() if name.endswith("_token") and isinstance(value, str)]
    return [*sent, *got, client.client_secret.reveal() if client.client_secret else ""]
