"""Headers by which a request could go elsewhere than its URL says (R33: what is checked is what is sent)."""

import re
from collections.abc import Collection, Iterable

from tokenkit.account import Account
from tokenkit.errors import TokenRefused
from tokenkit.net.hosts import parse_url

_AUTHORITY = re.compile("[/?#]")

_OTHER_TARGETS = frozenset(
    {"forwarded", "x-forwarded-host", "x-forwarded-path", "x-forwarded-prefix", "x-forwarded-server",
     "x-forwarded-uri", "x-host", "x-http-host-override", "x-original-host", "x-original-uri", "x-original-url",
     "x-override-url", "x-rewrite-uri", "x-rewrite-url"}
)  # fmt: skip
"""Headers that some servers take for the host or the path, in place of those that were checked."""


def check_headers(url: str, headers: Iterable[tuple[str, str]], account: Account) -> None:
    """Raise `TokenRefused` if a header may name another host or path than the URL, which was checked before."""
    place = parse_url(url)
    hosts = (_AUTHORITY.split(url.lower(), 3)[2], place.authority, f"{place.authority}:{place.port}")
    for name, value in headers:
        if _names_another(name, value, hosts):
            refuse_other_target(f"the header {name.title()}", account)


def refuse_other_target(what: str, account: Account) -> None:
    """Raise the `TokenRefused` for what could lead a request elsewhere."""
    raise TokenRefused(
        f"{what} could send a token of {account} elsewhere than the URL says",
        hint="leave it out: the host and the path are those of the URL",
        account=str(account),
    )


def _names_another(name: str, value: str, hosts: Collection[str]) -> bool:
    name = name.strip().lower().replace("_", "-")  # CGI and its heirs read both as one
    if name != "host":
        return name.startswith(":") or name in _OTHER_TARGETS
    return value.lower() not in hosts
