"""``tokenkit worker``: keeps the tokens of a store fresh, for as long as it runs."""

import errno
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.output import say
from tokenkit.core_dumps import become_undumpable
from tokenkit.errors import ConfigurationError, TokenKitError, UsageError

if TYPE_CHECKING:
    from tokenkit.net.loopback import LoopbackServer
    from tokenkit.worker.worker import Worker


def worker(
    ctx: typer.Context,
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Serve /health, and /metrics for Prometheus, without any account's name.",
            show_default=False,
        ),
    ] = "",
    limit: Annotated[
        float,
        typer.Option("--limit", metavar="N", min=0.01, max=10000, help="Refreshes a second at one provider, at most."),
    ] = 50.0,
    once: Annotated[bool, typer.Option("--once", help="Refresh what is due now, and end.")] = False,
) -> None:
    """Keep the tokens of all owners fresh, for as long as it runs.

    So nobody who asks has to wait. It refreshes each token some minutes before its end. Several workers, on several
    machines, share the work. It ends at SIGTERM or Ctrl-C, once the answers that are under way are saved; give it 90
    seconds for that.
    """
    from tokenkit import signals
    from tokenkit.grants import fleet_key
    from tokenkit.kit import TokenKit
    from tokenkit.worker.worker import Worker

    options = ctx.find_root().params
    if options["owner"]:
        raise UsageError("a worker keeps the tokens of all owners fresh", hint="leave --owner out")
    become_undumpable()
    with ExitStack() as stack:
        kit = TokenKit(options["app"])
        fleet_key.check(kit.records.store, kit.records.ring)  # now, and not at the first refresh
        working = Worker(kit, limit=limit, report=lambda text: say(f"tokenkit: {text}"))
        stack.enter_context(signals.ending_by_itself(working.stop, "SIGTERM", "SIGINT", "SIGHUP"))
        stack.callback(kit.close)  # while a second signal still ends nothing
        if listen:
            stack.enter_context(_pages(working, listen))
        if once:
            working.run_once()
        else:
            say("tokenkit: keeping tokens fresh, until Ctrl-C or SIGTERM")
            working.run()
    _tell(working)
    if once and working.figures.total("failed"):
        raise TokenKitError("not all that was due could be refreshed", hint="tokenkit log; the next run tries again")


def _tell(working: "Worker") -> None:
    total = working.figures.total
    words = [f"{total('refreshed')} refreshed"]
    words += [f"{total('consent_needed')} need a sign-in"] if total("consent_needed") else []
    words += [f"{total('failed')} failed"] if total("failed") else []
    say(f"tokenkit: {', '.join(words)}")


def _pages(working: "Worker", listen: str) -> "LoopbackServer":
    """Return the server of the worker's pages, bound to the address that was named."""
    from functools import partial

    from tokenkit.net.loopback import LoopbackServer
    from tokenkit.worker.pages import page

    named, _, port = listen.rpartition(":")
    host = named.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{listen!r} is not an address to listen on", hint="tokenkit worker --listen 127.0.0.1:9464")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, int(port)), family=family)
    except OSError as error:
        reason = (error.strerror or "").partition(" (while")[0]
        another = f"{named}:0, for any port that is free" if error.errno == errno.EADDRINUSE else "127.0.0.1:9464"
        raise ConfigurationError(
            f"{listen} cannot be listened on: {reason}", hint=f"tokenkit worker --listen {another}"
        ) from None
    listening.setblocking(False)
    say(f"tokenkit: /health and /metrics are on http://{named}:{listening.getsockname()[1]}")
    return LoopbackServer(partial(page, working), listening=listening)
