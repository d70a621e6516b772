"""``tokenkit providers``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tokenkit.cli.options import AsJson, complete_provider
from tokenkit.cli.output import data, to_paste
from tokenkit.cli.session import open_kit
from tokenkit.configured import SANDBOX
from tokenkit.errors import UsageError
from tokenkit.listing import listed
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit
    from tokenkit.plugins import InShort
    from tokenkit.provider import Field, Provider

T = TypeVar("T")


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
    live: Annotated[
        bool, typer.Option("--live", help="check NAME: compare it with what the server publishes.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List the providers, or show one: scopes, where to register.

    `tokenkit providers add URL` writes a provider file from the metadata of the authorization server at URL.
    `tokenkit providers check FILE` reads one, and says what is wrong or missing; `tokenkit providers check --live NAME`
    asks the server of a known one what has moved.
    """
    kit = open_kit(ctx)
    if of:
        _about_a_declaration(kit, name, of, live=live)
        return
    if name in _VERBS:
        raise UsageError(f"providers {name} needs to know what", hint=f"tokenkit providers {name} {_VERBS[name]}")
    if live:
        raise UsageError("--live belongs to check", hint="tokenkit providers check --live PROVIDER")
    if json:
        from tokenkit.cli.json_output import providers_json
        from tokenkit.cli.provider_list import each as every

        found = [kit.provider(name)] if name else every(kit.configured, kit.provider)
        data(providers_json((each, _registered(kit, each.name, each), _redirect_uri(kit, each)) for each in found))
    elif name:
        _print_one(kit, kit.provider(name))
    else:
        from tokenkit.cli.provider_list import show_providers

        show_providers(kit.configured)


_VERBS = {"add": "https://...", "check": "FILE"}


def _about_a_declaration(kit: "TokenKit", verb: str, of: str, *, live: bool) -> None:
    from tokenkit.cli.declarations import add_declaration, check_declaration
    from tokenkit.cli.live_check import check_live

    if verb == "check" and live:
        check_live(kit, of)
    elif verb == "add":
        add_declaration(kit, of)
    elif verb == "check":
        check_declaration(kit, of)
    else:
        raise UsageError(f"providers takes one name, and not {of!r} besides", hint=f"tokenkit providers {quoted(verb)}")


def _registered(kit: "TokenKit", name: str, provider: "Provider | InShort") -> bool:
    from tokenkit.config import serves

    return serves(kit.known_client(name), provider)


def _redirect_uri(kit: "TokenKit", provider: "Provider") -> str:
    from tokenkit.consent.advice import redirect_uri_to_register

    return redirect_uri_to_register(provider, kit.authorizations.redirect_port(provider))


def _sources(provider: "Provider") -> str:
    """Return where the facts about it were read: the main source, and how many others ``--json`` tells."""
    sources: dict[str, str] = getattr(provider, "sources", {})
    named = [*dict.fromkeys(sources.values())]
    others = f", and {len(named) - 1} more (--json)" if len(named) > 1 else ""
    return f"{sources.get('*', named[0])}{others}" if named else ""


def _fields(provider: "Provider") -> "Mapping[str, Field]":
    return getattr(provider, "fields", {})  # a plugin may be older than the question


def _client(kit: "TokenKit", provider: "Provider") -> str:
    if not getattr(provider, "needs_client", True):
        return "none is needed"
    if not _registered(kit, provider.name, provider):
        return f"none yet: tokenkit client setup {provider.name}"
    return "the sandbox's own" if kit.configured.app == SANDBOX else "stored"


def _print_one(kit: "TokenKit", provider: "Provider") -> None:
    from tokenkit.cli.tables import show_block, show_table

    lacking = getattr(provider, "lacking", {})
    each = f"tokenkit client set {provider.name} says that of each server"
    lines = {
        "gone": provider.retired,
        "it needs": "; ".join(f"--set {name}=..., {variable.expected}" for name, variable in lacking.items()),
        "register at": "" if lacking else provider.console_url,
        "redirect URI": each if lacking else "" if _fields(provider) else _redirect_uri(kit, provider),
        "asks for": listed([field.label for field in _fields(provider).values()]),
        "found at": " ".join(field.where for field in _fields(provider).values() if field.where),
        "client": _client(kit, provider),
        "device code": "tokenkit login --device, for the scopes that allow it" if provider.device else "",
        "remove it at": "" if lacking else provider.manage_url,
        "read on": " in ".join(filter(None, (getattr(provider, "checked", ""), _sources(provider)))),
        "not confirmed": ", ".join(getattr(provider, "unverified", ())),
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
