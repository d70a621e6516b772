"""A name that is empty, as a variable of the shell that is not set leaves it, is refused before anything is done.

To leave an argument out means something else, often all accounts; nobody means that with ``"$NAME"``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from tokenkit.errors import UsageError

OPTIONS = frozenset(("--account", "--as", "--entry", "--provider"))
"""The options that hold a name; each argument of a command does, or a file."""

_SHOWN = {
    "PROVIDER": "tokenkit providers lists them",
    "PROVIDER[/ACCOUNT]": "tokenkit providers lists them",
}


def never_empty(command: Any) -> Any:
    """Let a command, and those that it has, refuse empty arguments and names; return it."""
    for each in (command, *getattr(command, "commands", {}).values()):
        for parameter in each.params:
            if parameter.param_type_name == "argument" or OPTIONS.intersection(parameter.opts):
                parameter.callback = partial(_checked, parameter.callback)
    return command


def _checked(then: Callable[..., Any] | None, ctx: Any, parameter: Any, given: Any) -> Any:
    source = ctx.get_parameter_source(parameter.name)
    if not ctx.resilient_parsing and source is not None and source.name == "COMMANDLINE":
        is_argument = parameter.param_type_name == "argument"
        for each in [given] if isinstance(given, str) else () if is_argument else given:
            _check(parameter.metavar if is_argument else parameter.opts[0], each)
    return given if then is None else then(ctx, parameter, given)


def _check(called: str, given: str) -> None:
    """Refuse what is blank, an account of which a part is, and a slash after a provider. Raises `UsageError`."""
    from tokenkit.grants.account_names import check_asked

    if called == "ACCOUNT":
        check_asked(given)
    if not given.strip():
        hint = f"is a variable empty that was to hold it? {_SHOWN.get(called, '')}"
        raise UsageError(f"{called} is empty", hint=hint.strip())
    if called == "PROVIDER" and given.rstrip().endswith("/"):
        raise UsageError(f"PROVIDER is a name without a slash, and not {given!r}", hint=_SHOWN[called])
    if called == "PROVIDER[/ACCOUNT]":
        check_asked(given)
