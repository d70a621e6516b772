"""How a command speaks: data on stdout, words for the person on stderr, and nothing that controls a terminal."""

import codecs
import io
import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

from tokenkit.consent import terminal
from tokenkit.errors import TokenKitError, UsageError
from tokenkit.shell import with_options

QUIET = 0.5
"""Seconds that a wait may last before the person is told what is waited for."""

NARROWEST = 24
"""Columns: a narrower terminal breaks lines itself."""

LONGEST_LINE = 1 << 16
"""Characters of an answer: no id or secret that a person is asked for is longer."""

_ESCAPED = "tokenkit.escaped"

_options_given: list[str] = []
"""The options that stood before the command, as a shell takes them."""


def keep_options(options: list[str]) -> None:
    """Remember what stood before the command, for `to_paste`."""
    _options_given[:] = options


def to_paste(text: str) -> str:
    """Return the text with our commands in it as they can be pasted: with the options before the present command.

    Those say which accounts are meant. Without them, a pasted command would work on others.
    """
    return with_options(text, " ".join(_options_given))


def printable(text: str) -> str:
    """Return each line of `text` as `terminal.printable` leaves it."""
    return text if text.isprintable() else "\n".join(map(terminal.printable, text.split("\n")))


def data(text: str) -> None:
    """Print what was asked for."""
    with to_stdout():
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@contextmanager
def to_stdout() -> Generator[None]:
    """Turn an error of printing into a `TokenKitError`: a closed or full stdout is no fault of ours."""
    require_stdout()
    try:
        _escape_what_does_not_fit(sys.stdout)  # which writes what was left to be written
        yield
    except BrokenPipeError:
        raise  # the reader may stop when it has enough
    except OSError as error:
        drop(sys.stdout.fileno())
        raise TokenKitError(f"stdout cannot be written: {error.strerror}", hint="send it elsewhere") from None


def require_stdout() -> None:
    """Raise `TokenKitError` where stdout was closed: what is printed there would be lost silently."""
    if not sys.stdout:
        raise TokenKitError("stdout is closed, so nothing can be printed", hint="send it to a file or a pipe")


def drop(file: int) -> None:
    """Send what is left to write there to nowhere; otherwise the interpreter complains about it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), file)


def say(text: str = "") -> None:
    """Speak to the person. Commands in the text can be pasted as they are, see `to_paste`."""
    _spoken(f"{printable(to_paste(text))}\n")


def say_loudly(text: str) -> None:
    """Say what went wrong. On a terminal it stands out, and is broken between words."""
    text = printable(to_paste(text))
    if sys.stderr and sys.stderr.isatty():
        import textwrap
        from shutil import get_terminal_size

        width = max(get_terminal_size().columns, NARROWEST)
        broken = (
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in text.split("\n")
        )
        text = "\n".join(broken)
        if not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb":  # no-color.org
            text = f"\x1b[1m{text}\x1b[0m"
    _spoken(f"{text}\n")


def _escape_what_does_not_fit(stream: TextIO) -> None:
    r"""Have the stream write ``\u6f22`` for a character that its encoding lacks, which in JSON means the same.

    A service has ASCII, an old console cp1252, and a file's name need not be text: no reason to end with a traceback.
    """
    if isinstance(stream, io.TextIOWrapper) and stream.errors != _ESCAPED:
        codecs.register_error(_ESCAPED, _escaped)
        stream.reconfigure(errors=_ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end


def _spoken(text: str) -> None:
    if sys.stderr:  # there is none where it was closed
        try:
            _escape_what_does_not_fit(sys.stderr)
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # a full disk, or a reader that is gone; that must not stop the work
            drop(sys.stderr.fileno())


@contextmanager
def waiting(what: str) -> Generator[None]:
    """Show on a terminal what is waited for, once it takes a while."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(what, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _show(what: str, over: threading.Event) -> None:
    if over.wait(QUIET):
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(printable(what))):
        over.wait()


def agree(question: str, *, otherwise: str) -> bool:
    """Ask for a yes. Raises `UsageError` where there is no terminal to ask at, with `otherwise` as the hint."""
    if not someone_is_there():
        raise UsageError(f"nobody can be asked here whether to go on. {question}", hint=otherwise)
    say(question)
    return ask("Go on? [y/N] ").lower() in ("y", "yes")


def ask(prompt: str) -> str:
    """Return a line from stdin. On a terminal, show `prompt` before it, on stderr."""
    if someone_is_there():
        _spoken(prompt)
    try:
        with _reading():
            line = sys.stdin.readline(LONGEST_LINE + 1) if sys.stdin else ""
    except UnicodeDecodeError:
        raise UsageError("what stdin holds is not text", hint="write it in UTF-8") from None
    if len(line) > LONGEST_LINE:
        raise UsageError("what stdin holds is no answer: its line does not end", hint="write the answer in one line")
    if not line:
        raise _ended()
    return line.strip()


def _ended() -> UsageError:
    return UsageError("stdin ended before the answer", hint="pipe the answer in, or run this in a terminal")


def someone_is_there() -> bool:
    """Tell whether stdin is a terminal. In a service it may be closed."""
    return bool(sys.stdin and sys.stdin.isatty())


def read_stdin(limit: int = -1) -> bytes:
    """Return all of stdin, or at most `limit` bytes; nothing where it was closed."""
    with _reading():
        return sys.stdin.buffer.read(limit) if sys.stdin else b""


@contextmanager
def _reading() -> Generator[None]:
    """Turn an error of reading stdin into a `UsageError`: it may be open to be written only, or its terminal gone."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"stdin cannot be read: {error.strerror}", hint="run this in a terminal, or with a pipe"
        ) from None


def ask_secret(prompt: str) -> str:
    """Return a line from stdin. On a terminal it is not shown while it is typed, for others to read (R35)."""
    if not someone_is_there():
        return ask(prompt)
    from getpass import getpass

    try:
        return getpass(prompt, stream=sys.stderr).strip()
    except EOFError:
        raise _ended() from None
