"""The authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636) and issuer identification (RFC 9207)."""

import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

from tokenkit.errors import (
    AuthorizationError,
    CallbackRefused,
    ClientRefused,
    ConsentDenied,
    InvalidAnswer,
    ProviderChanged,
    ProviderError,
    ProviderUnavailable,
    TokenKitError,
)
from tokenkit.flows.answer import TokenAnswer, vschar
from tokenkit.flows.declared import renamed
from tokenkit.flows.discovery import discover
from tokenkit.flows.id_token import nonce
from tokenkit.flows.pkce import challenge, unguessable
from tokenkit.flows.refusal import TEMPORARY_CODES, Refusal
from tokenkit.flows.sanitize import sanitized
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import AuthorizationAnswer, AuthorizationRequest, ClientRegistration, Context
from tokenkit.token import Secret

REDIRECT = "redirect."
"""Before the name of a parameter of the redirect, among the paths of what is kept."""

LONGEST = 500
"""Characters of such a parameter: a longer one is not kept."""


@dataclass(frozen=True, slots=True)
class AuthorizationEndpoint:
    """Where the person is sent, and how the answer they come back with is judged."""

    provider: str
    title: str
    url: str
    token_endpoint: str = ""
    issuer: str = ""
    iss: Literal["required", "if_present"] = "if_present"
    scope_separator: str = " "
    pkce: bool = True
    code_parameter: str = "code"
    parameter_names: Mapping[str, str] | None = None
    nonce: bool = False
    resource: str = ""

    def begin(
        self,
        ctx: Context,
        client: ClientRegistration,
        request: AuthorizationRequest,
        scopes: Sequence[str],
        parameters: Mapping[str, str],
    ) -> PendingAuthorization:
        """Say where to send the person. `parameters` are the provider's own; the flow's always win over them."""
        state = unguessable(ctx)
        code_verifier = unguessable(ctx) if self.pkce else ""
        query = {
            **parameters,
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": request.redirect_uri,
            "state": state,
        }
        if scopes:
            query["scope"] = self.scope_separator.join(scopes)
        if request.login_hint:
            query["login_hint"] = request.login_hint
        if self.resource:
            query["resource"] = self.resource
        if self.nonce:
            query["nonce"] = nonce(state)
        query = renamed(query, self.parameter_names or {})
        if code_verifier:
            query |= {"code_challenge": challenge(code_verifier), "code_challenge_method": "S256"}
        return PendingAuthorization(
            provider=self.provider,
            url=f"{self.url}{'&' if '?' in self.url else '?'}{urlencode(query, quote_via=quote)}",
            redirect_uri=request.redirect_uri,
            state=Secret(state),
            code_verifier=Secret(code_verifier) if code_verifier else None,
            scopes=frozenset(scopes),
            issuer=self.issuer,
            client_id=client.client_id,
            created_at=ctx.now(),
        )

    def code(
        self, ctx: Context, client: ClientRegistration, pending: PendingAuthorization, answer: AuthorizationAnswer
    ) -> str:
        """Return the code of an answer that we may accept. Nothing of it is believed before state and ``iss`` fit."""
        begun = (pending.provider, pending.issuer, pending.client_id)
        if begun != (self.provider, self.issuer, client.client_id):
            raise ProviderChanged(
                f"the sign-in at {self.title} was begun with another provider, issuer or client id", hint=self._again
            )
        self._check_state(pending, answer)
        self._check_issuer(ctx, answer)
        if "error" in answer.parameters:
            raise self._refusal(pending, answer)
        code = answer.parameters.get(self.code_parameter, "")
        if not vschar(code):
            raise CallbackRefused(f"the answer from {self.title} holds neither a code nor an error", hint=self._again)
        return code

    @property
    def _again(self) -> str:
        return f"tokenkit login {self.provider}"

    def _check_state(self, pending: PendingAuthorization, answer: AuthorizationAnswer) -> None:
        given, expected = answer.parameters.get("state", ""), pending.state.reveal()
        if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
            raise CallbackRefused("the answer does not belong to the sign-in that was begun", hint=self._again)

    def _check_issuer(self, ctx: Context, answer: AuthorizationAnswer) -> None:
        """Compare the issuers as plain strings; nothing is normalised (RFC 9207 section 2.4)."""
        iss = answer.parameters.get("iss")
        if iss is None and self.iss == "if_present":
            return
        if iss is None or not self.issuer or iss != self.issuer:
            found = "names no issuer" if iss is None else f"names the issuer {_shown(iss)}"
            raise CallbackRefused(
                f"the answer {found}, and {self.title} has {self.issuer or 'none'}: "
                "it may be meant to mix up two providers (RFC 9207)",
                hint=self._again if self.issuer else self._issuer_hint(ctx, iss or ""),
            )

    def _issuer_hint(self, ctx: Context, iss: str) -> str:
        """Name the issuer to write down only where its own metadata names our token endpoint.

        Anybody can write into the address that came back, so nothing is fetched from a server but the provider's own.
        """
        if iss.startswith("https://") and urlsplit(iss).netloc == urlsplit(self.url).netloc:
            with suppress(TokenKitError):
                if discover(ctx, iss)["token_endpoint"] == self.token_endpoint:
                    return f'write into the declaration of {self.provider}: issuer = "{iss}", then {self._again}'
        return (
            f"look up the issuer in the documentation of {self.title}; if it is this one, write it into the "
            f"declaration as issuer, then {self._again}"
        )

    def _refusal(
        self, pending: PendingAuthorization, answer: AuthorizationAnswer
    ) -> AuthorizationError | ClientRefused | ProviderUnavailable:
        secrets = [secret.reveal() for secret in (pending.state, pending.code_verifier) if secret]
        code = sanitized(answer.parameters["error"], secrets=secrets, limit=60)
        description = sanitized(answer.parameters.get("error_description"), secrets=secrets)
        words = ": ".join(filter(None, (code, description)))
        if code in TEMPORARY_CODES:
            return ProviderUnavailable(f"{self.title} has trouble of its own: {words}", hint=self._again)
        if code == "unauthorized_client":
            return ClientRefused(
                f"{self.title} does not let this client sign people in: {words}",
                hint=f"tokenkit client set {self.provider}",
            )
        if code == "access_denied":
            why = f": {description}" if description else ""
            return ConsentDenied(f"the sign-in at {self.title} was declined{why}", hint=self._again)
        hint = self._again
        if "redirect" in words.lower():
            hint = (
                f"register {pending.redirect_uri} at {self.title}, exactly so; where it takes the other spelling of "
                f"loopback alone, put that as redirect_host below [providers.{self.provider}] in config.toml; "
                f"then {self._again}"
            )
        return ConsentDenied(f"{self.title} refused the sign-in: {words}", error=code, hint=hint)


def _shown(iss: str) -> str:
    """Return the issuer, fit to be shown: anybody can write into the address that came back."""
    return iss if len(iss) <= 200 and vschar(iss) and '"' not in iss else "(unreadable)"


def captured_of(redirect: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """Return the parameters of the redirect that are kept, under their names among `paths`: ``redirect.NAME``."""
    named = ((path, redirect.get(path.removeprefix(REDIRECT), "")) for path in paths if path.startswith(REDIRECT))
    return {path: value for path, value in named if value and value.isprintable() and len(value) <= LONGEST}


def _why(endpoint: TokenEndpoint, refusal: Refusal) -> str:
    """Say why the code was refused: the provider's `reasons` for ``invalid_grant`` are about refresh tokens."""
    if refusal.code != "invalid_grant":
        return refusal.sentence
    says = f" ({endpoint.title} says: {refusal.description})" if refusal.description else ""
    return f"it has expired, or was used already{says}"


def exchange(
    ctx: Context,
    endpoint: TokenEndpoint,
    client: ClientRegistration,
    pending: PendingAuthorization,
    code: str,
    parameters: Mapping[str, str],
) -> TokenAnswer:
    """Exchange the code, exactly once: whatever comes of it, it is not sent again (R18)."""
    fields = {
        **parameters,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": pending.redirect_uri,
    }
    if pending.code_verifier:
        fields["code_verifier"] = pending.code_verifier.reveal()
    again = f"tokenkit login {endpoint.provider}"
    try:
        answer = endpoint.ask(ctx, client, fields)
    except ProviderError as error:
        if not (isinstance(error, ProviderUnavailable) and not error.sent):  # else the code is not spent
            error.hint = again
        raise
    if isinstance(answer, Refusal):
        raise AuthorizationError(f"{endpoint.title} did not accept the code: {_why(endpoint, answer)}", hint=again)
    if answer.access is None:
        raise InvalidAnswer(f"{endpoint.title} answered without an access token that can be used", hint=again)
    return answer
