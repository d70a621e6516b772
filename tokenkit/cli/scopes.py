"""``tokenkit scopes``."""

from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.options import AccountName, parse_scopes
from tokenkit.cli.output import ask, data, say, someone_is_there
from tokenkit.cli.session import open_kit
from tokenkit.errors import UsageError
from tokenkit.listing import listed
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.account import Account
    from tokenkit.kit import TokenKit
    from tokenkit.provider import Provider


def scopes(
    ctx: typer.Context,
    account: AccountName,
    add: Annotated[str, typer.Option(metavar="A,B", help="Scopes to ask for besides.", show_default=False)] = "",
    remove: Annotated[str, typer.Option(metavar="A,B", help="Scopes to give up.", show_default=False)] = "",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open nothing.")] = False,
) -> None:
    """List the scopes of an account, or change them by a new consent.

    The account keeps what it has until the new consent is given.
    """
    from tokenkit.grants.scopes import short_names

    kit = open_kit(ctx)
    status = kit.status(account)
    provider, found = kit.provider(status.account.provider), status.account
    granted = frozenset(status.scopes or ())
    plus, minus = _values(provider, add) - granted, _values(provider, remove)
    unknown = minus - granted
    if unknown:
        raise UsageError(
            f"{found} was not granted {listed(short_names(provider, unknown))}",
            hint=f"tokenkit scopes {quoted(str(found))}",
        )
    if not add and not remove and not granted:
        return say(f"{found} has no scopes that are known: {provider.title} has named none.")
    if not add and not remove:
        return data("\n".join(short_names(provider, granted)))
    if not plus and not minus:
        return say(f"{found} has these scopes already.")
    _show(provider, plus, minus)
    return _change(kit, provider, found, (granted | plus) - minus, minus, no_browser=no_browser)


def _values(provider: "Provider", names: str) -> frozenset[str]:
    from tokenkit.grants.scopes import resolve_scopes

    return frozenset(resolve_scopes(provider, parse_scopes(names)))


def _show(provider: "Provider", plus: frozenset[str], minus: frozenset[str]) -> None:
    from tokenkit.grants.scopes import short_names

    about = {scope.value: scope.about for scope in provider.scopes.values()}
    for sign, values in (("+", plus), ("-", minus)):
        for value in sorted(values):
            say(f"{sign} {short_names(provider, [value])[0]}  {about.get(value, '')}".rstrip())


def _change(
    kit: "TokenKit", provider: "Provider", account: "Account", wanted: frozenset[str], minus: frozenset[str],
    *, no_browser: bool,
) -> None:  # fmt: skip
    from tokenkit.consent.opener import open_nothing
    from tokenkit.grants.scopes import RAW, is_known, short_names

    asked = [value if is_known(provider, value) else f"{RAW}{value}" for value in sorted(wanted)]
    signed_in = kit.login(
        provider.name, scopes=asked, account=account.name, only=True,
        way="browser" if no_browser else "auto", opener=open_nothing if no_browser else None,
    )  # fmt: skip
    if signed_in != account:
        return say(f"Signed in as {signed_in}, which is another account; {account} is as it was.")
    status = kit.status(str(account))
    say(f"{account} may now: {', '.join(short_names(provider, status.scopes or ())) or 'nothing'}")
    left = minus & frozenset(status.scopes or ())
    if left:
        say(f"{provider.title} still grants {', '.join(short_names(provider, left))}, from earlier consents.")
        say(f"To end all of them, and sign in anew: tokenkit logout {quoted(str(account))}")
    elif minus:
        _offer_to_revoke(kit, provider, account)
    return None


def _offer_to_revoke(kit: "TokenKit", provider: "Provider", account: "Account") -> None:
    """Ask whether the former grant, which may do more, is revoked; not where that surely ends the new one (R18)."""
    if provider.revoke is None or provider.revocation_reach == "client":
        return say("The former grant is set aside here for 30 days at most; a sign-out ends it.")
    if not someone_is_there():
        return say(f"The former grant was not revoked; a sign-out does that: tokenkit logout {quoted(str(account))}")
    say(f"The former grant may still do more. To revoke it can end the new one as well, as {provider.title} sees fit.")
    if ask("Revoke it? [y/N] ").lower() in ("y", "yes"):
        say(kit.end_superseded(str(account)) or "It was revoked.")
    return None
