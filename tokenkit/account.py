"""Who signed in where."""

from typing import NamedTuple

DEFAULT_NAME = "default"
"""The account name where a provider cannot say whose account it is and nobody gave a name."""


_PROVIDER_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


class Account(NamedTuple):
    """Who signed in where. Where one assistant serves several people, `owner` says which of them.

    ``str(account)`` is what people type and read: ``google/me@example.com``. The owner is not part of it, since a
    `TokenKit` sees the accounts of one owner only.
    """

    provider: str
    name: str
    owner: str = ""

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


def is_provider_name(text: str) -> bool:
    """Tell whether a provider can have that name: lower-case ASCII letters, digits, ``. _ -``, and no sign in front.

    It is a folder's name, an entry point's, and a part of variables' names. Account names are free.
    """
    return _PROVIDER_NAME.issuperset(text) and text[:1].isalnum()


def parse_account(text: str) -> tuple[str, str]:
    """Split ``google/me@example.com`` into provider and account name; the name is empty for a bare provider.

    Only the first slash separates: an account name may hold more of them.
    """
    provider, _, name = text.partition("/")
    return provider, name
