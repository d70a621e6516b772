"""The kit that a command works on."""

from typing import TYPE_CHECKING

from tokenkit.cli.output import waiting

if TYPE_CHECKING:
    import typer

    from tokenkit.kit import TokenKit


def open_kit(ctx: "typer.Context") -> "TokenKit":
    """Return the kit that the options before the command ask for, for a command that ends when it has its answer.

    It refreshes nothing in the background: the command ends, and nobody would wait for that refresh (R3).
    """
    from tokenkit.kit import TokenKit

    options = ctx.find_root().params
    return one_shot(TokenKit(options["app"], options["owner"], background=False))


def one_shot(kit: "TokenKit") -> "TokenKit":
    """Let nothing that ends this process lose a refresh that is on its way, nor the answer to a sign-in (R7)."""
    from tokenkit.frames import no_locals
    from tokenkit.grants.command_refresh import CommandRefresh

    finish_what_was_sent()
    kit.leaving = no_locals  # the command says in its own way whose accounts are meant, see `output.to_paste`
    command = CommandRefresh(kit.refresher, lambda provider: waiting(f"asking {provider} for a new token"))
    kit.refresher.one_shot = command.renew
    return kit


def finish_what_was_sent() -> None:
    """Let Ctrl-C and the signals that end this process wait until the answer to what was sent is saved (R7)."""
    import threading

    from tokenkit import signals

    if threading.current_thread() is threading.main_thread():
        signals.postpone("SIGTERM", "SIGHUP", "SIGINT")
