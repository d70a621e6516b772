"""The plain flavour: an authorization server that does what the RFCs say, for a provider that somebody describes.

RFC 6749 and 7636 (code and refresh), 7009 (revocation), 7662 (introspection), 8628 (devices), 6750 (its API). Any
client ``sandbox-NAME`` is registered, with ``sandbox-NAME-secret``; one that sends no secret is a public client.
"""

from collections.abc import Mapping
from typing import NoReturn

from tokenkit.provider import Response
from tokenkit.sandbox.call import Call, json_answer
from tokenkit.sandbox.device import GRANT_TYPE, DeviceFlavour
from tokenkit.sandbox.documented import PLAIN_API, PLAIN_TOKEN
from tokenkit.sandbox.flavour import Route
from tokenkit.sandbox.introspection import described
from tokenkit.sandbox.ledger import Asked
from tokenkit.sandbox.registry import PLAIN, Client


class Plain(DeviceFlavour):
    """Plays an authorization server of no make."""

    name = PLAIN
    title = "Plain OAuth 2"
    granular = True
    prefixes: Mapping[str, str] = {"code": "code-", "access": "access-", "refresh": "refresh-"}
    errors = PLAIN_TOKEN
    code_refusal = "invalid_grant"

    def routes(self) -> Mapping[str, Route]:
        """Return the paths of its endpoints."""
        return {
            "/authorize": Route("GET", "authorize", self.authorize),
            "/consent": Route("POST", "", self.consent),
            "/token": Route("POST", "token", self.token),
            "/revoke": Route("POST", "revoke", self.revoke),
            "/introspect": Route("POST", "introspect", self.introspect),
            "/device_authorization": Route("POST", "device", self.begin_device),
            self.device_page: Route("GET", "", self.enter_code),
            "/userinfo": Route("GET", "userinfo", self.userinfo),
            "/api": Route("*", "api", self.api),
            "/.well-known/openid-configuration": Route("GET", "", self.metadata),
        }

    def route(self, path: str) -> Route | None:
        """Return how a path is answered; all below the API is the API."""
        return self.routes().get("/api" if path.startswith("/api/") else path)

    def wrong_request(self, call: Call, asked: Asked) -> dict[str, str]:
        """Return what is wrong with the request: PKCE may be left out, and is S256 where it is not."""
        if call.query.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        if asked.code_challenge and call.query.get("code_challenge_method") != "S256":
            return {"error": "invalid_request", "error_description": "code_challenge_method S256 is required"}
        return {}

    def proven(self, verifier: str, challenge: str) -> bool:
        """Tell whether PKCE holds where it was begun, and that no verifier comes where it was not."""
        return super().proven(verifier, challenge) if challenge else not verifier

    def authenticated_client(self, call: Call) -> Client:
        """Accept the secret in a header or in the body; without one, take the client for a public one."""
        client, secret = self.named_client(call)
        if secret and not client.accepts(secret):
            self.refuse("invalid_client")
        return client

    def begin_device(self, call: Call) -> Response:
        """Give out a device code (RFC 8628 section 3.1)."""
        return self.give_codes(call, self.authenticated_client(call), call.field("scope").split())

    def revoke(self, call: Call) -> Response:
        """Revoke (RFC 7009): a refresh token with its grant, an access token alone; an unknown one is no error."""
        client, token = self.authenticated_client(call), call.field("token")
        if not token:
            self.refuse("invalid_request")
        family = self.ledger.family_of(token, self.name)
        if family is not None and family.client_id != client.client_id:
            self.refuse("invalid_grant")
        if family is not None and token in self.ledger.refresh:
            family.revoked = True
        self.ledger.access.pop(token, None)
        return json_answer({})

    def introspect(self, call: Call) -> Response:
        """Say whether a token is active (RFC 7662), to a client that has proven itself."""
        client = self.authenticated_client(call)
        if not (call.basic or call.field("client_secret")):
            self.refuse("invalid_client")
        return described(self.ledger, self.name, client, call.field("token"))

    def refuse(self, name: str) -> NoReturn:
        """Answer as RFC 6749 section 5.2 says: a redirect URI or a verifier that does not fit ends in invalid_grant."""
        super().refuse(name if name in self.errors else "invalid_grant")

    # What tokens are for.

    def why_not_admitted(self, call: Call) -> str:
        """Return ``invalid_token`` for a token that does not live: without one, nothing is said (RFC 6750)."""
        return "invalid_token" if call.bearer else "unauthenticated"

    def userinfo(self, call: Call) -> Response:
        """Say whose account it is, in the words of OpenID Connect."""
        user = self.admitted(call, PLAIN_API).family.user
        name = user.partition("@")[0]
        return json_answer({"sub": f"id-of-{name}", "email": user, "email_verified": True, "name": name})

    def api(self, call: Call) -> Response:
        """Answer whatever is asked, with what the token was good for."""
        access = self.admitted(call, PLAIN_API)
        return json_answer({"ok": True, "user": access.family.user, "scopes": sorted(access.scopes)})

    def metadata(self, call: Call) -> Response:
        """Answer as RFC 8414 section 3.2 says, at the place of OpenID Connect Discovery."""
        named = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "revocation_endpoint": "revoke",
            "introspection_endpoint": "introspect",
            "device_authorization_endpoint": "device_authorization",
            "userinfo_endpoint": "userinfo",
        }
        return json_answer(
            {
                "issuer": call.base,
                **{member: f"{call.base}/{path}" for member, path in named.items()},
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token", GRANT_TYPE],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
                "code_challenge_methods_supported": ["S256"],
            }
        )
