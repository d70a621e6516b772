"""A command with commands of its own; and what typer says of a command line that makes no sense."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from tokenkit.cli.options import CONTEXT

_UsageError: Any = typer.BadParameter.__mro__[1]
"""Of typer itself, or of the click that it is built on: which, depends on its version."""

_DASHED = re.compile(r"(?<!\S)[(']?[\N{HYPHEN}-\N{HORIZONTAL BAR}]+([a-z][\w-]*)")


class Group(TyperGroup):
    """A command with commands of its own."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or name the nearest one."""
        name = args[0]
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            from tokenkit.nearest import nearest

            near = nearest(name, self.commands)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near!r}?" if near else ""))
        return super().resolve_command(ctx, args)


def group(help: str) -> typer.Typer:
    """Return an app for commands of one command, without a command of its own; `help` says what they are for."""
    return typer.Typer(
        cls=Group,
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=True,
        context_settings=CONTEXT,
        help=help,
    )


def _besides(error: Any) -> str:
    """Return what else helps: an option of the program itself, or one whose hyphens an editor has made a dash of."""
    dashed = _DASHED.search(error.message)
    if dashed:
        return f"An option begins with two hyphens: --{dashed[1]}"
    option = getattr(error, "option_name", "")
    if option in ("--app", "--owner") and error.ctx:
        program, _, command = error.ctx.command_path.partition(" ")
        return f"It stands before the command: {program} {option} NAME {command}"
    return ""


@contextmanager
def in_our_words() -> Generator[None]:
    """Let a usage error of typer repeat no word that may be a secret, and name an option only if it is near."""
    try:
        yield
    except _UsageError as error:
        from tokenkit.cli.concealed import concealed
        from tokenkit.nearest import nearest

        besides = _besides(error)
        error.message = concealed(error.message)
        if besides:
            error.message = f"{error.message.removesuffix('.')}. {besides}"
        if getattr(error, "possibilities", None):  # of an option that there is not
            near = nearest(error.option_name, error.possibilities)
            error.possibilities = [near] if near else None
        raise
