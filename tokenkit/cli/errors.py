"""What a person gets to read when a command fails, and what its process ends with: nothing else prints an error."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from tokenkit.cli.output import drop, keep_options, say, say_loudly
from tokenkit.cli.unsaved import print_sealed, save_or_print
from tokenkit.errors import (
    ConfigurationError,
    ConsentRequired,
    ProviderError,
    StoreUnavailable,
    TokenKitError,
    UsageError,
)
from tokenkit.os_errors import exhausted

FAULT = 70
"""``EX_SOFTWARE`` of sysexits.h: a fault of ours."""

INTERRUPTED = 130
"""What a shell makes of a process that Ctrl-C ended."""

HELP = "tokenkit --help, or -h after a command"
"""What helps where a command makes no sense as written."""

LATER = "try again later; nobody is signed out"
"""What is true of every failure on the provider's side that has no hint of its own (R14)."""


@contextmanager
def reporting() -> Generator[None]:
    """End the process as the table of errors says, with what happened and what helps on stderr."""
    try:
        yield
    except TokenKitError as error:
        report(error)
        save_or_print()
        for account, sealed in error.sealed if isinstance(error, StoreUnavailable) else ():
            print_sealed(account, sealed)
        sys.exit(error.exit_code)
    except SystemExit:  # typer's way to end, and that of what runs until it is told to
        if save_or_print():
            sys.exit(StoreUnavailable.exit_code)
        raise
    except KeyboardInterrupt:
        save_or_print()
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of stdout has gone: no fault, and nothing more to say
        drop(sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last one to see it
        if isinstance(error, OSError) and _was_printing(error):
            drop(sys.stdout.fileno())
            report(TokenKitError(f"stdout cannot be written: {error.strerror}", hint="send it elsewhere"))
            sys.exit(TokenKitError.exit_code)
        if told := exhausted(error):
            report(told)
            save_or_print()
            sys.exit(told.exit_code)
        _report_fault(error)
        sys.exit(FAULT)
    finally:
        keep_options([])  # the next run of this process begins anew


def _was_printing(error: OSError) -> bool:
    """Tell whether it was typer that printed, as its help: our own words go through `output.to_stdout`."""
    from tokenkit.grants.outlive import places

    return places(error)[-1][2] == "echo"


def report(error: TokenKitError) -> None:
    """Say what happened, and what fixes it."""
    text = _in_short(error) if isinstance(error, ConsentRequired) else str(error)
    hint = error.hint or (LATER if isinstance(error, ProviderError) else HELP if isinstance(error, UsageError) else "")
    if isinstance(error, UsageError | ConfigurationError):
        from tokenkit.cli.concealed import concealed

        text, hint = concealed(text), concealed(hint)
    say_loudly(f"tokenkit: error: {text}")
    if hint:  # in one line, whatever the width: a command that is broken cannot be pasted
        say(f"tokenkit: hint: {hint}")


def _in_short(error: ConsentRequired) -> str:
    """Return the words with no more than the reason's first clause, and with the command that shows all of it."""
    from tokenkit.cli.brief import brief

    text, short = str(error), brief(error.reason)
    if not short or short == error.reason.rstrip(".") or error.reason not in text:
        return text
    return text.replace(error.reason, f"{short} (tokenkit status says more)")


def _report_fault(error: Exception) -> None:
    """Say where it happened. Not the error's own words: they may quote anything, a token too (R35)."""
    from tokenkit.grants.outlive import ChildFault, places

    kind = error.kind if isinstance(error, ChildFault) else type(error).__name__
    say(f"tokenkit: error: a fault of tokenkit itself, {kind}, at")
    for file, line, function in error.places if isinstance(error, ChildFault) else places(error):
        say(f"    {file}:{line} in {function}")
    say("tokenkit: hint: report these lines with the output of tokenkit --version; they hold no secrets")
