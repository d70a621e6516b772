"""Which stored account is meant by what a person or a program has written (R4).

A name is matched exactly first. Where nothing matches, it is matched tolerantly: without regard to case and Unicode
form, by the part before the ``@``, or by a bare address, if exactly one account fits. What destroys asks for the exact
name.
"""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import cast

from tokenkit.account import Account, is_provider_name
from tokenkit.errors import AmbiguousAccount, ConsentRequired, UnknownAccount, UsageError
from tokenkit.grants import beside
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import grant_name
from tokenkit.listing import listed
from tokenkit.shell import quoted

LISTED = 100
"""Accounts of a provider that are read to find the only one: there may be a hundred thousand."""


class AccountNames:
    """The accounts of one owner, by name as asked. `defaults` are those of ``config.toml``, read when needed."""

    def __init__(self, refresher: Refresher, defaults: Callable[[], Mapping[str, str]], *, config_file: str) -> None:
        self._refresher = refresher
        self._records = refresher.records
        self._defaults = defaults
        self._config_file = config_file

    def resolve(self, asked: str) -> Account:
        """Return the one account that `asked` means: ``google/me@example.com``, ``google`` where one fits, or alike.

        Raises `UnknownAccount`, `UnknownProvider`, `AmbiguousAccount`, and `ConsentRequired` for a bare provider at
        which nobody is signed in.
        """
        check_asked(asked)
        provider, _, name = asked.partition("/")
        if name:
            account = Account(provider, name, self._records.owner)
            return account if self._is_stored(account) else self._like(account)
        if "@" in asked:
            return self._by_address(asked)
        return self._only(provider)

    def exact(self, asked: str) -> Account:
        """Return the account of exactly that name, or of a bare provider with one account: for what destroys.

        Raises as `resolve` does; the nearest name is offered, never taken.
        """
        check_asked(asked)
        provider, slash, name = asked.partition("/")
        if not slash and "@" not in asked:
            return self._only(provider, exact=True)
        account = Account(provider, name, self._records.owner)
        if name and self._is_stored(account):
            return account
        if name:
            raise self._unknown(account, self._alike(account), exact=True)
        raise _no_name(asked, self._addressed(asked))

    def _is_stored(self, account: Account) -> bool:
        """Tell whether there is a record of that name, or a grant that waits to be written as one (R9)."""
        try:
            stored = self._records.store.version(grant_name(account)) is not None
            return stored or account in self._refresher.unsaved or beside.exists(self._records, account)
        except UsageError:  # no file can have that name, nor a record
            return False

    def _like(self, account: Account) -> Account:
        alike = self._alike(account)
        if len(alike) == 1:
            return alike[0]
        raise self._unknown(account, alike)

    def _alike(self, account: Account) -> list[Account]:
        """Return what the name may mean: the same but for case and form, else the part before the ``@``."""
        provider, name = _folded(account.provider), _folded(account.name)
        accounts = self._records.accounts(provider) if is_provider_name(provider) else []
        same = [one for one in accounts if _folded(one.name) == name]
        return same or [one for one in accounts if _folded(one.name).partition("@")[0] == name.removesuffix("@")]

    def _by_address(self, asked: str) -> Account:
        found = self._addressed(asked)
        if len(found) == 1:
            return found[0]
        if found:
            raise AmbiguousAccount(
                f"{asked} is an account at several providers: {listed(map(str, found))}",
                candidates=map(str, found),
                hint=f"name one of them: tokenkit token {quoted(str(found[0]))}",
            )
        raise _no_name(asked, [])

    def _addressed(self, asked: str) -> list[Account]:
        return [one for one in self._records.accounts() if _folded(one.name) == _folded(asked)]

    def _only(self, provider: str, *, exact: bool = False) -> Account:
        """Return the one account of a provider, or its default."""
        folded = provider if exact else _folded(provider)
        accounts = self._records.accounts(provider, most=LISTED + 1) if is_provider_name(provider) else []
        if not accounts and folded != provider and is_provider_name(folded):
            provider, accounts = folded, self._records.accounts(folded, most=LISTED + 1)
        if len(accounts) == 1:
            return accounts[0]
        if not accounts:
            self._refresher.provider(provider)  # an unknown provider is reported as such, with the nearest name
            raise ConsentRequired(
                f"no account is signed in at {provider}",
                hint=f"tokenkit login {provider}",
                account=provider,
                reason="nobody has signed in yet",
            )
        defaults = self._defaults()
        default = Account(provider, defaults.get(provider, ""), self._records.owner)
        if default.name and self._is_stored(default):
            return default
        every = self._every(provider) if len(accounts) > LISTED else map(str, accounts)
        raise _ambiguous(provider, accounts, every, defaults, self._config_file)

    def _every(self, provider: str) -> Iterator[str]:
        yield from map(str, self._records.accounts(provider))

    def _unknown(self, account: Account, alike: Collection[Account], *, exact: bool = False) -> UnknownAccount:
        from tokenkit.nearest import nearest

        stored = self._records.accounts(account.provider) if is_provider_name(account.provider) else []
        if not stored and not alike:
            self._refresher.provider(account.provider)  # `UnknownProvider` names the nearest
        name = nearest(account.name, [one.name for one in stored], begun=False)
        near = alike or [one for one in stored if name and one.name == name]
        way = "tokenkit list shows what is" if exact else f"tokenkit login {quoted(str(account))}"
        return UnknownAccount(
            f"nothing is stored for {account}",
            hint=f"did you mean {listed(map(str, near))}? Else: {way}" if near else way,
            account=str(account),
        )


def check_asked(asked: str) -> None:
    """Refuse what is no text, and one in which a variable has left the provider or the account empty: `UsageError`.

    An `Account`, too, is named by its text.
    """
    if not isinstance(cast(object, asked), str):
        raise UsageError(
            f"an account is named by a text, not by {type(asked).__name__}",
            hint='kit.token("google/me@example.com"); of an Account it is str(account)',
        )
    provider, slash, name = asked.partition("/")
    if provider.strip() and (name.strip() or not slash):
        return
    lacks = "provider, before" if not provider.strip() else "account, after"
    raise UsageError(
        f"{asked!r} names no {lacks} the slash" if slash else "no account is named: the name is empty",
        hint="is a variable empty that was to hold it? tokenkit list shows the accounts",
    )


def _no_name(asked: str, near: Collection[Account]) -> UnknownAccount:
    meant = f"did you mean {listed(map(str, near))}? Else: " if near else ""
    return UnknownAccount(
        f"no account is called {asked}", hint=f"{meant}an account is named PROVIDER/NAME: tokenkit list shows them"
    )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _ambiguous(
    provider: str, accounts: Collection[Account], every: Iterable[str], defaults: Mapping[str, str], config_file: str
) -> AmbiguousAccount:
    """Return the error that lists the accounts, with a command, and with the lines for ``config.toml``."""
    from json import dumps  # its strings are TOML's, too

    names = [str(account) for account in accounts]
    number = f"more than {LISTED}" if len(names) > LISTED else str(len(names))
    default = defaults.get(provider)
    none = "" if default is None else f", and the default {default!r} in config.toml is none of them"
    line = f"{provider} = {dumps(names[0].partition('/')[2], ensure_ascii=False)}"
    path = quoted(config_file)
    if default is not None:  # a second line for it would make the file none that can be read
        where = f"change its line in {path} to:"
    elif defaults:
        where = f"put this line under [defaults] in {path}:"
    else:  # a table may be there once only
        where, line = f"put these two lines at the end of {path}:", f"[defaults]\n{line}"
    return AmbiguousAccount(
        f"{provider} has {number} accounts: {listed(names, whole=len(names) <= LISTED)}{none}",
        candidates=every,
        hint=f"name one of them: tokenkit token {quoted(names[0])}, or {where}\n{line}",
    )
