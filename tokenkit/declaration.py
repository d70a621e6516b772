"""What a provider says about itself: facts, named by the terms of the RFCs. Nothing is done with them here."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal
from urllib.parse import urlsplit

from tokenkit.account import is_provider_name
from tokenkit.errors import ConfigurationError
from tokenkit.flows.answer import STANDARD, AnswerShape
from tokenkit.flows.client_auth import ClientAuth
from tokenkit.flows.declared import (
    AUTHORIZATION,
    TOKEN,
    check_aliases,
    check_headers,
    check_parameters,
    check_query,
    check_read,
    check_renamed,
    check_revocation,
)
from tokenkit.flows.identity import GET, UserinfoRequest
from tokenkit.flows.kinds import check_kinds
from tokenkit.flows.lifetime import LONGEST, Lifetime
from tokenkit.flows.refusal import Ended
from tokenkit.flows.revoke import RFC_7009, RevocationRequest
from tokenkit.nearest import meant
from tokenkit.net.hosts import is_loopback, may_lack_the_scheme, parse_url, resource_host
from tokenkit.provider import Scope
from tokenkit.settled import Settled
from tokenkit.variables import LATER, named_in

_ENDPOINTS = (
    "authorization_endpoint", "token_endpoint", "refresh_endpoint", "revocation_endpoint",
    "device_authorization_endpoint", "introspection_endpoint", "userinfo_endpoint",
)  # fmt: skip

_USER = re.compile(r"//[^/?#]*@")

_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration(Settled):
    """A provider as data. The fields are named by the RFCs' terms; every one but the first two has a default.

    ``docs/reference/declaration.md`` has a table of all of them, each with a provider that needs it.

    Who and where (RFC 6749 section 3, RFC 7009, 7662, 8628, OpenID Connect); a missing endpoint is a power less:

    - `name` (``google``), `title` (``Google``)
    - `authorization_endpoint`, `token_endpoint`, `refresh_endpoint` (where that is another), `revocation_endpoint`,
      `device_authorization_endpoint`, `userinfo_endpoint`: URLs; those that are not https need the opt-in of R32, but
      for a loopback IP address. Where the first two are missing, the metadata of the `issuer` is fetched at each
      sign-in, and what it says is kept with the grant
    - `variables`: parts of its addresses that differ from account to account, by the name that stands in braces in the
      texts of the other fields, see `tokenkit.Variable`
    - `introspection_endpoint`: used where host and port are the token endpoint's, which each grant keeps (R17)
    - `issuer`, and whether the answer's ``iss`` is ``required`` or compared ``if_present`` (RFC 9207)
    - `resource_hosts`: where its tokens may go, as ``https://host[:port][/prefix]``, see `tokenkit.net.hosts`. A prefix
      may hold endpoints of the provider's own: no token goes there
    - `redirect_host`, `redirect_port`: of loopback redirect URIs; port 0 is any. `redirect_uri`: the whole of it, where
      it is registered exactly and none of ours
    - `console_url`: where a person registers a client; `manage_url`: where they remove the app by hand
    - `console_steps`: the pages of its console where a client is registered, in turn: the address, and what to do there
    - `retired`: a sentence where nobody can sign in: the service is gone, is not for one person's assistant, or runs on
      a server that was not named

    What is asked:

    - `scopes` by short alias; `default_scopes`, asked where a sign-in names none; `identity_scopes`, asked always
      (both aliases or full values); `scope_separator`
    - `client_auth`, `needs_secret`; `pkce` is off only where the provider's documentation says so; `nonce` (OpenID
      Connect) and `resource` (RFC 8707), where it wants them
    - `token_header`: the header in which its API wants the token, alone, in place of ``Authorization``
    - `request_format` of the token endpoint, `headers` that it wants
    - `authorization_parameters`: more of them, in every authorization request, those too that press for a refresh
      token: a sign-in replaces what was stored as a whole (R18), and needs a new one; `token_parameters` and
      `refresh_parameters`: more of them, with a code and with a refresh token; `refresh_scopes`: whether a refresh
      names the scopes again
    - `parameter_names`: its names for ``client_id``, ``scope`` and others; an empty one is left out. `code_parameter`:
      its name for the code that comes back
    - `userinfo`, `revocation`: how those endpoints are asked, where it is not as the RFCs have it

    What is answered:

    - `answer`: where a token answer has its members, see `AnswerShape`; `captured`: dotted paths of more of them (and
      ``redirect.NAME``, a parameter of the redirect), kept
      in `Grant.extra`; `scope_parameter`: the redirect's parameter that names the granted scopes
    - `default_expires_in`: seconds, where nothing tells a lifetime; "never" only where the provider says so
    - `refresh_lifetime`: seconds from the authorization to the end of the refresh token, where that is fixed;
      `idle_lifetime`: seconds from its last use
    - `keeps_refresh_token`: whether it is documented that a refresh brings no other refresh token: then a process that
      is killed in the middle of one keeps the others waiting for seconds, and not to the end of its lease (R38)
    - `subject_path`, `name_paths`: where the userinfo answer, or without such an endpoint the captured members, say
      whose account it is. ``id_token.sub`` reads the ID token
    - `revocation_reach`: what ends with a revoked refresh token: the ``token``, its ``grant``, or all that the
      ``client`` has of that person
    - `ended`: what it says, besides ``invalid_grant``, where a grant has ended (R13), see `Ended`
    - `reasons`: a fragment of an error's code, subtype or description, and the sentence to tell in its place

    How it is known:

    - `sources`: by field, where its value was read; ``*`` stands for all others. `checked`: the date of that, ISO 8601
    - `unverified`: the fields of which no source that was read confirms the value; ``scopes.ALIAS`` is one scope. The
      first sign-in wants a yes where the authorization or token endpoint is among them (`needs_trust`)
    """

    authorization_endpoint: str = ""
    token_endpoint: str = ""
    refresh_endpoint: str = ""
    revocation_endpoint: str = ""
    introspection_endpoint: str = ""
    device_authorization_endpoint: str = ""
    userinfo_endpoint: str = ""
    issuer: str = ""
    iss: Literal["required", "if_present"] = "if_present"
    resource_hosts: tuple[str, ...] = ()
    redirect_host: str = "127.0.0.1"
    redirect_port: int = 0
    redirect_uri: str = ""
    console_url: str = ""
    console_steps: Mapping[str, str] = field(default_factory=dict[str, str])
    manage_url: str = ""
    retired: str = ""
    scopes: Mapping[str, Scope] = field(default_factory=dict[str, Scope])
    default_scopes: tuple[str, ...] = ()
    identity_scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    client_auth: ClientAuth = "post"
    needs_secret: bool = False
    pkce: bool = True
    nonce: bool = False
    resource: str = ""
    token_header: str = ""
    request_format: Literal["form", "json"] = "form"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    authorization_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    token_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    refresh_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    refresh_scopes: bool = False
    parameter_names: Mapping[str, str] = field(default_factory=dict[str, str])
    code_parameter: str = "code"
    userinfo: UserinfoRequest = GET
    revocation: RevocationRequest = RFC_7009
    answer: AnswerShape = STANDARD
    captured: tuple[str, ...] = ()
    scope_parameter: str = ""
    default_expires_in: Lifetime = 3600.0
    refresh_lifetime: float | None = None
    idle_lifetime: float | None = None
    keeps_refresh_token: bool = False
    subject_path: str = "sub"
    name_paths: tuple[str, ...] = ("email", "preferred_username", "name")
    revocation_reach: Literal["token", "grant", "client", ""] = "grant"
    ended: tuple[Ended, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    checked: str = ""
    unverified: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_kinds(self)
        if not is_provider_name(self.name):
            raise ConfigurationError(f"{self.name!r} is no name for a provider: it takes a-z, 0-9, '.', '_' and '-'")
        self._fill_in()
        self._check_addresses()
        self._check_loopback()
        self._check_lifetimes()
        self._check_words()
        self._check_evidence()
        if not self.revocation_endpoint:
            object.__setattr__(self, "revocation_reach", "")

    def _check_addresses(self) -> None:
        """Check that every address can be read, and that no resource server is one of our own endpoints (R32)."""
        for name in ("authorization_endpoint", "token_endpoint"):
            if not (getattr(self, name) or self.issuer):
                published = "where the server publishes its metadata, issuer alone does: tokenkit providers add URL"
                raise ConfigurationError(f"{name} is missing", hint=f"add {name}; {published}")
        endpoints = {name: getattr(self, name) for name in _ENDPOINTS} | {"name_endpoint": self.userinfo.name_endpoint}
        for name, url in endpoints.items():
            for later in LATER.intersection(named_in(url)) if name != "revocation_endpoint" else ():
                raise ConfigurationError(
                    f"{name} of {self.name} names {{{later}}}, which is filled in nowhere but in revocation_endpoint",
                    hint=f"take it out of {name}; where it tells whose a token is, leave {name} out",
                )
        schemes = {url: scheme_of(self.name, name, url) for name, url in endpoints.items() if url}
        if len(set(schemes.values())) > 1:
            plain = next(url for url, scheme in schemes.items() if scheme != "https")
            raise ConfigurationError(
                f"some endpoints of {self.name} are https and some are not: {plain}",
                hint=f"write https://{plain.partition('://')[2]}",
            )
        for name, url in (("redirect_uri", self.redirect_uri), ("issuer", self.issuer)):
            if url:
                scheme_of(self.name, name, url)
        for entry in self.resource_hosts:
            resource_host(entry)

    def _check_loopback(self) -> None:
        """Check that a sign-in can listen there, on this machine alone (R24)."""
        if not (self.redirect_host == "localhost" or is_loopback(self.redirect_host)):
            raise ConfigurationError(
                f"redirect_host of {self.name} is {self.redirect_host!r}, and not this machine",
                hint='write redirect_host = "127.0.0.1", "localhost" or "::1"; an address elsewhere is a redirect_uri',
            )
        if not 0 <= self.redirect_port < 65536:
            raise ConfigurationError(
                f"redirect_port of {self.name} is {self.redirect_port}, and no port", hint="write redirect_port = 8765"
            )

    def _check_lifetimes(self) -> None:
        for name in ("default_expires_in", "refresh_lifetime", "idle_lifetime"):
            seconds: Lifetime | None = getattr(self, name)
            if not (seconds is None or seconds == "never" or 0 < seconds <= LONGEST):
                never = '; where a token has no end, "never"' if name == "default_expires_in" else ""
                raise ConfigurationError(
                    f"{name} of {self.name} is {str(seconds)[:20]}, and no number of seconds that a token can last",
                    hint=f"write {name} = 3600, for an hour{never}",
                )

    def _check_words(self) -> None:
        """Check that no declared parameter or header takes the place of what a flow says."""
        check_parameters("authorization_parameters", self.authorization_parameters, AUTHORIZATION)
        check_parameters("token_parameters", self.token_parameters, TOKEN)
        check_parameters("refresh_parameters", self.refresh_parameters, TOKEN)
        check_query("authorization_endpoint", self.authorization_endpoint, AUTHORIZATION)
        check_query("token_endpoint", self.token_endpoint, TOKEN)
        check_query("refresh_endpoint", self.refresh_endpoint, TOKEN)
        check_headers("headers", self.headers)
        check_headers("userinfo.headers", self.userinfo.headers)
        check_headers("token_header", {self.token_header: "x"} if self.token_header else {})
        check_renamed(self.parameter_names)
        check_read(self.code_parameter, self.scope_parameter)
        check_revocation(self.revocation_endpoint, self.revocation.sent_in)
        check_aliases({alias: scope.value for alias, scope in self.scopes.items()})
        for name in ("title", "code_parameter"):
            if not getattr(self, name):
                raise ConfigurationError(f"{name} of {self.name} is empty", hint=f"write {name} = ...")
        if any(each == Ended(reason=each.reason) for each in self.ended):
            raise ConfigurationError(
                f"ended of {self.name} says nothing that a refusal could be told by",
                hint="give its code, fragment, status or empty",
            )
        if len(self.scope_separator) != 1:
            raise ConfigurationError(
                f"scope_separator of {self.name} is the character itself, and not {self.scope_separator!r}",
                hint='write scope_separator = ","',
            )

    def _check_evidence(self) -> None:
        known = {each.name for each in fields(self) if each.init} | {f"scopes.{alias}" for alias in self.scopes}
        check_evidence(self.name, known, sources=self.sources, unverified=self.unverified, checked=self.checked)

    @property
    def needs_trust(self) -> bool:
        """Whether nobody has confirmed where a person, or a code and a secret, are sent."""
        return not (self.retired or {"authorization_endpoint", "token_endpoint"}.isdisjoint(self.unverified))


def check_evidence(
    provider: str, known: Collection[str], *, sources: Iterable[str], unverified: Iterable[str], checked: str
) -> None:
    """Check that what is said of a field names one that is `known`; raises `ConfigurationError`."""
    for where, names in (("sources", sources), ("unverified", unverified)):
        for name in names:
            if name != "*" and name not in known:
                hint = meant(name, sorted(known), too_many="docs/reference/declaration.md")
                raise ConfigurationError(f"{where} of {provider} names {name!r}, which is no field", hint=hint)
    if checked and not _DATE.fullmatch(checked):
        raise ConfigurationError(f"checked of {provider} is no date: {checked!r}", hint="2026-11-28")


def scheme_of(provider: str, name: str, url: str) -> str:
    """Return the scheme of the address in the field `name`. It has no fragment (RFC 6749 section 3.1)."""
    try:
        if "#" in url:
            raise ValueError("it has a fragment")
        _check_port(url)
        return parse_url(url).scheme
    except ValueError as error:
        shown = _USER.sub("//…@", url)[:100]  # a password stands there (R35)
        example = "http://127.0.0.1:8765/callback" if name == "redirect_uri" else "https://host/path"
        written = f"https://{url}" if may_lack_the_scheme(url) else example
        form = "" if url.isascii() else "; of a host name that is not ASCII, the form that begins with xn--"
        raise ConfigurationError(
            f"{shown!r} cannot be the {name} of {provider}: {error}", hint=f'write {name} = "{written}"{form}'
        ) from None


def _check_port(url: str) -> None:
    """Refuse what stands where a port belongs, such as a placeholder; `ValueError` names it."""
    _, colon, port = urlsplit(url).netloc.rpartition("@")[2].rpartition("]")[2].rpartition(":")
    if colon and port and not port.isdecimal():
        raise ValueError(f"its port is {port!r}, and not a number such as 8765")
