"""Which server or region a command is about, where a provider has several: given, remembered, or asked for."""

from typing import TYPE_CHECKING

from tokenkit.cli.options import parse_settings
from tokenkit.cli.output import ask, someone_is_there

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit
    from tokenkit.provider import Provider
    from tokenkit.signing_in.settle import AskValue
    from tokenkit.variables import Variable


def settled(kit: "TokenKit", provider: str, given: list[str], *, account: str = "") -> "Provider":
    """Return the provider as the options of a command, and the answers to its questions, say.

    `account` is the name of the one that is renewed; an only account is, where nothing is given.
    """
    if not (account or given):
        stored = [each.name for each in kit.records.accounts(provider)]
        account = stored[0] if len(stored) == 1 else ""
    return kit.authorizations.settle(provider, parse_settings(given), account=account, ask=asker())


def asker() -> "AskValue | None":
    """Return what asks the person at this terminal for a value; None where nobody is there."""
    return _ask if someone_is_there() else None


def _ask(name: str, variable: "Variable") -> str:
    return ask(f"{name} ({variable.expected}): ")


def registered_at(kit: "TokenKit", provider: str, given: list[str]) -> "Provider":
    """Return the provider at the server that a client registration is for; one that is asked for only if it must be."""
    found = kit.provider(provider)
    separate = [each for each in getattr(found, "variables", {}).values() if each.separates_clients]
    return settled(kit, provider, given) if given or separate else found
