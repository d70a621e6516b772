"""A grant, or a code, that was obtained elsewhere: checked member by member before anything is stored (R17)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from typing import TypedDict, cast

from tokenkit.account import Account
from tokenkit.errors import ProviderChanged, UsageError
from tokenkit.flows.answer import access_token_value, vschar
from tokenkit.grant import ACTIVE, Grant, grant_to_bytes
from tokenkit.grants.bound_to import changes, of, settled
from tokenkit.grants.returned import is_time
from tokenkit.grants.scopes import resolve_scopes
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import AuthorizationAnswer, ClientRegistration, Provider
from tokenkit.signals import sending
from tokenkit.signing_in.authorization import Authorizations
from tokenkit.signing_in.settle import settle
from tokenkit.token import AccessToken, Secret


def adopt(
    authorizations: Authorizations, provider: Callable[[str], Provider], grant: Grant, *, name: str = ""
) -> Account:
    """Store a grant that was obtained elsewhere, as a sign-in would, and return its account.

    It must be whole, and say where it is from: `UsageError` names the wrong member. Raises `ProviderChanged` for a
    grant of another client or another server than the provider has today, `ClientMissing`, `StoreError`. Nothing is
    stored then.
    """
    _check_members(grant)
    issuer = of(provider(grant.provider), grant)
    client = authorizations.refresher.client(issuer)
    _check_origin(grant, issuer, client)
    ready = authorizations.prepare(issuer, name=name)
    whole = grant.renewed(state=ACTIVE, reason="", generation=0)
    return authorizations.linker.adopt(issuer, client, whole, name=name, replaces=ready.replaces)


class Elsewhere(TypedDict, total=False):
    """What a callback of the host's own received; see `exchange_code`. The first three are needed."""

    provider: str
    code: str
    redirect_uri: str
    code_verifier: str
    iss: str
    scopes: Collection[str] | None
    name: str
    variables: Mapping[str, str]


def exchange_code(
    authorizations: Authorizations,
    find: Callable[[str], Provider],
    *,
    provider: str = "",
    code: str = "",
    redirect_uri: str = "",
    code_verifier: str = "",
    iss: str = "",
    scopes: Collection[str] | None = None,
    name: str = "",
    variables: Mapping[str, str] | None = None,
) -> Account:
    """Exchange a code that a callback of the host's own received, once; store the account and return it.

    The host is responsible for its `state`, and that the person who came back is the one it has sent away (R22).
    `redirect_uri` is the one that it sent; `code_verifier` belongs to its challenge (RFC 7636); `iss` is that of the
    answer (RFC 9207).
    `scopes` are those that it asked for, `variables` the values that it sent the person away with. Raises `UsageError`,
    which names what is wrong, `CallbackRefused`, and what a sign-in raises.
    """
    for what, value in {"provider": provider, "code": code, "redirect_uri": redirect_uri}.items():
        if not _is_text(value):
            raise UsageError(f"{what} is not a text of printable ASCII characters", hint="take it from the callback")
    server = settle(authorizations.refresher, find(provider), variables or {})
    if server.state_in != "query":
        raise UsageError(f"{server.title} has no code to exchange", hint=f"tokenkit login {provider}")
    authorizations.check_confirmed(server)
    context, client = authorizations.refresher.context, authorizations.refresher.client(server)
    ready = authorizations.prepare(server, name=name)
    state = context.random(16).hex()
    pending = PendingAuthorization(
        provider=provider,
        url="",
        redirect_uri=redirect_uri,
        state=Secret(state),
        code_verifier=Secret(code_verifier) if code_verifier else None,
        scopes=frozenset(resolve_scopes(server, scopes) if scopes else ()),
        issuer=server.issuer,
        settled=settled(server),
        client_id=client.client_id,
        replaces=ready.replaces,
    )
    answer = AuthorizationAnswer({"code": code, "state": state, **({"iss": iss} if iss else {})})
    with sending():
        return authorizations.exchange(server, client, pending, answer, name=name)


def _check_members(grant: Grant) -> None:
    """Raise `UsageError`, which names the member, for what no grant can have: the caller's code need not be typed."""
    if not isinstance(cast(object, grant), Grant):
        raise UsageError(f"adopt() takes a tokenkit.Grant, not {type(grant).__name__}", hint="help(tokenkit.Grant)")
    for member, problem in (*_of_origin(grant), *_of_tokens(grant), *_of_the_rest(grant)):
        raise UsageError(f"grant.{member} {problem}; nothing was stored", hint="help(tokenkit.Grant)")


def _check_origin(grant: Grant, provider: Provider, client: ClientRegistration) -> None:
    foreign = [change.what for change in changes(grant, provider, client.client_id) if change.then]
    if foreign:
        raise ProviderChanged(
            f"the grant names another {' and '.join(foreign)} than {provider.name} has here; nothing was stored",
            hint=f"adopt it where its own client and provider are set up, or sign in: tokenkit login {provider.name}",
        )


Problems = Iterator[tuple[str, str]]
"""The members at fault, and what is wrong with each."""


def _of_origin(grant: Grant) -> Problems:
    for member in ("provider", "client_id", "token_endpoint"):
        if not _is_text(getattr(grant, member)):
            yield member, "is empty or no text: a grant is bound to the provider, client and server that it is from"
    for member in ("issuer", "revocation_endpoint", "resource", "subject"):
        if not isinstance(getattr(grant, member), str):
            yield member, "is no text"


def _of_tokens(grant: Grant) -> Problems:
    refresh_token, tokens = cast(object, grant.refresh_token), cast(object, grant.access_tokens)
    if refresh_token is not None and not (isinstance(refresh_token, Secret) and _is_text(refresh_token.reveal())):
        yield "refresh_token", "is neither a tokenkit.Secret with a text nor None"
    if not isinstance(tokens, Mapping):
        yield "access_tokens", 'is no mapping such as {"": AccessToken(...)}'
        return
    if not tokens and not refresh_token:
        yield "access_tokens", "is empty, and there is no refresh token either"
    for audience, token in cast(Mapping[object, object], tokens).items():
        where = f"access_tokens[{audience!r}]"
        if not isinstance(token, AccessToken) or not isinstance(audience, str):
            yield where, "is no tokenkit.AccessToken under a text"
        elif not access_token_value(token.value):
            yield where, "has a value that is no token (RFC 6749 appendix A)"
        elif not is_time(token.expires_at) or not is_time(token.obtained_at):
            yield where, "has a time that is not Unix time in seconds"


def _of_the_rest(grant: Grant) -> Problems:
    for member in ("scopes", "asked"):
        scopes = getattr(grant, member)
        if scopes is not None and not (isinstance(scopes, Set) and all(map(_is_scope, cast("Set[object]", scopes)))):
            yield member, "is no set of scopes"
    for member in ("authorized_at", "refresh_expires_at"):
        if not is_time(getattr(grant, member)):
            yield member, "is not Unix time in seconds"
    try:
        grant_to_bytes(grant)
    except (TypeError, ValueError, AttributeError):
        yield "extra", "or unknown holds what cannot be written as JSON"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and vschar(value)


def _is_scope(value: object) -> bool:
    return _is_text(value) and " " not in cast(str, value)
