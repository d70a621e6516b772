"""Any provider that is described by data, played from its declaration: as strict as that says, and no stricter.

It holds what the declaration promises of the client: names of parameters, separator, PKCE, format, how the client
proves itself, headers. And it answers in the shape that the declaration says it reads.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import urlsplit

from tokenkit.flows.id_token import nonce
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import Response
from tokenkit.sandbox.call import NO_STORE, Call, Refused, json_answer
from tokenkit.sandbox.device import GRANT_TYPE, DeviceFlavour
from tokenkit.sandbox.documented import oauth_error
from tokenkit.sandbox.flavour import Decision, Route
from tokenkit.sandbox.introspection import described
from tokenkit.sandbox.ledger import Asked, Family, Ledger
from tokenkit.sandbox.oauth2 import Lifetimes
from tokenkit.sandbox.registry import Client, Registry
from tokenkit.sandbox.shaped import put, subject, unsigned

_API: Mapping[str, Response] = {"unauthenticated": json_answer({"error": "invalid_token"}, 401)}


class Declared(DeviceFlavour):
    """Plays a provider from its declaration."""

    prefixes: Mapping[str, str] = {"code": "code-", "access": "access-", "refresh": "refresh-"}

    def __init__(
        self, ledger: Ledger, registry: Registry, lifetimes: Lifetimes, provider: OAuth2, *, rotates: bool
    ) -> None:
        super().__init__(ledger, registry, lifetimes, rotates=rotates)
        self.provider = provider
        self.name = provider.name
        self.title = provider.title
        self.own_refresh_lifetime = provider.refresh_lifetime
        self._nonces: dict[int, str] = {}
        self._origin = ""
        known = {scope.value: scope.about for scope in provider.scopes.values()}
        asked = (*provider.default_scopes, *provider.identity_scopes)
        registry.scopes[self.name] = {**{each: each for each in asked if each not in provider.scopes}, **known}
        registry.clients[self.name] = [Client(f"sandbox-{self.name}", f"sandbox-{self.name}-secret")]
        registry.redirect_uris[self.name] = [
            f"http://{host}/callback/{self.name}{of_a_server}"
            for host in ("127.0.0.1", "[::1]", "localhost")
            for of_a_server in (("", "/*") if provider.variables else ("",))
        ]

    def routes(self) -> Mapping[str, Route]:
        """Return the paths of its endpoints."""
        asked = self.provider.userinfo
        userinfo = "POST" if asked.method == "POST" or asked.query or asked.body else "GET"
        told = {
            self.provider.authorization_endpoint: Route("GET", "authorize", self.authorize),
            self.provider.token_endpoint: Route("POST", "token", self.token),
            self.provider.refresh_endpoint: Route("POST", "token", self.token),
            self.provider.userinfo_endpoint: Route(userinfo, "userinfo", self.who),
            asked.name_endpoint: Route("GET", "userinfo", self.who),
            self.provider.introspection_endpoint: Route("POST", "introspect", self.introspect),
            self.provider.device_authorization_endpoint: Route("POST", "device", self.begin_device),
        }
        routes = {self._path(url): route for url, route in told.items() if url}
        own = {"/consent": Route("POST", "", self.consent), self.device_page: Route("GET", "", self.enter_code)}
        return {**routes, **own}

    def route(self, path: str) -> Route | None:
        """Return how a path is answered: an endpoint, or anything below a resource host."""
        known = self.routes().get(path)
        if known is not None:
            return known
        revocation = self.provider.revocation_endpoint
        if revocation and re.fullmatch(_pattern(self._path(revocation)), path):
            return Route(self.provider.revocation.method, "revoke", self.revoke)
        below = (self._path(host).rstrip("/") for host in self.provider.resource_hosts)
        return Route("*", "api", self.api) if any(f"{path}/".startswith(f"{host}/") for host in below) else None

    def apis(self) -> Iterator[tuple[str, str]]:
        """Yield the resource hosts: whatever lies below them is answered."""
        yield from (("*", self._path(host)) for host in self.provider.resource_hosts)

    def _path(self, url: str) -> str:
        return urlsplit(url).path.removeprefix(f"/{self.name}")

    # The authorization endpoint.

    def authorize(self, call: Call) -> Response:
        """Read the request by the declared names and separator, and go on as every flavour does."""
        query = self._standard(call.query)
        query["scope"] = " ".join(self._scopes(query))
        return super().authorize(replace(call, query=query))

    def _scopes(self, fields: Mapping[str, Any]) -> list[str]:
        scopes = [each for each in fields.get("scope", "").split(self.provider.scope_separator) if each]
        if any(re.search(r"[\s,]", each) for each in scopes):
            raise Refused(oauth_error("invalid_scope", f"between scopes stands {self.provider.scope_separator!r} here"))
        return scopes

    def _standard(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields under the names of the RFCs; what the provider leaves out must not be there."""
        names = self.provider.parameter_names
        for name, own in names.items():
            if name in fields and own != name:
                raise Refused(oauth_error("invalid_request", f"{name} is not what this is called here"))
        back = {own: name for name, own in names.items() if own}
        return {back.get(name, name): value for name, value in fields.items()}

    def wrong_request(self, call: Call, asked: Asked) -> dict[str, str]:
        """Return what is wrong: PKCE where it is declared and nowhere else, and every declared parameter."""
        wanted = self.provider.authorization_parameters
        lacking = [name for name, value in wanted.items() if call.query.get(name) != value]
        with_pkce = bool(asked.code_challenge) and call.query.get("code_challenge_method") == "S256"
        if call.query.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        if with_pkce != self.provider.pkce or lacking:
            what = ", ".join(lacking) or "code_challenge"
            return {"error": "invalid_request", "error_description": f"not as declared: {what}"}
        unknown = self.registry.unknown_scopes(self.name, asked.scopes)
        return {"error": "invalid_scope", "error_description": f"unknown: {', '.join(unknown)}"} if unknown else {}

    def consented(self, asked: Asked, decision: Decision) -> tuple[Family, bool]:
        """Return the family, with a refresh token."""
        family, _ = super().consented(asked, decision)
        self._nonces[id(family)] = nonce(asked.state)
        return family, True

    def beside_the_code(self, family: Family) -> dict[str, str]:
        """Return the granted scopes, where the redirect names them."""
        name = self.provider.scope_parameter
        return {name: self.provider.scope_separator.join(sorted(family.scopes))} if name else {}

    def send_back(self, asked: Asked, call: Call, parameters: Mapping[str, str]) -> Response:
        """Redirect to the client, with the code under its declared name and the declared issuer."""
        own = {self.provider.code_parameter if name == "code" else name: value for name, value in parameters.items()}
        if self.provider.iss == "required":
            own["iss"] = self._issuer(call.origin)
        return super().send_back(asked, call, own)

    # The token endpoint.

    def token(self, call: Call) -> Response:
        """Hold the request against the declaration, and issue tokens."""
        self._origin = call.origin
        fields = self._standard(call.fields)
        refreshing = fields.get("grant_type") == "refresh_token"
        with_code: Mapping[str, str] = {} if fields.get("grant_type") == GRANT_TYPE else self.provider.token_parameters
        more = self.provider.refresh_parameters if refreshing else with_code
        lacking = [name for name, value in more.items() if fields.get(name) != value]
        headers = [name for name, value in self.provider.headers.items() if call.request.header(name) != value]
        kind = (call.request.header("Content-Type") or "").partition(";")[0]
        wanted = "application/json" if self.provider.request_format == "json" else "application/x-www-form-urlencoded"
        refresh_at = self.provider.refresh_endpoint or self.provider.token_endpoint
        there = self._path(refresh_at if refreshing else self.provider.token_endpoint)
        if lacking or headers or kind != wanted or call.path != there:
            raise Refused(oauth_error("invalid_request", f"not as declared: {', '.join([*lacking, *headers]) or kind}"))
        for name in more:  # a parameter of its own may have the name of one of ours, such as WHOOP's scope
            fields.pop(name)
        return super().token(replace(call, fields=fields))

    def begin_device(self, call: Call) -> Response:
        """Give out a device code to a client that proves itself (RFC 8628 section 3.1)."""
        call = replace(call, fields=self._standard(call.fields))
        client, scopes = self.authenticated_client(call), self._scopes(call.fields)
        unknown = self.registry.unknown_scopes(self.name, scopes)
        if unknown:
            raise Refused(oauth_error("invalid_scope", f"unknown: {', '.join(unknown)}"))
        return self.give_codes(call, client, scopes)

    def introspect(self, call: Call) -> Response:
        """Say whether a token of the client that asks is active (RFC 7662)."""
        return described(self.ledger, self.name, self.authenticated_client(call), call.field("token"))

    def authenticated_client(self, call: Call) -> Client:
        """Accept a client by the declared method, and no other."""
        client, secret = self.named_client(call)
        in_header, method = call.basic is not None, self.provider.client_auth
        if (
            (method == "none" and secret)
            or (method == "post" and in_header)
            or (self.provider.needs_secret > bool(secret))
        ):
            self.refuse("invalid_client")
        if method in ("basic", "basic_raw") and secret and not in_header:
            self.refuse("invalid_client")
        if secret and not client.accepts(secret):
            self.refuse("invalid_client")
        return client

    def proven(self, verifier: str, challenge: str) -> bool:
        """Tell whether PKCE holds where it is declared, and that no verifier comes where it is not."""
        return super().proven(verifier, challenge) if self.provider.pkce else not verifier

    def answer(self, family: Family, scopes: frozenset[str], refresh_token: str) -> Response:
        """Answer in the declared shape."""
        shape, lifetime = self.provider.answer, self.lifetimes.access
        tokens: dict[str, Any] = {}
        put(tokens, shape.access_token, self.ledger.new_access(self.prefixes["access"], family, scopes, lifetime))
        put(tokens, shape.token_type, "Bearer")
        put(tokens, shape.expires_in, int(lifetime) * (1000 if shape.milliseconds else 1))
        put(tokens, shape.scope, self.provider.scope_separator.join(sorted(scopes)))
        if refresh_token:
            put(tokens, shape.refresh_token, refresh_token)
        members: dict[str, Any] = {}
        if shape.path:
            put(members, shape.path, tokens)
        else:
            members |= tokens
        for path in self.provider.captured:
            if not path.startswith("id_token."):
                put(members, path, subject(family.user))
        if shape.success:
            put(members, shape.success, True)
        if "openid" in scopes or any(path.startswith("id_token.") for path in self.provider.captured):
            members["id_token"] = self._id_token(family)
        return json_answer(members, headers=NO_STORE)

    def _issuer(self, origin: str) -> str:
        """Return the issuer at the port that was asked: it is declared before that is known."""
        return f"{origin}{urlsplit(self.provider.issuer).path}" if self.provider.issuer else ""

    def _id_token(self, family: Family) -> str:
        claims = {"iss": self._issuer(self._origin), "aud": family.client_id, "sub": subject(family.user)}
        times = {"iat": int(self.ledger.now()), "exp": int(self.ledger.now()) + 600}
        return unsigned({**claims, **times, "email": family.user, "nonce": self._nonces.get(id(family), "")})

    def refuse(self, name: str) -> NoReturn:
        """Refuse in the declared shape; the end of a grant in the first of the words that are declared for it."""
        shape = self.provider.answer
        status, code, words = (401 if name == "invalid_client" else 400), name, "refused by the sandbox"
        if name == "invalid_grant" and self.provider.ended:
            ended = self.provider.ended[0]
            status, code, words = ended.status or 400, ended.code or ended.fragment, ended.fragment or words
        members: dict[str, Any] = {}
        put(members, shape.error or "error", code)
        put(members, shape.error_description or "error_description", words)
        if shape.success:
            put(members, shape.success, False)
        raise Refused(json_answer(members, status, NO_STORE))

    code_refusal = "invalid_grant"

    # What tokens are for.

    def who(self, call: Call) -> Response:
        """Say whose account it is, where the declaration looks for it."""
        asked = self.provider.userinfo
        access = self.admitted(self._bearing(call), _API)
        own = {name: value.replace("{client_id}", access.family.client_id) for name, value in asked.headers.items()}
        first = call.path == self._path(self.provider.userinfo_endpoint)
        if any(call.request.header(name) != value for name, value in own.items()) or (
            first and asked.query and call.fields.get("query") != asked.query
        ):
            raise Refused(oauth_error("invalid_request", "not as declared"))
        members: dict[str, Any] = {}
        names = self.provider.name_paths[:1]
        for path in names:
            put(members, path, access.family.user)
        put(members, self.provider.subject_path, subject(access.family.user))
        return json_answer(members)

    def api(self, call: Call) -> Response:
        """Answer whatever is asked of a resource server, where a token that lives comes with it."""
        self.admitted(self._bearing(call), _API)
        return json_answer({"ok": True})

    def _bearing(self, call: Call) -> Call:
        """Return the call with its token in ``Authorization``, where the declaration names another header for it."""
        name, said = self.provider.token_header, call.request.header("Authorization")
        token = call.request.header(name) if name and said is None else None
        return (
            replace(call, request=call.request.with_header("Authorization", f"Bearer {token or ''}")) if name else call
        )

    def revoke(self, call: Call) -> Response:
        """End what the declaration says that a revocation reaches."""
        how = self.provider.revocation
        if how.sent_in == "url":
            token = call.path.rpartition("/")[2]
        else:
            token = call.bearer if how.sent_in == "bearer" else call.field(how.parameter)
        family = self.ledger.family_of(token, self.name)
        if family is None:
            return json_answer({})
        if self.provider.revocation_reach == "client":
            self.ledger.end(self.name, family.user, family.client_id)
        elif self.provider.revocation_reach == "grant":
            family.revoked = True
        else:
            self.ledger.access.pop(token, None)
            self.ledger.refresh.pop(token, None)
        return json_answer({})


def _pattern(path: str) -> str:
    return re.sub(r"\\\{(client_id|token)\\\}", "[^/]+", re.escape(path))
