"""``tokenkit providers``."""

from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.errors import report
from tokenkit.cli.options import AsJson, complete_provider
from tokenkit.cli.output import data, to_paste
from tokenkit.cli.session import open_kit
from tokenkit.errors import TokenKitError, UsageError
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit
    from tokenkit.provider import Provider


def providers(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="PROVIDER", help="All without it.", show_default=False, autocompletion=complete_provider
        ),
    ] = "",
    of: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="add URL: describe the server there. check FILE: read a provider file.",
            show_default=False,
        ),
    ] = "",
    json: AsJson = False,
) -> None:
    """List the providers, or show one: scopes, where to register.

    `tokenkit providers add URL` writes a provider file from the metadata of the authorization server at URL.
    `tokenkit providers check FILE` reads one, and says what is wrong or missing.
    """
    kit = open_kit(ctx)
    if of:
        _about_a_declaration(kit, name, of)
        return
    found = [kit.provider(name)] if name else _all(kit)
    if json:
        from tokenkit.cli.json_output import providers_json

        data(providers_json((each, _registered(kit, each), _redirect_uri(kit, each)) for each in found))
    elif name:
        _print_one(kit, found[0])
    else:
        _print_all(kit, found)


def _about_a_declaration(kit: "TokenKit", verb: str, of: str) -> None:
    from tokenkit.cli.declarations import add_declaration, check_declaration

    if verb == "add":
        add_declaration(kit, of)
    elif verb == "check":
        check_declaration(of)
    else:
        raise UsageError(f"providers takes one name, and not {of!r} besides", hint=f"tokenkit providers {quoted(verb)}")


def _all(kit: "TokenKit") -> "list[Provider]":
    """Return all providers that can be loaded, and say of the others what is wrong."""
    found: list[Provider] = []
    for name in kit.providers():
        try:
            found.append(kit.provider(name))
        except TokenKitError as error:
            report(error)
    return found


def _registered(kit: "TokenKit", provider: "Provider") -> bool:
    known = kit.known_client(provider.name)
    return known is not None and (known.has_secret or not provider.needs_secret)


def _redirect_uri(kit: "TokenKit", provider: "Provider") -> str:
    from tokenkit.consent.advice import redirect_uri_to_register

    return redirect_uri_to_register(provider, kit.authorizations.redirect_port(provider))


def _print_all(kit: "TokenKit", found: "list[Provider]") -> None:
    from tokenkit.cli.tables import show_table

    show_table(
        ("PROVIDER", "NAME", "CLIENT", "NOTE"),
        [
            (provider.name, provider.title, "yes" if _registered(kit, provider) else "", provider.retired)
            for provider in found
        ],
    )


def _print_one(kit: "TokenKit", provider: "Provider") -> None:
    from tokenkit.cli.tables import show_block, show_table

    lines = {
        "gone": provider.retired,
        "register at": provider.console_url,
        "redirect URI": _redirect_uri(kit, provider),
        "client": "stored" if _registered(kit, provider) else f"none yet: tokenkit client set {provider.name}",
        "device code": "tokenkit login --device, for the scopes that allow it" if provider.device else "",
        "remove it at": provider.manage_url,
    }
    show_block(provider.title, {name: to_paste(value) for name, value in lines.items()})
    if provider.scopes:
        data("")
        standard = {*provider.default_scopes}
        show_table(
            ("SCOPE", "DEFAULT", "LETS THE ASSISTANT"),
            [
                (name, "yes" if {name, scope.value} & standard else "", scope.about)
                for name, scope in provider.scopes.items()
            ],
        )
