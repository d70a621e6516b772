"""Scopes by short alias and by full value, and those that a sign-in asks for (RFC 6749 section 3.3)."""

from collections.abc import Collection, Iterable

from tokenkit.account import Account
from tokenkit.errors import StoreError, UsageError
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.provider import Provider


def resolve_scopes(provider: Provider, names: Iterable[str] | None) -> list[str]:
    """Full values for short aliases or full values; the provider's default scopes for None. Raises `UsageError`."""
    chosen = provider.default_scopes if names is None else names
    check_scopes(chosen)
    return [provider.scopes[name].value if name in provider.scopes else name for name in chosen]


def check_scopes(names: Iterable[str]) -> None:
    """Raise `UsageError` for a plain string, which would be read as one scope a letter."""
    if isinstance(names, str):
        raise UsageError("scopes are a list, not a string", hint=f'scopes=["{names}"]')


def scopes_to_ask(
    records: SealedStore, provider: Provider, names: Iterable[str] | None, *, account: str, besides: bool = False
) -> list[str]:
    """The full values of `names`; for None, or `besides` them, those that the account was asked for last.

    So a sign-in that mends an account, or adds to it, ends with what its tools need: it replaces what was granted
    (R18). Where nothing is stored under that name, None is the provider's default.
    """
    asked = _asked(records, Account(provider.name, account, records.owner)) if account else []
    if names is None:
        return asked or resolve_scopes(provider, None)
    return list(dict.fromkeys((*(asked if besides else ()), *resolve_scopes(provider, names))))


def _asked(records: SealedStore, account: Account) -> list[str]:
    try:
        held = records.load(account)
    except (StoreError, UsageError):
        return []  # what is wrong there is told by whoever has to read or write it
    return [] if held is None else sorted(held.grant.asked)


def every_name(provider: Provider, values: Collection[str]) -> frozenset[str]:
    """The full values and the aliases that stand for them."""
    return frozenset((*values, *(alias for alias, scope in provider.scopes.items() if scope.value in values)))


def short_names(provider: Provider, values: Collection[str]) -> list[str]:
    """The alias of each where it has one, else the full value; sorted."""
    aliases = {scope.value: alias for alias, scope in provider.scopes.items()}
    return sorted(aliases.get(value, value) for value in values)
