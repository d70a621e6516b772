"""Parse what may hold a secret, so that nothing of it leaves with an error (R35).

A parser's error holds the whole text that it could not read, and an error that is raised while another is handled
carries that one along, where a crash reporter finds it.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_WITHOUT_TEXT = ("JSONDecodeError", "TOMLDecodeError")
"""The errors that say what is wrong, and in which line and column, and quote nothing."""


class ParseFailure(NamedTuple):
    """Why a text could not be read: `kind` names the parser's error, `said` is what it said, if that quotes nothing."""

    kind: str
    said: str

    def __str__(self) -> str:
        return self.said or self.kind


def parse(read: Callable[[], T], otherwise: Callable[[ParseFailure], Exception]) -> T:
    """Return what `read` returns; where the text is wrong, raise what `otherwise` makes of the failure, and only that.

    A fault of ours in `read` looks the same, so that it should do nothing but read.
    """
    try:
        return read()
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        failure = ParseFailure(type(error).__name__, _said(error))
    raise otherwise(failure)  # out here, where no error is being handled that would come along


def _said(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"the byte at {error.start} is not UTF-8"
    if isinstance(error, RecursionError):
        return "its values are nested too deeply"
    return str(error) if type(error).__name__ in _WITHOUT_TEXT else ""
