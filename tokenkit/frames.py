"""What happens to an error on its way out of the library.

It carries away nothing that a function held: crash reporters copy the locals of every frame (R35). And the commands in
its hint work on the accounts of the kit that raised it.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from tokenkit.arguments import checked_by
from tokenkit.errors import TokenKitError
from tokenkit.shell import with_options

P = ParamSpec("P")
T = TypeVar("T")


class NoLocals:
    """Enter it around work that handles secrets: an error that leaves it says where it was raised, and has no locals.

    What an error hides (``raise ... from None``) is let go. `options` are those that a command needs in its hint to
    work on the same accounts, see `tokenkit.shell.account_options`.
    """

    def __init__(self, options: str = "") -> None:
        self._options = options

    def __enter__(self) -> None:
        """Do nothing: there is nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._options and isinstance(error, TokenKitError):
            error.hint = with_options(error.hint, self._options)
        errors, seen = [error], set[int]()
        while errors:
            each = errors.pop()
            if each is not None and id(each) not in seen:
                seen.add(id(each))
                if each.__suppress_context__:
                    each.__context__ = None
                errors += [each.__cause__, each.__context__]
                _clear(each)

    def around(self, call: Callable[P, T]) -> Callable[P, T]:
        """Return the function within this."""

        @wraps(call)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            with self:
                return call(*args, **kwargs)

        return called


def _clear(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None:
        with suppress(RuntimeError):  # it still runs: it is this one, or a caller's
            trace.tb_frame.clear()
        trace = trace.tb_next


no_locals = NoLocals()


class Leaving(Protocol):
    """An object that says what happens to the errors that leave its methods."""

    leaving: NoLocals


Self = TypeVar("Self", bound=Leaving)


def leaving(method: Callable[Concatenate[Self, P], T]) -> Callable[Concatenate[Self, P], T]:
    """Return the method within the `leaving` of its object; its arguments are looked at first."""
    check = checked_by(method)

    @wraps(method)
    def called(self: Self, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with self.leaving:
                check(args, kwargs)
                return method(self, *args, **kwargs)
        except BaseException:
            del args, kwargs  # this frame still runs: nobody else can let them go
            raise

    return called
