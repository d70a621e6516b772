"""The authorization code grant with PKCE, and refreshing, as Google and Spotify share them (RFC 6749, RFC 7636)."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from tokenkit.provider import Response
from tokenkit.sandbox.call import NO_STORE, Call, Refused, json_answer
from tokenkit.sandbox.documented import Errors, oauth_error
from tokenkit.sandbox.flavour import Decision, Flavour, redirect
from tokenkit.sandbox.ledger import Access, Asked, Code, Family, Ledger, Refresh, proves
from tokenkit.sandbox.registry import Client, Registry


class Lifetimes:
    """How long tokens live, in seconds. A change concerns the tokens to come.

    `refresh` counts from the authorization. None means the provider's own: for ever at Google, six months at Spotify.
    """

    def __init__(self, access: float, refresh: float | None) -> None:
        self.access = access
        self.refresh = refresh

    def change(self, *, access: float | None = None, refresh: float | None = None) -> None:
        """Change those that are given."""
        self.access = self.access if access is None else access
        self.refresh = self.refresh if refresh is None else refresh


class OAuth2Flavour(Flavour):
    """A provider that speaks OAuth 2. A subclass says how its errors are called, and how it knows its clients."""

    prefixes: Mapping[str, str]
    """What its codes, access and refresh tokens begin with."""
    errors: Errors
    own_refresh_lifetime: float | None = None
    sends_iss = False

    def __init__(self, ledger: Ledger, registry: Registry, lifetimes: Lifetimes, *, rotates: bool) -> None:
        super().__init__(ledger, registry)
        self.lifetimes = lifetimes
        self.rotates = rotates
        self.grants: dict[str, Callable[[Call, Client], Response]] = {
            "authorization_code": self.redeem,
            "refresh_token": self.renew,
        }

    # The authorization endpoint (RFC 6749 section 4.1.1).

    def authorize(self, call: Call) -> Response:
        """Check the request and show the consent screen. Nothing goes to a redirect URI that is not registered."""
        client = self.client_for_page(call.query.get("client_id", ""))
        redirect_uri = call.query.get("redirect_uri", "")
        if not self.registry.allows_redirect(self.name, redirect_uri):
            self.refuse_redirect_uri(redirect_uri)
        asked = Asked(
            flavour=self.name,
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            scopes=tuple(dict.fromkeys(call.query.get("scope", "").split())),
            state=call.query.get("state", ""),
            code_challenge=call.query.get("code_challenge", ""),
            login_hint=call.query.get("login_hint", ""),
        )
        wrong = self.wrong_request(call, asked)
        return self.send_back(asked, call, wrong) if wrong else self.present(self.detailed(asked, call))

    def refuse_redirect_uri(self, redirect_uri: str) -> NoReturn:
        """Show that the redirect URI is not registered."""
        self.complain("Error 400: redirect_uri_mismatch", f"{redirect_uri!r} is not registered for this client.")

    def wrong_request(self, call: Call, asked: Asked) -> dict[str, str]:
        """Return what is wrong with the request, as parameters of the redirect; empty when nothing is.

        PKCE with S256 is required. That is stricter than the real providers, which accept a client without it.
        """
        if call.query.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        if not asked.code_challenge or call.query.get("code_challenge_method") != "S256":
            return {"error": "invalid_request", "error_description": "code_challenge_method S256 is required"}
        unknown = self.registry.unknown_scopes(self.name, asked.scopes)
        if unknown:
            return {"error": "invalid_scope", "error_description": f"unknown: {', '.join(unknown)}"}
        return {}

    def detailed(self, asked: Asked, call: Call) -> Asked:
        """Return the request with the provider's own parameters."""
        return asked

    def decided(self, asked: Asked, decision: Decision, call: Call) -> Response:
        """Send the browser back with a code, or with ``access_denied``."""
        if not decision.allowed:
            return self.send_back(asked, call, {"error": "access_denied"})
        family, with_refresh_token = self.consented(asked, decision)
        code = self.ledger.new_code(self.prefixes["code"], asked, family, with_refresh_token=with_refresh_token)
        return self.send_back(asked, call, {"code": code, **self.beside_the_code(family)})

    def consented(self, asked: Asked, decision: Decision) -> tuple[Family, bool]:
        """Return the family that begins with this consent, and whether a refresh token is due."""
        earlier = self.ledger.consented(self.name, asked.client_id, decision.user)
        scopes = self.spelled(decision.scopes) | (earlier if asked.merge else frozenset[str]())
        lasts = self.lifetimes.refresh or self.own_refresh_lifetime
        ends_at = None if lasts is None else self.ledger.now() + lasts
        family = Family(self.name, asked.client_id, decision.user, scopes, refresh_ends_at=ends_at)
        return self.ledger.remember(family), asked.offline and (asked.press or not earlier)

    def spelled(self, scopes: frozenset[str]) -> frozenset[str]:
        """Return the scopes as the provider spells them in its answers."""
        return scopes

    def beside_the_code(self, family: Family) -> dict[str, str]:
        """Return more parameters for the redirect."""
        return {}

    def send_back(self, asked: Asked, call: Call, parameters: Mapping[str, str]) -> Response:
        """Redirect to the client (RFC 6749 section 4.1.2), with ``iss`` where the provider sends it (RFC 9207)."""
        state = {"state": asked.state} if asked.state else {}
        iss = {"iss": call.base} if self.sends_iss else {}
        return redirect(asked.redirect_uri, {**parameters, **state, **iss})

    # The token endpoint (section 3.2).

    def token(self, call: Call) -> Response:
        """Issue tokens for a grant."""
        client = self.authenticated_client(call)
        grant_type = call.field("grant_type")
        if grant_type not in self.grants:
            raise Refused(oauth_error("unsupported_grant_type", f"Invalid grant_type: {grant_type}"))
        return self.grants[grant_type](call, client)

    def authenticated_client(self, call: Call) -> Client:
        """Return the client that asks, once it is proven as this provider wants it."""
        raise NotImplementedError

    def named_client(self, call: Call) -> tuple[Client, str | None]:
        """Return the client that asks and its secret, None where it gave none: by one method only (section 2.3)."""
        if call.basic is not None and call.field("client_secret"):
            raise Refused(oauth_error("invalid_request", "the client authenticated in two ways"))
        client_id, secret = call.basic or (call.field("client_id"), call.fields.get("client_secret"))
        client = self.registry.client(self.name, client_id)
        if client is None:
            self.refuse("invalid_client")
        return client, secret

    def redeem(self, call: Call, client: Client) -> Response:
        """Exchange a code. One that comes a second time takes all its tokens with it (section 4.1.2)."""
        code = self.ledger.codes.get(call.field("code"))
        if code is None or code.asked.flavour != self.name or code.asked.client_id != client.client_id:
            self.refuse(self.code_refusal)
        if code.spent:
            code.family.revoked = True
        if code.spent or code.family.revoked or self.ledger.now() >= code.ends_at:
            self.refuse(self.code_refusal)
        if call.field("redirect_uri") != code.asked.redirect_uri:
            self.refuse("redirect_uri_mismatch")
        if not self.proven(call.field("code_verifier"), code.asked.code_challenge):
            self.refuse("invalid_verifier")
        code.spent = True
        return self.answer(code.family, code.family.scopes, self.first_refresh_token(code))

    code_refusal = "invalid_code"

    def proven(self, verifier: str, challenge: str) -> bool:
        """Tell whether the one who redeems a code is the one who asked for it (RFC 7636)."""
        return proves(verifier, challenge)

    def first_refresh_token(self, code: Code) -> str:
        """Return the refresh token that goes with a code; empty where none is due."""
        return self.ledger.new_refresh(self.prefixes["refresh"], code.family) if code.with_refresh_token else ""

    def renew(self, call: Call, client: Client) -> Response:
        """Refresh (section 6). A refresh token that was rotated away and comes again ends its family (RFC 9700)."""
        value = call.field("refresh_token")
        held = self.ledger.refresh.get(value)
        if held is None or held.family.flavour != self.name or held.family.client_id != client.client_id:
            self.refuse(self.unknown_refresh_refusal)
        if held.spent:
            held.family.revoked = True
        if held.family.revoked:
            self.refuse("invalid_grant")
        if held.family.refresh_ends_at is not None and self.ledger.now() >= held.family.refresh_ends_at:
            self.refuse(self.expired_refresh_refusal)
        scopes = self.narrowed(held.family.scopes, call.field("scope"))
        return self.answer(held.family, scopes, self.rotated(held))

    unknown_refresh_refusal = "invalid_grant"
    expired_refresh_refusal = "invalid_grant"

    def narrowed(self, granted: frozenset[str], wanted: str) -> frozenset[str]:
        """Return the scopes of a refresh: never more than were granted."""
        scopes = self.spelled(frozenset(wanted.split())) or granted
        if not scopes <= granted:
            raise Refused(oauth_error("invalid_scope", "some scopes were not granted"))
        return scopes

    def rotated(self, held: Refresh) -> str:
        """Return the new refresh token where this flavour rotates; empty where it does not."""
        if not self.rotates:
            return ""
        held.spent = True
        return self.ledger.new_refresh(self.prefixes["refresh"], held.family)

    def answer(self, family: Family, scopes: frozenset[str], refresh_token: str) -> Response:
        """Make the successful answer (section 5.1)."""
        lifetime = self.lifetimes.access
        members: dict[str, Any] = {
            "access_token": self.ledger.new_access(self.prefixes["access"], family, scopes, lifetime),
            "token_type": "Bearer",
            "expires_in": int(lifetime),
            "scope": " ".join(sorted(scopes)),
            **({"refresh_token": refresh_token} if refresh_token else {}),
        }
        return json_answer({**members, **self.beside_the_tokens(family)}, headers=NO_STORE)

    def beside_the_tokens(self, family: Family) -> Mapping[str, Any]:
        """Return more members for the answer."""
        return {}

    def refuse(self, name: str) -> NoReturn:
        """Answer with the token endpoint's documented error of that name."""
        raise Refused(self.errors[name])

    # The APIs (RFC 6750).

    def admitted(self, call: Call, errors: Errors, *any_of: str) -> Access:
        """Return the access token of a call, if it holds one of these scopes; else answer 401 or 403."""
        access = self.ledger.living(call.bearer, self.name)
        if access is None:
            raise Refused(errors[self.why_not_admitted(call)])
        if any_of and access.scopes.isdisjoint(any_of):
            raise Refused(errors["insufficient_scope"])
        return access

    def why_not_admitted(self, call: Call) -> str:
        """Return the name of the API's error for a token that is missing, unknown or expired."""
        return "unauthenticated"
