"""What is settled before a person is sent away: which server, which region, and what its metadata says.

Nothing is fetched and nobody is asked where the provider has no variables and its endpoints are declared.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from tokenkit.account import DEFAULT_NAME, Account
from tokenkit.consent.keyboard import Keyboard, input_is_replaced
from tokenkit.consent.terminal import say
from tokenkit.consent.typed import read_fields
from tokenkit.errors import ConfigurationError, StoreError, TokenRefused, UnknownAccount, UsageError
from tokenkit.grants.bound_to import at
from tokenkit.grants.refresher import Refresher
from tokenkit.nearest import meant
from tokenkit.net.hosts import check_tls, parse_url
from tokenkit.plugins import guarded
from tokenkit.provider import Context, Field, Provider
from tokenkit.variables import PUBLIC_ONLY, Variable, missing, read_value

AskValue = Callable[[str, Variable], str]
"""Asks a person for the value of the variable of that name, and returns what they typed."""


def settle(
    refresher: Refresher,
    provider: Provider,
    given: Mapping[str, str],
    *,
    account: str = "",
    ask: AskValue | None = None,
    insecure: Callable[[], Collection[str]] = tuple,
) -> Provider:
    """Return the provider as the sign-in meets it, with a value for each variable and its endpoints.

    A value is what was `given`; else that of the `account` (a name) which is renewed, the default, or what `ask`
    brings. With `PUBLIC_ONLY` among what was given, the servers that it names are reached at public addresses alone:
    they were typed by somebody whose network this is not. `insecure` returns the hosts that may be reached by plain
    http (R32). Raises `UsageError` for a value that is missing or not understood, `ConfigurationError` for plain http,
    and what fetching the metadata raises.
    """
    variables: Mapping[str, Variable] = getattr(provider, "variables", {})
    named = {name: text for name, text in given.items() if name != PUBLIC_ONLY}
    values = {name: _understood(provider, variables, name, text) for name, text in named.items()}
    if PUBLIC_ONLY in given and values:
        values[PUBLIC_ONLY], insecure = "yes", tuple
    former = _of_account(refresher, provider, account)
    known = {name: value for name, value in former.items() if name in {*variables, PUBLIC_ONLY}}  # no metadata: it is
    found = at(provider, known | values) if known or values else provider
    for name, variable in _lacking(found).items():
        if ask is None:
            raise missing(provider.name, name, variable)
        values[name] = read_value(provider.name, name, variable, ask(name, variable))
        found = at(provider, known | values)
    _check_plain_http(found, account, insecure)
    discover: Callable[[Context], Provider] | None = getattr(found, "discover", None)
    return found if discover is None else guarded(found, "discover", discover, refresher.context)


def _lacking(provider: Provider) -> Mapping[str, Variable]:
    return dict(getattr(provider, "lacking", {}))


def asker_here(title: str) -> AskValue | None:
    """Return what asks a person for a value here, at a terminal or in a notebook; None where nobody is."""
    if not (input_is_replaced() or Keyboard.is_a_terminal()):
        return None

    def ask(name: str, variable: Variable) -> str:
        field = Field(label=name, about=variable.expected, secret=False)
        return read_fields(title, {name: field}, say)[name].reveal()

    return ask


def _understood(provider: Provider, variables: Mapping[str, Variable], name: str, text: str) -> str:
    variable = variables.get(name)
    if variable is None or variable.answer_member:
        hint = meant(name, variables) if variables else "it is the same for every account"
        raise UsageError(f"{provider.name} has nothing that is called {name!r}", hint=hint)
    return read_value(provider.name, name, variable, text)


def _of_account(refresher: Refresher, provider: Provider, name: str) -> Mapping[str, str]:
    """Return what the last sign-in to the account has settled; nothing where there is none, or no name."""
    if not name:
        return {}
    with suppress(StoreError, UnknownAccount, UsageError):
        return refresher.records.get(Account(provider.name, name, refresher.records.owner)).grant.settled
    return {}


def _check_plain_http(provider: Provider, account: str, insecure: Callable[[], Collection[str]]) -> None:
    """Refuse, before a person is sent away, a server that would get their code in the clear (R32)."""
    for url in filter(None, (provider.issuer, provider.token_endpoint)):
        try:
            place = parse_url(url)
        except ValueError as error:
            raise ConfigurationError(f"the issuer of {provider.name} cannot be one: {error}") from None
        try:
            check_tls(place, insecure() if place.scheme == "http" else ())
        except TokenRefused:
            name = account or (DEFAULT_NAME if provider.identify is None else "NAME")
            raise ConfigurationError(
                f"{place.origin} is reached without TLS: everybody in that network could read the tokens",
                hint=f"use https; or allow it for the account, in config.toml: "
                f'[accounts."{provider.name}/{name}"] with the line insecure_hosts = ["{place.authority}"]',
            ) from None
