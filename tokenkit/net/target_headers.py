"""Headers by which a request could go elsewhere than its URL says (R33: what is checked is what is sent)."""

from collections.abc import Iterable

from tokenkit.account import Account
from tokenkit.errors import TokenRefused
from tokenkit.net.hosts import Target, parse_url

_OTHER_TARGETS = frozenset(
    {"forwarded", "x-forwarded-host", "x-host", "x-http-host-override", "x-original-url", "x-rewrite-url"}
)
"""Headers that some servers take for the host or the path, in place of those that were checked."""


def check_headers(url: str, headers: Iterable[tuple[str, str]], account: Account) -> None:
    """Raise `TokenRefused` if a header may name another host or path than the URL, which was checked before."""
    place = parse_url(url)
    for name, value in headers:
        if _names_another(name, value, place):
            refuse_other_target(f"the header {name.title()}", account)


def refuse_other_target(what: str, account: Account) -> None:
    """Raise the `TokenRefused` for what could lead a request elsewhere."""
    raise TokenRefused(
        f"{what} could send a token of {account} elsewhere than the URL says",
        hint="leave it out: the host and the path are those of the URL",
        account=str(account),
    )


def _names_another(name: str, value: str, place: Target) -> bool:
    if name.lower() != "host":
        return name.startswith(":") or name.lower() in _OTHER_TARGETS
    try:
        return parse_url(f"{place.scheme}://{value}")[:3] != place[:3]
    except ValueError:
        return True
