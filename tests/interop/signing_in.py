"""What the tests with a kit have in common."""

from collections.abc import Callable

from oidc import Browser
from tokenkit import Account, TokenKit
from tokenkit.signing_in.sign_in import sign_in

MakeKit = Callable[..., TokenKit]


def login(kit: TokenKit, browser: Browser, *scopes: str, person: str = "") -> Account:
    """Sign in with a real loopback redirect; `person` steers the answer, see ``server.mjs``."""
    silent: list[str] = []
    return sign_in(
        kit.authorizations,
        kit.provider("op"),
        scopes,
        account=person,
        way="browser",
        opener=browser.open,
        say=silent.append,
    )


def stored(kit: TokenKit, account: Account) -> dict[str, str]:
    """The token values in the store, in the clear."""
    grant = kit.records.get(account).grant
    assert grant.access_token is not None
    assert grant.refresh_token is not None
    return {"access": grant.access_token.value, "refresh": grant.refresh_token.reveal()}
