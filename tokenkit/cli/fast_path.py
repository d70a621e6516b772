"""The fast way for ``tokenkit token ACCOUNT``: a stored token that is good is printed without loading anything else.

It uses the functions of the facade, and decides nothing by itself. Anything but a good token of one account, such as a
token that has ended or a damaged file, is left to the facade, which refreshes or says what is wrong. Any other command
line, such as one with an option or with keys from elsewhere, is left to the program; only that loads typer.
"""

import os
import sys

FOREIGN = (
    "TOKENKIT_APP", "TOKENKIT_OWNER", "TOKENKIT_STORE", "TOKENKIT_KEY", "CREDENTIALS_DIRECTORY", "_TOKENKIT_COMPLETE",
)  # fmt: skip
"""Variables that change which accounts are meant, or where the records or the keys are."""

RECORD_VERSION = 1
"""Of the records that are understood here; `tokenkit.grant` has more to say of another."""


def main() -> None:
    """Run the program ``tokenkit``. Ctrl-C while it loads what it needs ends it without a word, as later."""
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(130)  # `tokenkit.cli.errors.INTERRUPTED`, which may not be loaded yet


def _run() -> None:
    if not _plain(sys.argv[1:]):
        from tokenkit.cli.without_typer import main as program

        return program(FOREIGN)
    if not _print_stored(sys.argv[2]):
        from tokenkit.cli.print_token import print_token

        print_token(sys.argv[2])
    os._exit(0)  # all is said, and nothing on its way: the ending of the interpreter takes a seventh of the time


def _plain(arguments: list[str]) -> bool:
    if len(arguments) != 2 or arguments[0] != "token" or arguments[1].startswith("-") or arguments[1].endswith("/"):
        return False
    return not any(name in os.environ for name in FOREIGN)


def _print_stored(asked: str) -> bool:
    from tokenkit.errors import TokenKitError

    try:
        value = _stored(asked)
        if value is not None:
            print(value, flush=True)  # noqa: T201 - nothing is loaded that could print it otherwise
        return value is not None
    except (TokenKitError, OSError, LookupError, TypeError, ValueError, AttributeError):
        return False


def _stored(asked: str) -> str | None:
    import json
    import time

    from tokenkit import private_file, seal, use_markers
    from tokenkit.account import Account
    from tokenkit.keys import file as key_file
    from tokenkit.paths import folders, grant_file, may_name_a_store
    from tokenkit.token import usable

    where, now = folders(), time.time()
    if may_name_a_store(where.config):
        return None
    provider, _, name = asked.partition("/")
    folder = os.path.join(where.tokens, provider)
    if not private_file.is_folder(folder):
        return None
    account = Account(provider, name or _only_account(folder))
    if use_markers.due(where, account, now=now, app="tokenkit", environ=os.environ):
        return None
    keys = key_file.load(where.data)
    data = private_file.read(os.path.join(where.tokens, grant_file(provider, account.name)))
    if keys is None or data is None:
        return None
    record = json.loads(seal.open(data, keys.by_kid, typ="grant", app="tokenkit", owner="", account=str(account)))
    token = usable(record, now) if record["v"] == RECORD_VERSION else None
    return token.value if token is not None and token.type.lower() == "bearer" else None


def _only_account(folder: str) -> str:
    """Return the account of a bare provider. Raises ValueError unless there is exactly one."""
    from tokenkit.paths import SUFFIX, account_name

    (entry,) = (entry for entry in os.listdir(folder) if entry.endswith(SUFFIX))
    return account_name(entry.removesuffix(SUFFIX))
