"""A token as it is handed out at the command line; without typer, so that the fast path can refresh one, too."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from tokenkit.cli.errors import reporting
from tokenkit.cli.output import to_stdout
from tokenkit.cli.session import one_shot
from tokenkit.core_dumps import forbid_core_dumps

if TYPE_CHECKING:
    from tokenkit.account import Account
    from tokenkit.kit import TokenKit
    from tokenkit.token import AccessToken


def print_token(asked: str) -> None:
    """Print a token that works, refreshed if need be: the whole of ``tokenkit token ACCOUNT``, its errors too.

    When it returns no refresh is on its way. Else it ends by `SystemExit`, and so the interpreter waits for one (R7).
    """
    forbid_core_dumps()
    with reporting():
        from tokenkit.kit import TokenKit
        from tokenkit.net.hosts import require_bearer

        account, token = ask(one_shot(TokenKit(background=False)), asked)
        require_bearer(token, account)
        with to_stdout():
            print(token.value, flush=True)  # noqa: T201 - a token is ASCII (R16): it needs none of typer's care


def ask(
    kit: "TokenKit", asked: str, scopes: Collection[str] = (), min_ttl: float = 0.0
) -> "tuple[Account, AccessToken]":
    """Return the account that was meant, and its token."""
    token = kit.token(asked, scopes, min_ttl)
    return kit.source(asked).account, token
