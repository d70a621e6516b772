"""Scopes by short alias and by full value, and those that a sign-in asks for (RFC 6749 section 3.3)."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, cast

from tokenkit.account import Account
from tokenkit.errors import ConsentRequired, UsageError
from tokenkit.listing import listed
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.grant import Grant
    from tokenkit.provider import Provider

RAW = "raw:"
"""Stands before a scope that the provider's description does not know, to ask for it all the same."""


_SCOPE = re.compile("[!-~]+")
"""What a scope is written in: ASCII without spaces (RFC 6749 section 3.3)."""


def resolve_scopes(provider: "Provider", names: Iterable[str] | None) -> list[str]:
    """Return full values for short aliases or full values; the provider's default scopes for None.

    Raises `UsageError` for what cannot be a scope, and for a name that the provider's description does not know, with
    the nearest one: a misspelled scope would be asked for as it is. ``raw:NAME`` asks for any; so does a URL that is
    not nearly a known one.
    """
    chosen = provider.default_scopes if names is None else names
    check_scopes(chosen)
    if names is not None:
        _check_written(provider, names)
    return [_value(provider, name) for name in chosen]


def _check_written(provider: "Provider", names: Iterable[str]) -> None:
    """Refuse what is no scope, such as two of them in one text: it would never be among those that are granted."""
    for name in names:
        if name not in provider.scopes and not _SCOPE.fullmatch(name):
            several = name.split()
            hint = f"one by one: --scopes {quoted(','.join(several))}, or scopes={several}" if len(several) > 1 else ""
            raise UsageError(
                f"{name!r} cannot be a scope", hint=hint or f"tokenkit providers {provider.name} lists them"
            )


def _value(provider: "Provider", name: str) -> str:
    if name in provider.scopes:
        return provider.scopes[name].value
    if name.startswith(RAW):
        return name.removeprefix(RAW)
    check_known(provider, (name,))
    return name


def check_known(provider: "Provider", names: Iterable[str]) -> None:
    """Raise `UsageError` for a scope that the provider's description does not know and that no ``raw:`` asks for."""
    for name in names:
        near = misspelled(provider, name)
        if near or not (is_known(provider, name) or "://" in name):
            meant = f"did you mean {near}? " if near else f"tokenkit providers {provider.name} lists them. "
            raise UsageError(
                f"{provider.title} has no scope {name!r} that is known here",
                hint=f"{meant}To ask for it all the same: --scopes {quoted(RAW + name)}",
            )


def is_known(provider: "Provider", name: str) -> bool:
    """Tell whether that is an alias or value of the provider's description, or a provider that describes none."""
    return not provider.scopes or name.startswith(RAW) or name in _known(provider)


def misspelled(provider: "Provider", name: str) -> str:
    """Return the known scope that an unknown one nearly is, or an empty string."""
    if is_known(provider, name):
        return ""
    from tokenkit.nearest import nearest

    ends = {
        known.rpartition("/")[2]: known for known in sorted(_known(provider)) if ("://" in known) == ("://" in name)
    }
    near = nearest(name.rpartition("/")[2], ends, begun=False)  # values share most of their URL
    return ends[near] if near else ""


def plain_scopes(names: Collection[str]) -> Collection[str]:
    """Return the names without the ``raw:`` of those that are asked for though they are not known."""
    return [name.removeprefix(RAW) for name in names] if any(name.startswith(RAW) for name in names) else names


def _known(provider: "Provider") -> set[str]:
    return {*provider.scopes, *(scope.value for scope in provider.scopes.values()), *provider.default_scopes}


def check_scopes(names: Iterable[str]) -> None:
    """Raise `UsageError` for a plain string, each letter of which would be read as a scope, and for what is no list.

    What can be gone through once only is no list: it would be empty where the scopes are compared.
    """
    if isinstance(names, str):
        raise UsageError("scopes are a list, not a string", hint=f"scopes={names.replace(',', ' ').split()}")
    given = cast(object, names)
    if not isinstance(given, Collection):
        raise UsageError(f"scopes are a list, not {type(given).__name__}", hint='scopes=["gmail.readonly"]')
    for name in cast(Collection[object], given):
        if not isinstance(name, str):
            raise UsageError(f"a scope is a text, not {type(name).__name__}", hint='scopes=["gmail.readonly"]')


def scopes_to_ask(
    provider: "Provider", names: Iterable[str] | None, before: Mapping[str, "Grant"], *, account: str
) -> list[str]:
    """Return the full values of `names`, and those that were granted to or asked for the account before.

    A sign-in replaces what was granted, so without the latter a renewal would drop what the account's tools need; who
    leaves them out on purpose gives no grants (R18). `before` are those of the provider's accounts, by name. Without an
    `account` all of them count (at the same server, where it has many): nobody knows yet which one the person will
    choose. Where nothing is stored, None is the provider's default.
    """
    named = resolve_scopes(provider, names)
    asked = sorted(_asked(provider, before, account))
    return asked if asked and names is None else list(dict.fromkeys((*asked, *named)))


def _asked(provider: "Provider", before: Mapping[str, "Grant"], account: str) -> frozenset[str]:
    """Return what was asked for and granted to the account, or to all that are of the server of today."""
    there = provider.token_endpoint if getattr(provider, "server", "") and not account else ""
    of_it = (grant for name, grant in before.items() if not account or name == account)
    here = (grant for grant in of_it if not there or grant.token_endpoint == there)
    return frozenset[str]().union(*(grant.asked | (grant.scopes or frozenset()) for grant in here))


def every_name(provider: "Provider", values: Collection[str]) -> frozenset[str]:
    """Return the full values and the aliases that stand for them."""
    return frozenset((*values, *(alias for alias, scope in provider.scopes.items() if scope.value in values)))


def short_names(provider: "Provider", values: Collection[str]) -> list[str]:
    """Return the alias of each where it has one, else the full value; sorted."""
    aliases = {scope.value: alias for alias, scope in provider.scopes.items()}
    return sorted(aliases.get(value, value) for value in values)


def not_granted(
    provider: "Provider", account: Account, granted: Collection[str], missing: Collection[str]
) -> ConsentRequired:
    """Return the error for scopes that were never granted, with the sign-in that asks for them.

    Raises `UsageError` for what no sign-in would bring: one that is nearly a known scope is misspelled, and a text that
    is empty, or several in one, is no scope (RFC 6749 section 3.3).
    """
    for text in missing:
        if text.split() != [text]:
            raise UsageError(f"{text!r} is not one scope", hint=f"scopes={' '.join(missing).split()}")
    check_known(provider, [scope for scope in missing if misspelled(provider, scope)])
    asked = [scope if is_known(provider, scope) else f"{RAW}{scope}" for scope in missing]
    wanted = quoted(",".join((*short_names(provider, granted), *asked)))  # a login replaces what was granted (R18)
    return ConsentRequired(
        f"{account} was not granted {listed(missing)}",
        hint=f"tokenkit login {quoted(str(account))} --scopes {wanted}",
        account=str(account),
        reason="scopes were never granted",
        missing=missing,
    )


def check_device_scopes(provider: "Provider", asked: Collection[str]) -> None:
    """Refuse, before anything is sent, the scopes that the provider's device flow does not give (R25)."""
    allowed = {scope.value for scope in provider.scopes.values() if scope.device}
    refused = set(asked) - allowed if allowed else set[str]()
    if refused:
        scopes = ", ".join(short_names(provider, refused))
        raise UsageError(
            f"{provider.title} gives no sign-in by device code the scopes {scopes}",
            hint=f"tokenkit login {provider.name} --paste, or ask for no more than "
            f"--scopes {','.join(short_names(provider, allowed))}",
        )
