"""A service that has no OAuth: it is told an API key, a personal token, or a user name and an app password."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Literal
from urllib.parse import parse_qsl

from tokenkit.account import is_provider_name
from tokenkit.declaration import check_evidence, scheme_of
from tokenkit.errors import ConfigurationError, InvalidAnswer, ProviderUnavailable, UsageError
from tokenkit.flows.answer import access_token_value
from tokenkit.flows.identity import GET, UserinfoRequest, ask, ask_identity
from tokenkit.flows.kinds import check_kinds
from tokenkit.flows.placement import Placement, filled_in_url, names_in_url
from tokenkit.flows.sanitize import sanitized, without_hidden
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.grant import Grant
from tokenkit.net.hosts import check_endpoints, parse_url
from tokenkit.provider import ClientRegistration, Context, Field, Identity, Request, Revocation
from tokenkit.provider.defaults import WithoutOAuth
from tokenkit.provider.values import Identify, Revoke
from tokenkit.settled import Settled
from tokenkit.token import AccessToken, Secret
from tokenkit.variables import missing

_CLIENT_ID = "client_id"
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey(WithoutOAuth, Settled):
    """A service without OAuth, as data: `ApiKey(name="acme", ...)`. Every field but the first four has a default.

    - `name` (``acme``), `title` (``Acme Notes``)
    - `resource_hosts`: where the key may go, as ``https://host[:port][/prefix]``; the first one's host is whom the key
      is of, so that a key stays with its server (R17)
    - `fields`: what a person is asked for, by name: see `tokenkit.Field`
    - `variables`: parts of its addresses that differ from account to account, see `tokenkit.Variable`

    How the key travels: `token_headers`, by header, with the names of fields in braces, as in
    ``{"X-Api-Key": "{key}"}``. ``Basic`` encodes what follows it: ``{"Authorization": "Basic {user}:{password}"}``.
    Without any, the only field travels as a Bearer token. `token_query` is for a service that offers nothing else: an
    address is written to many logs.

    How it is tried before it is kept:

    - `userinfo_endpoint`, `userinfo`: the address that is asked with it, and how
    - `subject_path`, `name_paths`: where the answer says whose it is. Without a `subject_path`, that it answers is all

    Around it:

    - `needs_client`: whether an app is registered, too, whose client id is ``{client_id}`` in the templates and in the
      `where` of a field
    - `revocation_endpoint`, `revocation_method`: the address that ends the key, with a field's name in braces
    - `console_url`: where an app is registered; `manage_url`: where keys are deleted; `retired`: a sentence where the
      service is gone
    - `sources`, `checked`, `unverified`: how this is known, as in `OAuth2`
    """

    resource_hosts: tuple[str, ...]
    fields: Mapping[str, Field]
    token_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    token_query: Mapping[str, str] = field(default_factory=dict[str, str])
    userinfo_endpoint: str = ""
    userinfo: UserinfoRequest = GET
    subject_path: str = ""
    name_paths: tuple[str, ...] = ("email", "preferred_username", "name")
    needs_client: bool = False
    revocation_endpoint: str = ""
    revocation_method: Literal["DELETE", "POST", "GET"] = "DELETE"
    console_url: str = ""
    manage_url: str = ""
    retired: str = ""
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    checked: str = ""
    unverified: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_kinds(self)
        if not is_provider_name(self.name):
            raise ConfigurationError(f"{self.name!r} is no name for a provider: it takes a-z, 0-9, '.', '_' and '-'")
        if not self.title:
            raise ConfigurationError(f"title of {self.name} is empty", hint="write title = ...")
        self._fill_in(later=self.fields)
        for name, url in (
            ("userinfo_endpoint", self.userinfo_endpoint),
            ("name_endpoint", self.userinfo.name_endpoint),
        ):
            if url:
                scheme_of(self.name, name, url)
        if not self.resource_hosts:
            raise ConfigurationError(f"{self.name} has no resource_hosts", hint="the address of its API, https://...")
        if not self.fields:
            raise ConfigurationError(f"{self.name} asks for nothing", hint="add a table [provider.fields.key]")
        self.placement.check(self._known)
        for name in self.fields.keys() - self.placement.names:
            raise ConfigurationError(
                f"{self.name} asks for {name} and sends it nowhere", hint="name it in token_headers: {" + name + "}"
            )
        for name in names_in_url(self.revocation_endpoint) - self.placement.names:
            raise ConfigurationError(
                f"the revocation_endpoint of {self.name} names {{{name}}}, which is no field that travels",
                hint=f"write {' or '.join(f'{{{each}}}' for each in sorted(self.placement.names))} in its place",
            )
        for name, asked in self.fields.items():
            self._check_field(name, asked)
        known = {each.name for each in fields(self) if each.init}
        check_evidence(self.name, known, sources=self.sources, unverified=self.unverified, checked=self.checked)
        check_endpoints(self)

    def _check_field(self, name: str, asked: Field) -> None:
        if asked.where and not asked.where.startswith(("https://", "http://")):
            raise ConfigurationError(f"fields.{name}.where of {self.name} is no web address", hint="https://...")
        try:
            re.compile(asked.pattern)
        except re.error as error:
            raise ConfigurationError(f"fields.{name}.pattern of {self.name} is no pattern: {error}") from None

    @property
    def issuer(self) -> str:
        """The origin of its API stands for the server: a key goes to no other (R17)."""
        return parse_url(self.resource_hosts[0].replace("*.", "", 1)).origin

    @property
    def endpoints(self) -> Mapping[str, str]:
        """The endpoint that is asked whose key it is."""
        named = {"identify": self.userinfo_endpoint, "identify.name": self.userinfo.name_endpoint}
        return {power: url for power, url in named.items() if url}

    @property
    def header_token(self) -> bool:
        """Whether the key travels in ``Authorization`` and nowhere else (R33)."""
        return self.placement.in_authorization

    @property
    def revocation_reach(self) -> str:
        """A key that is revoked is one token."""
        return "token" if self.revocation_endpoint else ""

    @property
    def needs_trust(self) -> bool:
        """Whether nobody has confirmed where the key is sent."""
        return not (self.retired or {"resource_hosts", "userinfo_endpoint"}.isdisjoint(self.unverified))

    # The powers.

    def ask(self, ctx: Context, client: ClientRegistration, answers: Mapping[str, Secret]) -> Grant:
        """Make the grant of what was typed; where the service cannot say whose it is, try first that it works.

        Raises `UsageError` for what cannot be a key, `InvalidAnswer` where the service refuses it, and
        `ProviderUnavailable`. None of them shows anything of the key.
        """
        for name, variable in self.lacking.items():
            raise missing(self.name, name, variable)
        here = {_CLIENT_ID: client.client_id}
        asked = {name: replace(each, where=filled_in_url(each.where, here)) for name, each in self.fields.items()}
        values = {name: self._read(each, answers.get(name)) for name, each in asked.items()}
        token = self.placement.token({**values, _CLIENT_ID: Secret(client.client_id)}, ctx.now())
        if not access_token_value(token.value):
            raise self._unusable(next(iter(asked.values())), "cannot be sent")
        if self.userinfo_endpoint and not self.subject_path:
            self._try(ctx, client, token)
        return Grant(
            provider=self.name,
            access_tokens={"": token},
            issuer=self.issuer,
            revocation_endpoint=self.revocation_endpoint,
            client_id=client.client_id,
            authorized_at=ctx.now(),
        )

    @property
    def identify(self) -> Identify | None:
        """Whose key it is; None where no endpoint says."""
        return self._identify if self.userinfo_endpoint and self.subject_path else None

    @property
    def revoke(self) -> Revoke | None:
        """End the key; None where the service has no endpoint for that."""
        return self._revoke if self.revocation_endpoint else None

    def authenticate(self, ctx: Context, client: ClientRegistration, token: AccessToken, request: Request) -> Request:
        """Return the request with the key where the service looks for it."""
        return self.placement.put(token, request)

    # How.

    def _identify(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Identity:
        return ask_identity(self.reaching(ctx), self, self._asked, client, grant)

    def _try(self, ctx: Context, client: ClientRegistration, token: AccessToken) -> None:
        """Ask the address that tells nothing of a person. Raises `InvalidAnswer` where the service refuses the key."""
        sign = partial(self.authenticate, ctx, client, token)
        response = ask(self.reaching(ctx), self.userinfo_endpoint, sign, self.userinfo, client)
        self._asked.check_available(response, ctx.now())
        if response.status >= 400:
            raise InvalidAnswer(f"{self.title} refuses it (HTTP {response.status})").answered(response.status)
        if self.userinfo.query and not response.json_object().get("data"):  # GraphQL refuses inside a 200
            raise InvalidAnswer(f"{self.title} refuses it: its answer has no data").answered(response.status)

    def _revoke(self, ctx: Context, client: ClientRegistration, grant: Grant) -> Revocation:
        token = grant.access_token
        if token is None:
            return Revocation(done=False, note="there was no key to revoke")
        url = filled_in_url(self.revocation_endpoint, self.placement.values(token))
        try:
            request = self.authenticate(ctx, client, token, Request(self.revocation_method, url))
            response = self.reaching(ctx).send(request)
        except ProviderUnavailable as error:
            return Revocation(done=False, note=str(error))
        done = response.status < 300 or response.status == 404  # it had ended before
        return Revocation(done, "" if done else f"the service did not confirm it (HTTP {response.status})")

    def _read(self, asked: Field, answer: Secret | None) -> Secret:
        """Return what was typed without what copying adds to it: spaces and line ends around it, the address of it.

        Raises `UsageError`, which shows nothing of it.
        """
        text = "" if answer is None else without_hidden(answer.reveal()).strip()
        if asked.fragment:
            text = self._of_address(asked, text)
        if (re.fullmatch(asked.pattern, text) if asked.pattern else _VISIBLE.fullmatch(text)) and text.isprintable():
            return Secret(text)
        raise self._unusable(asked, "is missing" if not text else "cannot be one: it is not whole, or more than it")

    def _of_address(self, asked: Field, text: str) -> str:
        """Return the member of an address that may have been pasted, of its fragment or of a part of that alone.

        An address without it is no key: a person has declined, or has copied that of the page before.
        """
        _, hash_, fragment = text.strip("<>\"'`").rpartition("#")
        if not (hash_ or "://" in text or text.startswith(f"{asked.fragment}=")):
            return text
        members = dict(parse_qsl(fragment))
        if asked.fragment in members:
            return members[asked.fragment]
        said = sanitized(members.get("error", ""), limit=60)
        raise self._unusable(asked, f"is not in that address{f', which says {said}' if said else ''}")

    def _unusable(self, asked: Field, what: str) -> UsageError:
        hint = f"copy it again, and nothing beside it{f', at {asked.where}' if asked.where else ''}"
        return UsageError(f"the {asked.label} of {self.title} {what}", hint=hint)

    @property
    def placement(self) -> Placement:
        """Where the key goes on a request."""
        headers = self.token_headers
        if not headers and not self.token_query:
            headers = {"Authorization": f"Bearer {{{next(iter(self.fields), '')}}}"}
        return Placement(headers, self.token_query)

    @property
    def _known(self) -> frozenset[str]:
        """The names that may stand in braces."""
        return frozenset(self.fields) | ({_CLIENT_ID} if self.needs_client else frozenset[str]())

    @property
    def _asked(self) -> TokenEndpoint:
        """What is known of a server that answers: its name, and how trouble of its own is told."""
        return TokenEndpoint(provider=self.name, title=self.title, url=self.userinfo_endpoint)
