"""What there is to see: every provider and account, read from the store and from nowhere else."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from tokenkit.account import Account
from tokenkit.config import serves
from tokenkit.errors import ConfigurationError, TokenKitError, UnknownAccount, UnknownProvider
from tokenkit.grants.due import SOON
from tokenkit.grants.status import Broken, Status
from tokenkit.kit import TokenKit
from tokenkit.provider import Provider
from tokenkit.signing_in.asking import asks
from tokenkit.web.humanize import away, state_words
from tokenkit.web.server_choice import VariableView, variables_of


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account: how it stands, in words, and what it may do.

    `server` is where it is, if its provider has several. `scopes` are full values, None where the provider does not
    say; `permissions` and `withheld` are what was granted and what was asked for in vain, each as people read it. Times
    are Unix time in seconds, UTC.
    """

    id: str
    name: str
    state: str
    reason: str
    warning: str
    broken: bool
    scopes: tuple[str, ...] | None
    permissions: tuple[str, ...]
    withheld: tuple[str, ...]
    authorized_at: float
    ends_at: float | None
    server: str = ""


@dataclass(frozen=True, slots=True)
class ScopeView:
    """A scope: its alias, its full value, what it permits, and whether it is asked for where nobody chooses."""

    alias: str
    value: str
    about: str
    default: bool


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider and its accounts. `problem` says why nobody can connect one, empty where somebody can.

    `variables` are what a new account must say of its server or region; `identifies` is whether it can say whose
    account it is; `registered` whether there is a client registration; `takes_key` whether a person types a key in
    place of going to a consent screen.
    """

    name: str
    title: str
    registered: bool
    identifies: bool
    problem: str
    scopes: tuple[ScopeView, ...]
    accounts: tuple[AccountView, ...]
    variables: tuple[VariableView, ...] = ()
    takes_key: bool = False

    def record(self) -> dict[str, Any]:
        """Return the provider as ``/status`` tells it."""
        return asdict(self)


def overview(kit: TokenKit, only: str = "") -> list[ProviderView]:
    """Return the provider of that name, or all there are."""
    found: defaultdict[str, list[Status]] = defaultdict(list)
    with suppress(UnknownProvider):  # its view says so
        for status in kit.statuses(only):
            found[status.account.provider].append(status)
    names = [only] if only else sorted({*kit.providers(), *found})
    return [_provider(kit, name, found[name]) for name in names]


def find_account(kit: TokenKit, id: str) -> tuple[ProviderView, AccountView]:
    """Return the account with exactly that name: what shall end is not guessed. Raises `UnknownAccount`."""
    for view in overview(kit, id.partition("/")[0]):
        for account in view.accounts:
            if account.id == id:
                return view, account
    raise UnknownAccount("there is no such account here", hint="tokenkit list")


def _provider(kit: TokenKit, name: str, statuses: Sequence[Status]) -> ProviderView:
    try:
        provider = kit.provider(name)
    except TokenKitError as error:
        left = tuple(_unloaded(status.account, str(error)) for status in statuses)
        return ProviderView(name, name, registered=False, identifies=True, problem=str(error), scopes=(), accounts=left)
    registered, problem = _registered(kit, provider)
    return ProviderView(
        name=name,
        title=provider.title,
        registered=registered,
        identifies=provider.identify is not None,
        problem=provider.retired or problem,
        scopes=tuple(_scopes(provider)),
        accounts=tuple(_account(provider, status, kit.context.now()) for status in statuses),
        variables=variables_of(provider),
        takes_key=asks(provider) is not None,
    )


def _scopes(provider: Provider) -> Iterator[ScopeView]:
    for alias, scope in provider.scopes.items():
        usual = not {alias, scope.value}.isdisjoint(provider.default_scopes)
        yield ScopeView(alias, scope.value, scope.about, usual)


def _registered(kit: TokenKit, provider: Provider) -> tuple[bool, str]:
    """Tell whether there is a client registration that serves, and what is wrong with the files of registrations."""
    try:
        client = kit.known_client(provider.name)
    except ConfigurationError as error:
        return False, str(error)
    return serves(client, provider), ""


def _account(provider: Provider, status: Status, now: float) -> AccountView:
    kind, reason = state_words(status.state, provider.title, now)
    return AccountView(
        id=str(status.account),
        name=status.account.name,
        state=kind,
        reason=reason,
        warning=_warning(kind, status.ends_at, now) or _unidentified(status),
        broken=isinstance(status.state, Broken),
        scopes=None if status.scopes is None else tuple(sorted(status.scopes)),
        permissions=_permissions(provider, status.scopes or ()),
        withheld=_permissions(provider, status.missing),
        authorized_at=status.authorized_at,
        ends_at=status.ends_at,
        server=status.server,
    )


def _warning(kind: str, ends_at: float | None, now: float) -> str:
    if kind != "connected" or ends_at is None or ends_at - now > SOON:
        return ""
    return f"This ends {away(ends_at, now)}. Reconnect before, and nothing is interrupted."


def _unidentified(status: Status) -> str:
    if not status.unidentified:
        return ""
    return f"Nobody knows whose account this is: {status.unidentified}. The next sign-in asks again."


def _permissions(provider: Provider, scopes: Sequence[str] | frozenset[str]) -> tuple[str, ...]:
    """Return what the scopes permit, in the provider's order and words; a scope without words stands for itself."""
    about = {scope.value: scope.about for scope in provider.scopes.values() if scope.about}
    told = [sentence for value, sentence in about.items() if value in scopes]
    return (*told, *sorted(set(scopes) - about.keys()))


def _unloaded(account: Account, problem: str) -> AccountView:
    """Return an account whose provider cannot be loaded: all that is left to do is to remove it."""
    return AccountView(
        str(account), account.name, "attention", problem, "", broken=False,
        scopes=None, permissions=(), withheld=(), authorized_at=0.0, ends_at=None,
    )  # fmt: skip
