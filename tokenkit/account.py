"""Who signed in where."""

from typing import NamedTuple

DEFAULT_NAME = "default"
"""The account name where a provider cannot say whose account it is and nobody gave a name."""


class Account(NamedTuple):
    """Who signed in where, and, where one assistant serves several people, for whom.

    ``str(account)`` is what people type and read: ``google/me@example.com``. The owner is not part of it: a
    `TokenKit` sees the accounts of one owner only.
    """

    provider: str
    name: str
    owner: str = ""

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


def parse_account(text: str) -> tuple[str, str]:
    """Split ``google/me@example.com`` into provider and account name; the name is empty for a bare provider.

    Only the first slash separates: an account name may hold more of them.
    """
    provider, _, name = text.partition("/")
    return provider, name
