"""The program ``tokenkit``: its commands by section, each loaded only when it is run."""

import sys
from collections import UserDict
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.main import get_command

from tokenkit.cli.commands import SECTIONS, Command
from tokenkit.cli.errors import reporting
from tokenkit.cli.group import Group, in_our_words
from tokenkit.cli.options import CONTEXT
from tokenkit.cli.output import data, keep_options
from tokenkit.core_dumps import forbid_core_dumps
from tokenkit.errors import UsageError


class _Commands(UserDict[str, Any]):
    """The commands by name, each loaded when it is looked up: ``--help`` and a suggestion for a typo import none."""

    def __getitem__(self, name: str) -> Any:
        return _loaded(name, self.data[name])


class Program(Group):
    """The group of all commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands({name: command for section in SECTIONS.values() for name, command in section.items()})

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return [*self.commands]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; ``help`` and ``version`` are what people type who know other programs."""
        if args[0] == "help" and len(args) > 1:
            args = [*args[1:], "--help"]
        elif args[0] == "help":
            data(ctx.get_help())
            ctx.exit()
        elif args[0] == "version":
            _print_version(wanted=True)
        return super().resolve_command(ctx, args)

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the options before the command."""
        with in_our_words():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Read the command's own arguments, and run it."""
        with in_our_words():
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of ``--help``."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(9), command.about) for name, command in commands.items()])


def _loaded(name: str, command: Command) -> Any:
    from tokenkit.cli.empty_names import never_empty

    module, _, member = command.where.partition(":")
    loaded = getattr(import_module(f"tokenkit.cli.{module}"), member)
    if not isinstance(loaded, typer.Typer):
        single = typer.Typer(rich_markup_mode=None, add_completion=False, context_settings=CONTEXT)
        single.command(name)(loaded)
        loaded = single
    return never_empty(get_command(loaded))


app = typer.Typer(
    cls=Program,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings=CONTEXT,
    epilog="Exit codes: 0 ok, 1 failed, 2 usage, 3 not configured, 4 sign in again, 5 provider unavailable, 6 store or "
    "key, 7 ends soon, 70 a fault of tokenkit, 130 interrupted.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        data(f"tokenkit {version('tokenkit-oauth')}")
        raise typer.Exit


App = Annotated[
    str,
    typer.Option(envvar="TOKENKIT_APP", metavar="NAME", help="Use the accounts of a program that embeds tokenkit."),
]
Owner = Annotated[
    str,
    typer.Option(envvar="TOKENKIT_OWNER", metavar="NAME", help="Use the accounts that it keeps for this person."),
]
Version = Annotated[
    bool,
    typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version and end."),
]


def _given(ctx: typer.Context) -> Iterator[str]:
    """Yield the options that were typed; what the environment says stays in force by itself."""
    from tokenkit.shell import quoted

    for name, value in ctx.params.items():
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            if not value.strip():  # it would mean the accounts of nobody in particular
                raise UsageError(
                    f"--{name} is empty", hint="is a variable empty that was to hold it? Else leave it out"
                )
            yield f"--{name} {quoted(value)}"


@app.callback()
def program(
    ctx: typer.Context,
    app: App = "tokenkit",
    owner: Owner = "",
    version: Version = False,
) -> None:
    """Keep an assistant signed in: connect an account once, then ask for a token that works.

    An ACCOUNT is google/me@example.com, or just google where there is one. Data goes to stdout, words go to stderr.
    """
    keep_options([*_given(ctx)])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program, and end the process with its exit code."""
    forbid_core_dumps()
    with reporting():
        get_command(app).main(args=sys.argv[1:] if arguments is None else list(arguments), prog_name="tokenkit")
