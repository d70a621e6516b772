"""Which provider, and which of its servers, a grant in a file is of: said by the person or the file, never guessed.

A refresh token that is sent to another server than its own is given away (R17).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from tokenkit.errors import ConfigurationError, ProviderChanged, UsageError
from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found
from tokenkit.importing.guessing import host_of, is_of, issuer_of
from tokenkit.net.hosts import parse_url
from tokenkit.provider import Provider
from tokenkit.shell import quoted
from tokenkit.signing_in.settle import AskValue
from tokenkit.variables import Variable, missing

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit


def provider_of(
    kit: "TokenKit", file: SourceFile, found: Found, named: str, given: Mapping[str, str], ask: AskValue | None
) -> Provider:
    """Return the provider that issued the grant, at the server that did.

    It is the one that the person `named`, unless the file says otherwise, at the server that is `given`, configured or
    typed when `ask` asks. Raises `UsageError` where nobody says it, `ProviderChanged` where the file names another.
    """
    name = _name(kit, file, found, named)
    again = f"{_again(file, found)} --provider {quoted(name)}"
    values = dict(given)
    try:
        for variable, declared in _unsaid(kit, kit.provider(name), found, given).items():
            if ask is None:
                raise missing(name, variable, declared)
            values[variable] = ask(variable, declared)
        provider = kit.authorizations.settle(name, values, ask=ask)
    except UsageError as error:
        _, option, value = error.hint.partition(" --set ")
        error.hint = f"{again} --set {value}" if option else error.hint
        raise
    _check_issuer(provider, file, found, again)
    return provider


def _name(kit: "TokenKit", file: SourceFile, found: Found, named: str) -> str:
    if not named:
        guess = issuer_of(found)
        if guess:
            return guess
        raise UsageError(
            f"{file.title} does not say which provider its sign-in is of",
            hint=f"{_again(file, found)} --provider NAME",
        )
    theirs = found.provider or host_of(found.issuer)
    if theirs not in ("", named) and theirs in kit.providers() and not _same_server(kit, theirs, named):
        raise UsageError(
            f"the sign-in in {file.title} is one of {theirs}, and its refresh token is not sent to {named}",
            hint=f"{_again(file, found)} --provider {theirs}",
        )
    return named


def _again(file: SourceFile, found: Found) -> str:
    return f"tokenkit import {quoted(file.path)}{f' --entry {quoted(found.entry)}' if found.entry else ''}"


def _same_server(kit: "TokenKit", one: str, other: str) -> bool:
    return kit.provider(one).token_endpoint == kit.provider(other).token_endpoint


def _unsaid(kit: "TokenKit", provider: Provider, found: Found, given: Mapping[str, str]) -> Mapping[str, Variable]:
    """Return the variables that name a server of somebody's own, where neither a file nor the person has named it."""
    variables: Mapping[str, Variable] = getattr(provider, "variables", {})
    if (found.issuer and is_of(found.issuer, provider)) or given.keys() - variables.keys():  # a slip is told first
        return {}
    named = {*given, *kit.configured.config.settings(provider.name).options}
    owned = {name: each for name, each in variables.items() if each.is_owned}
    return {name: each for name, each in owned.items() if name not in named}


def _check_issuer(provider: Provider, file: SourceFile, found: Found, again: str) -> None:
    """Refuse the grant of another server, whatever else the file says of itself."""
    if not found.issuer or is_of(found.issuer, provider):
        return
    setting = next(_settings(provider, found.issuer), "")
    raise ProviderChanged(
        f"{found.issuer_in} in {file.title} names another server than {provider.name} has here, which is "
        f"{provider.token_endpoint}; nothing was sent anywhere",
        hint=f"{again} --set {quoted(setting)}"
        if setting
        else f"a provider that has that server: tokenkit import {quoted(file.path)} --provider NAME; "
        f"or sign in here: tokenkit login {provider.name}",
    )


def _settings(provider: Provider, issuer: str) -> Iterator[str]:
    """Yield what would lead the provider to that server."""
    for name, variable in getattr(provider, "variables", {}).items():
        with suppress(ValueError, ConfigurationError):
            for value in variable.choices or (variable.understood(parse_url(issuer).origin),):
                if is_of(issuer, provider.at({**provider.settled, name: value})):  # type: ignore[attr-defined]
                    yield f"{name}={value}"
