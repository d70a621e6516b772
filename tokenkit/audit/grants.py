"""The grants: whether they are what they were, and no more than is used."""

import os
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.found_record import FoundRecord
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.wording import about, active, command, login, whose
from tokenkit.config import server_options
from tokenkit.duration import duration
from tokenkit.errors import TokenKitError
from tokenkit.grants.bound_to import changes
from tokenkit.grants.scopes import resolve_scopes
from tokenkit.grants.status import Broken
from tokenkit.net.hosts import check_tls, parse_url
from tokenkit.shell import quoted

OBSERVED = 30 * 86400.0
"""Seconds that the activity log must cover before it says which scopes are used."""

OLD_KEY = 365 * 86400.0
"""Seconds after which a key that never ends should be changed."""

CLOCK_SKEW = 300.0
"""Seconds by which a clock may be wrong: one that was never set is off by far more."""


@check(
    "TK308",
    Severity.NOTE,
    "An account may do more than its tools ask for",
    "A scope that nothing uses helps only a thief of the token.",
)
def wider_scopes(inventory: Inventory) -> Iterator[Fault]:
    """Find granted scopes that no tool named, where the activity log covers a month and every tool named some."""
    for record, grant in active(inventory):
        uses = inventory.uses.get(whose(record), [])
        covered = bool(uses) and uses[0].at <= inventory.now - OBSERVED
        if covered and grant.scopes and all(use.scopes for use in uses):
            asked = frozenset[str]().union(*(use.scopes for use in uses))
            spare = grant.scopes - _full(inventory, record, asked) - _identity(inventory, record)
            if spare:
                hint = command(inventory, record, "login", f"--scopes {quoted(','.join(sorted(asked)))}")
                yield about(record, f"nothing asked for {', '.join(sorted(spare))}", hint)


@check(
    "TK309",
    Severity.WARNING,
    "Fewer scopes were granted than asked for",
    "A tool that needs the missing ones is told to sign in again.",
)
def fewer_scopes(inventory: Inventory) -> Iterator[Fault]:
    """Find grants that lack scopes of their own sign-in."""
    for record, grant in active(inventory):
        if grant.missing:
            missing = ",".join(sorted(grant.missing))
            hint = command(inventory, record, "login", f"--scopes {quoted(missing)}")
            yield about(record, f"not granted: {missing}", hint)


@check(
    "TK310",
    Severity.WARNING,
    "The provider is gone",
    "Its tokens open nothing any more.",
)
def retired(inventory: Inventory) -> Iterator[Fault]:
    """Find accounts at providers whose plugin says that the service has ended."""
    for record in inventory.records:
        provider = inventory.provider_of(record)
        if not isinstance(provider, TokenKitError) and provider.retired:
            yield about(record, provider.retired, command(inventory, record, "logout"))


@check(
    "TK311",
    Severity.ERROR,
    "The provider's plugin is not the one the grant came from",
    "Refresh token and client secret are sent nowhere else than where they came from, so that nothing is refreshed.",
)
def plugin_changed(inventory: Inventory) -> Iterator[Fault]:
    """Find grants with another issuer, endpoint or client id than today's: they are sent nowhere (R17)."""
    for record, grant in active(inventory):
        provider = inventory.provider_of(record)
        if isinstance(provider, TokenKitError):
            continue
        client_id = inventory.client_id(record) or grant.client_id
        changed = [
            f"its {change.what} was {change.then or 'none'}, and is {change.now or 'none'} today"
            for change in changes(grant, provider, client_id)
        ]
        if changed:
            yield about(record, "; ".join(changed), "put the old one back, or: " + login(inventory, record))


@check(
    "TK312",
    Severity.ERROR,
    "An endpoint is reached without TLS",
    "Everybody on the way can read the tokens and change the answers.",
)
def without_tls(inventory: Inventory) -> Iterator[Fault]:
    """Find plain http at an endpoint or resource host. R32 allows it on a loopback IP address, and by opt-in."""
    for record, grant in inventory.grants:
        provider = inventory.provider_of(record)
        urls = {grant.token_endpoint, grant.revocation_endpoint, grant.issuer}
        if not isinstance(provider, TokenKitError):
            urls |= {provider.token_endpoint, provider.revocation_endpoint, *provider.resource_hosts}
        for url in sorted(filter(None, urls)):
            if _plain_http(url, inventory.config.insecure_hosts(str(record.account))):
                yield about(
                    record, f"{_origin(url)} is no https", "use https:// there, then: " + login(inventory, record)
                )


@check(
    "TK313",
    Severity.ERROR,
    "A record is older than one that was used already",
    "A restored backup or a synced folder brought back a refresh token that the provider may have replaced.",
)
def superseded(inventory: Inventory) -> Iterator[Fault]:
    """Find grants that are older than the newest one seen here: a refresh would end the session (R10)."""
    for record, grant in inventory.grants:
        if isinstance(record.state, Broken) and record.state.superseded:
            what = f"it is generation {grant.generation}, and {record.refresh_state.newest} was seen here"
            again = command(inventory, record, "refresh", "--force")
            yield about(record, what, f"{again}, or: {login(inventory, record)}")


@check(
    "TK314",
    Severity.WARNING,
    "The clock was set back",
    "Whether a token is still good is told by the clock: with a wrong one it is refreshed too often, or too late.",
)
def clock(inventory: Inventory) -> Iterator[Fault]:
    """Find grants that were issued in the future, by our clock."""
    times = [
        at
        for _, grant in inventory.grants
        for at in (grant.authorized_at, *(token.obtained_at for token in grant.access_tokens.values()))
    ]
    ahead = max(times, default=0.0) - inventory.now
    if ahead > CLOCK_SKEW:
        yield Fault("this machine", f"a stored token is dated {duration(ahead)} ahead", "sudo timedatectl set-ntp true")


@check(
    "TK318",
    Severity.ERROR,
    "The provider's plugin is missing or cannot be loaded",
    "Without it nothing can be refreshed, and nothing revoked.",
)
def no_plugin(inventory: Inventory) -> Iterator[Fault]:
    """Find accounts whose provider is unknown, or cannot be loaded."""
    for record in inventory.records:
        provider = inventory.provider_of(record)
        if isinstance(provider, TokenKitError):
            yield about(record, str(provider), provider.hint or "install the package that provided it")


@check(
    "TK319",
    Severity.ERROR,
    "The client registration is missing",
    "The provider refreshes only for the app that the person signed in to.",
)
def no_client(inventory: Inventory) -> Iterator[Fault]:
    """Find accounts with a refresh token and no client id to use it with."""
    for record, grant in active(inventory):
        name = record.account.provider
        provider = inventory.provider_of(record)
        if not isinstance(provider, TokenKitError) and grant.refresh_token and inventory.client_id(record) == "":
            fix = inventory.command(f"client set {name}{server_options(provider)}")
            yield about(record, f"there is no client id for {name}", fix)


@check(
    "TK320",
    Severity.WARNING,
    "An account may use plain http",
    "You allowed it; everybody on that network can read its tokens.",
)
def insecure_opt_in(inventory: Inventory) -> Iterator[Fault]:
    """Find hosts that config.toml lists under insecure_hosts: a person answers for them, and should know (R32)."""
    where = os.path.join(inventory.folders.config, "config.toml")
    for account, settings in inventory.config.accounts.items():
        for host in settings.insecure_hosts:
            hint = f"serve {host} with TLS, and delete it from insecure_hosts in {where}"
            yield Fault(where, f"it is allowed at {host}", hint, account)


@check(
    "TK321",
    Severity.NOTE,
    "A key that never ends is old",
    "Nobody but you ends it, and a copy that once got away works still.",
)
def old_key(inventory: Inventory) -> Iterator[Fault]:
    """Find API keys and the like, without an end, that were given a year ago or earlier."""
    for record, grant in active(inventory):
        provider = inventory.provider(record.account.provider)
        token = grant.access_token
        typed = not isinstance(provider, TokenKitError) and getattr(provider, "ask", None) is not None
        if typed and token is not None and token.expires_at is None and inventory.now - grant.authorized_at >= OLD_KEY:
            age = duration(inventory.now - grant.authorized_at)
            hint = f"make a new one there, then: {login(inventory, record)}, and delete the old one"
            yield about(record, f"it was given {age} ago, and has no end", hint)


CHECKS = (
    old_key,
    wider_scopes,
    fewer_scopes,
    retired,
    plugin_changed,
    without_tls,
    superseded,
    clock,
    no_plugin,
    no_client,
    insecure_opt_in,
)


def _full(inventory: Inventory, record: FoundRecord, names: frozenset[str]) -> frozenset[str]:
    provider = inventory.provider_of(record)
    return names if isinstance(provider, TokenKitError) else frozenset(resolve_scopes(provider, names))


def _identity(inventory: Inventory, record: FoundRecord) -> frozenset[str]:
    """Return the scopes of every sign-in: they only say whose account it is."""
    provider = inventory.provider_of(record)
    return frozenset() if isinstance(provider, TokenKitError) else frozenset(resolve_scopes(provider, None))


@lru_cache(maxsize=256)
def _plain_http(url: str, insecure: frozenset[str]) -> bool:
    try:
        check_tls(parse_url(url), insecure)
    except (ValueError, TokenKitError):
        return urlsplit(url).scheme != "https"
    return False


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
