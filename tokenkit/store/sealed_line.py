"""A line of an activity log as a store of many machines keeps it."""

from typing import NamedTuple


class SealedLine(NamedTuple):
    """A sealed line of an owner's; one that has the `slot` of an older line takes its place. `at` is Unix time."""

    owner: str
    account: str
    slot: bytes
    at: float
    line: bytes
