"""The values that a provider and tokenkit hand each other: what it may touch, what it is asked, what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tokenkit.confidential import Confidential
from tokenkit.context import Context
from tokenkit.grant import Grant
from tokenkit.request import Request, Response
from tokenkit.token import AccessToken, Secret, concealed

Strength = Literal["", "identity", "read", "add", "write", "full"]


class ClientRegistration(NamedTuple):
    """The registration that the user made at the provider (RFC 6749 section 2): client id and, perhaps, secret."""

    client_id: str
    client_secret: Secret | None = None

    def __repr__(self) -> str:
        return f"ClientRegistration(client_id={self.client_id!r}, client_secret={concealed(self.client_secret)})"


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope: its full `value`, and `about`, what it permits, as a sentence for people ("read your mail").

    `device` says that a sign-in by device code may ask for it; a provider that says so of no scope allows all (R25).

    The others say how a page offers it. `service` is what it opens, as people call it ("Mail"): the scopes of a service
    are one choice, from the weakest to the strongest. `strength` is ``read``; ``add`` for what sends or creates;
    ``write`` for what changes; ``full`` for what deletes for good, shares, pays or administers, which looks dangerous;
    or ``identity`` for what only tells who the person is. A scope without a service is offered by itself. `includes`
    are the aliases of weaker scopes that it holds: they are not asked for beside it.
    """

    value: str
    about: str = ""
    device: bool = False
    service: str = ""
    strength: Strength = ""
    includes: tuple[str, ...] = ()

    @staticmethod
    def by_value(*scopes: "Scope") -> "dict[str, Scope]":
        """Return the scopes with their full values for aliases, for a service whose values are short enough."""
        return {scope.value: scope for scope in scopes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What a person types or pastes, where there is no consent screen: an API key, a user name, an app password.

    `label` is what the service calls it ("API key"), `about` a sentence more. `where` is the address of the page on
    which it is found; ``{client_id}`` in it stands for the client id. What is `secret` is not shown while it is typed.
    `pattern` is a regular expression that all of it must match; without one, it is visible ASCII without spaces.
    `fragment` names the parameter that holds it where the service sends the browser on, to an address such as
    ``https://example.com/#token=...``: the whole of that may be pasted then.
    """

    label: str
    about: str = ""
    where: str = ""
    secret: bool = True
    pattern: str = ""
    fragment: str = ""


class AuthorizationRequest(NamedTuple):
    """What a sign-in asks for. `scopes` are full values; `redirect_uri` is where the answer is awaited."""

    redirect_uri: str
    scopes: Sequence[str] = ()
    login_hint: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer(Confidential):
    """What the person came back with: the query's parameters, each given once (R23 refuses twice)."""

    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class Identity(NamedTuple):
    """Whose account it is: `subject` never changes, `name` is what people call it (an address, a user name)."""

    subject: str
    name: str


class Revocation(NamedTuple):
    """What revoking did: whether the provider confirmed it, and a sentence where there is more to say."""

    done: bool
    note: str = ""


Refresh = Callable[[Context, ClientRegistration, Grant], Grant]
Revoke = Callable[[Context, ClientRegistration, Grant], Revocation]
Identify = Callable[[Context, ClientRegistration, Grant], Identity]
Introspect = Callable[[Context, ClientRegistration, Grant], bool | None]
Device = Callable[[Context, ClientRegistration, AuthorizationRequest, Callable[[str, str], None]], Grant]
Ask = Callable[[Context, ClientRegistration, Mapping[str, Secret]], Grant]
Challenged = Callable[[Context, ClientRegistration, AccessToken, Request, Response], Request | None]
