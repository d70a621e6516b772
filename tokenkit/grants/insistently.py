"""Write what must not be lost once more, for as long as most troubles of a disk last (R9)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tokenkit.errors import StoreError

if TYPE_CHECKING:
    from tokenkit.provider import Context

T = TypeVar("T")

SAVE_PAUSES = (0.05, 0.2, 0.5, 1.0, 1.25, 1.5, 1.5, 2.0, 2.0)
"""Seconds between two tries to write the record of a refreshed grant, before it is saved beside it (R9)."""

SAVE_FOR = 10.0
"""Seconds after which no further try begins, should the tries themselves take long."""

LASTING_FOR = 0.5
"""Seconds after which no further try begins where the error says that it lasts, as of a read-only file system."""


def lasting(error: Exception) -> bool:
    """Tell whether to try again soon is in vain after this error of a store."""
    return isinstance(error, StoreError) and error.lasts


def insistently(context: "Context", write: Callable[[], T], *final: type[Exception]) -> T:
    """Return what `write` returns; after any error but a `final` one, try it again, for ten seconds (R9).

    After one that lasts, for half a second.
    """
    began = context.now()
    for pause in SAVE_PAUSES:
        try:
            return write()
        except final:
            raise
        except Exception as error:
            if not 0 <= context.now() - began < (LASTING_FOR if lasting(error) else SAVE_FOR):
                raise
        context.sleep(pause)
    return write()
