"""The kit that a command works on."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from tokenkit.kit import TokenKit


def open_kit(ctx: "typer.Context") -> "TokenKit":
    """The kit of the options before the command; it refreshes nothing in the background, for the command ends (R3)."""
    from tokenkit.kit import TokenKit

    options = ctx.find_root().params
    return TokenKit(options["app"], options["owner"], background=False)
