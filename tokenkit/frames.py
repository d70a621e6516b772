"""No error carries away what a function held: crash reporters copy the locals of every frame (R35)."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _NoLocals:
    """Enter it around work that handles secrets: an error that leaves it says where it was raised, and has no locals.

    What an error hides (``raise ... from None``) is let go.
    """

    def __enter__(self) -> None:
        """Do nothing: there is nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        errors, seen = [error], set[int]()
        while errors:
            each = errors.pop()
            if each is not None and id(each) not in seen:
                seen.add(id(each))
                if each.__suppress_context__:
                    each.__context__ = None
                errors += [each.__cause__, each.__context__]
                _clear(each)


def _clear(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None:
        with suppress(RuntimeError):  # it still runs: it is this one, or a caller's
            trace.tb_frame.clear()
        trace = trace.tb_next


no_locals = _NoLocals()


def without_locals(call: Callable[P, T]) -> Callable[P, T]:
    """Return the function within `no_locals`."""

    @wraps(call)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        with no_locals:
            return call(*args, **kwargs)

    return called
