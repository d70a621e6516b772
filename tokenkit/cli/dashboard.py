"""``tokenkit dashboard``: the page of the accounts, served to one browser on this machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.output import data, say
from tokenkit.cli.session import open_kit
from tokenkit.core_dumps import become_undumpable
from tokenkit.errors import ConfigurationError

if TYPE_CHECKING:
    import socket

HOST = "127.0.0.1"


def dashboard(
    ctx: typer.Context,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Listen on this port; any free one, unless a provider wants a fixed one."),
    ] = 0,
) -> None:
    """Show the accounts in a browser, and connect them there.

    Prints a link that opens the page once, in one browser. The page is gone when this command ends (Ctrl-C).
    """
    try:
        from tokenkit.web.server import serve
        from tokenkit.web.stand_alone import StandAlone
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the page needs the package {error.name}", hint='pip install "tokenkit-oauth[web]"'
        ) from None
    with _listening(port) as listener:
        kit = open_kit(ctx)
        kit.refresher.one_shot = None  # it runs on, and so do its threads
        become_undumpable()
        app = StandAlone(kit, listener.getsockname()[1])
        say("Open this link in a browser on this machine. It works once; stop the page with Ctrl-C.")
        data(app.link)
        serve(app, listener)


def _listening(port: int) -> "socket.socket":
    """Return a listening socket. R24: it is bound before the link is shown, so that nobody else can take the port."""
    import socket

    try:
        return socket.create_server((HOST, port), backlog=1024)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} of {HOST} cannot be had: {error.strerror}", hint="tokenkit dashboard, without --port"
        ) from None
