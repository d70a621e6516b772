"""``tokenkit dashboard``: the page of the accounts, served to one browser on this machine."""

import os
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.options import parse_scopes
from tokenkit.cli.output import data, say
from tokenkit.cli.session import open_kit
from tokenkit.core_dumps import become_undumpable
from tokenkit.errors import ConfigurationError, StoreError, TokenKitError
from tokenkit.shell import extra_command

if TYPE_CHECKING:
    import socket

    from tokenkit.consent.opener import Opener
    from tokenkit.kit import TokenKit

HOST = "127.0.0.1"
OPEN_IT = "Open this link in a browser on this machine. It works once; stop the page with Ctrl-C."
OPENS = "The page opens in your browser; if none comes, open this link. It works once; stop the page with Ctrl-C."


def dashboard(
    ctx: typer.Context,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Listen on this port; any free one, unless a provider wants a fixed one."),
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the link, and open nothing.")] = False,
    ask: Annotated[
        list[str] | None,
        typer.Option(metavar="PROVIDER[=SCOPES]", help="Choose this beforehand, with these scopes; may be repeated."),
    ] = None,
) -> None:
    """Show the accounts in a browser, and connect them there.

    The page opens in your browser. The link that is printed opens it, too: once, in one browser. The page is gone when
    this command ends (Ctrl-C). What your assistant needs stands under [asks] in config.toml, or is named by --ask:
    these providers come first, and their scopes are chosen beforehand.
    """
    try:
        from tokenkit.web.server import serve
        from tokenkit.web.stand_alone import StandAlone
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the page needs the package {error.name}", hint=extra_command("web")) from None
    from tokenkit.grants import fleet_key

    with _listening(port) as listener:
        kit = open_kit(ctx)
        asks = _asks(kit, ask or ())
        fleet_key.check(kit.records.store, kit.records.ring)  # now, and not after a consent
        kit.refresher.one_shot = None  # it runs on, and so do its threads
        become_undumpable()
        app = StandAlone(kit, listener.getsockname()[1], asks=asks)
        with opened(app.link, None if no_browser else _opener()) as opens:
            say(OPENS if opens else OPEN_IT)
            data(app.link)
            serve(app, listener)


def _asks(kit: "TokenKit", named: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what is asked for, by provider: what is named here, else what is configured.

    A provider or a scope that is not known is told now: on the page nobody would see that it lacks one.
    """
    from tokenkit.grants.scopes import resolve_scopes

    told = {provider: tuple(parse_scopes(scopes)) for provider, _, scopes in (each.partition("=") for each in named)}
    asks = told or dict(kit.config.asks)
    for provider, scopes in asks.items():
        try:
            resolve_scopes(kit.provider(provider), scopes)
        except TokenKitError as error:
            if not told:
                where = os.path.join(kit.folders.config, "config.toml")
                error.hint = f"correct {provider} under [asks] in {where}: {error.hint}"
            raise
    return asks


@contextmanager
def opened(link: str, opener: "Opener | None") -> Generator[bool]:
    """Show the link in the person's browser while the ``with`` lasts; give whether that was tried.

    The opener gets a file that only this user can read: another one sees its arguments, and could be first (R24).
    """
    from tokenkit.consent.redirect_file import redirect_file

    with ExitStack() as stack:
        url = ""
        if opener is not None:
            with suppress(OSError, StoreError):
                url = stack.enter_context(redirect_file(link))
                Thread(target=opener, args=(url,), daemon=True).start()  # some wait until the browser is closed
        yield bool(url)


def _opener() -> "Opener | None":
    """Return what opens a browser that the person sees and that can read our file; None where there is none."""
    from tokenkit.consent import way_to_ask
    from tokenkit.consent.opener import in_wsl, open_in_browser

    return open_in_browser if way_to_ask() == "browser" and not in_wsl() else None


def _listening(port: int) -> "socket.socket":
    """Return a listening socket. R24: it is bound before the link is shown, so that nobody else can take the port."""
    import socket

    try:
        return socket.create_server((HOST, port), backlog=1024)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} of {HOST} cannot be had: {error.strerror}", hint="tokenkit dashboard, without --port"
        ) from None
