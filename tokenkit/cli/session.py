"""The kit that a command works on."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from tokenkit.kit import TokenKit


def open_kit(ctx: "typer.Context") -> "TokenKit":
    """Return the kit of the options before the command.

    It refreshes nothing in the background: the command ends, and nobody would wait for that refresh (R3).
    """
    from tokenkit.kit import TokenKit

    options = ctx.find_root().params
    return TokenKit(options["app"], options["owner"], background=False)
