"""The grants: whether they are what they were, and no more than is used."""

import os
from collections.abc import Iterator
from functools import lru_cache
from shlex import quote
from urllib.parse import urlsplit

from tokenkit.audit.check import Fault, Severity, check
from tokenkit.audit.inventory import Inventory, Seen
from tokenkit.audit.wording import about, active, command, login, span, whose
from tokenkit.errors import TokenKitError
from tokenkit.grants.scopes import resolve_scopes
from tokenkit.net.hosts import check_tls, parse_url

OBSERVED = 30 * 86400.0
"""Seconds that the activity log must cover before it says which scopes are used."""

CLOCK_SKEW = 300.0
"""Seconds by which a clock may be wrong: one that was never set is off by far more."""


@check(
    "TK308",
    Severity.NOTE,
    "An account may do more than its tools ask for",
    "A scope that nothing uses helps only whoever steals the token.",
)
def wider_scopes(scene: Inventory) -> Iterator[Fault]:
    """Granted scopes that no tool named, where the activity log covers a month and every tool named some."""
    for seen, grant in active(scene):
        uses = scene.uses.get(whose(seen), [])
        covered = bool(uses) and uses[0].at <= scene.now - OBSERVED
        if covered and grant.scopes and all(use.scopes for use in uses):
            asked = frozenset[str]().union(*(use.scopes for use in uses))
            spare = grant.scopes - _full(scene, seen, asked) - _identity(scene, seen)
            if spare:
                hint = command(scene, seen, "login", f"--scopes {quote(','.join(sorted(asked)))}")
                yield about(seen, f"nothing asked for {', '.join(sorted(spare))}", hint)


@check(
    "TK309",
    Severity.WARNING,
    "Fewer scopes were granted than asked for",
    "A tool that needs the missing ones is told to sign in again.",
)
def fewer_scopes(scene: Inventory) -> Iterator[Fault]:
    """Grants that lack scopes of their own sign-in."""
    for seen, grant in active(scene):
        if grant.missing:
            missing = ",".join(sorted(grant.missing))
            hint = command(scene, seen, "login", f"--scopes {quote(missing)}")
            yield about(seen, f"not granted: {missing}", hint)


@check(
    "TK310",
    Severity.WARNING,
    "The provider is gone",
    "Its tokens open nothing any more.",
)
def retired(scene: Inventory) -> Iterator[Fault]:
    """Accounts at providers whose plugin says that the service has ended."""
    for seen in scene.records:
        provider = scene.provider(seen.account.provider)
        if not isinstance(provider, TokenKitError) and provider.retired:
            yield about(seen, provider.retired, command(scene, seen, "logout"))


@check(
    "TK311",
    Severity.ERROR,
    "The provider's plugin is not the one the grant came from",
    "Refresh token and client secret are sent nowhere else than where they came from, so that nothing is refreshed.",
)
def plugin_changed(scene: Inventory) -> Iterator[Fault]:
    """Grants with another issuer, endpoint or client id than plugin and configuration have today (R17)."""
    for seen, grant in active(scene):
        provider = scene.provider(seen.account.provider)
        if isinstance(provider, TokenKitError):
            continue
        client_id = scene.client_id(seen.account.provider)
        pairs = {
            "issuer": (grant.issuer, provider.issuer),
            "token endpoint": (grant.token_endpoint, provider.token_endpoint),
            "revocation endpoint": (grant.revocation_endpoint, provider.revocation_endpoint),
            "client id": (grant.client_id, client_id or grant.client_id),
        }
        changed = [
            f"its {name} was {then or 'none'}, and is {today or 'none'} today"
            for name, (then, today) in pairs.items()
            if then != today
        ]
        if changed:
            yield about(seen, "; ".join(changed), "put the old one back, or: " + login(scene, seen))


@check(
    "TK312",
    Severity.ERROR,
    "An endpoint is reached without TLS",
    "Everybody on the way can read the tokens and change the answers.",
)
def without_tls(scene: Inventory) -> Iterator[Fault]:
    """Plain http at any endpoint or resource host, but on a loopback IP address, or by opt-in (R32)."""
    for seen, grant in scene.grants:
        provider = scene.provider(seen.account.provider)
        urls = {grant.token_endpoint, grant.revocation_endpoint, grant.issuer}
        if not isinstance(provider, TokenKitError):
            urls |= {provider.token_endpoint, provider.revocation_endpoint, *provider.resource_hosts}
        for url in sorted(filter(None, urls)):
            if _plain_http(url, scene.config.insecure_hosts(str(seen.account))):
                yield about(seen, f"{_origin(url)} is no https", "use https:// there, then: " + login(scene, seen))


@check(
    "TK313",
    Severity.ERROR,
    "A record is older than one that was used already",
    "A restored backup or a synced folder brought back a refresh token that the provider may have replaced.",
)
def superseded(scene: Inventory) -> Iterator[Fault]:
    """Grants of a generation below the newest that was seen here (R10)."""
    for seen, grant in scene.grants:
        if grant.generation < seen.note.newest:
            what = f"it is generation {grant.generation}, and {seen.note.newest} was seen here"
            yield about(seen, what, f"{command(scene, seen, 'refresh', '--force')}, or: {login(scene, seen)}")


@check(
    "TK314",
    Severity.WARNING,
    "The clock was set back",
    "Whether a token is still good is told by the clock: with a wrong one it is refreshed too often, or too late.",
)
def clock(scene: Inventory) -> Iterator[Fault]:
    """Grants from the future."""
    times = [
        at
        for _, grant in scene.grants
        for at in (grant.authorized_at, *(token.obtained_at for token in grant.access_tokens.values()))
    ]
    ahead = max(times, default=0.0) - scene.now
    if ahead > CLOCK_SKEW:
        yield Fault("this machine", f"a stored token is dated {span(ahead)} ahead", "sudo timedatectl set-ntp true")


@check(
    "TK318",
    Severity.ERROR,
    "The provider's plugin is missing or cannot be loaded",
    "Without it nothing can be refreshed, and nothing revoked.",
)
def no_plugin(scene: Inventory) -> Iterator[Fault]:
    """Accounts whose provider cannot be had."""
    for seen in scene.records:
        provider = scene.provider(seen.account.provider)
        if isinstance(provider, TokenKitError):
            yield about(seen, str(provider), provider.hint or "install the package that provided it")


@check(
    "TK319",
    Severity.ERROR,
    "The client registration is missing",
    "The provider refreshes only for the app that the person signed in to.",
)
def no_client(scene: Inventory) -> Iterator[Fault]:
    """Accounts with a refresh token and no client id to use it with."""
    for seen, grant in active(scene):
        name = seen.account.provider
        known = not isinstance(scene.provider(name), TokenKitError)
        if grant.refresh_token and known and scene.client_id(name) == "":
            yield about(seen, f"there is no client id for {name}", scene.command(f"client set {name}"))


@check(
    "TK320",
    Severity.WARNING,
    "An account may use plain http",
    "You allowed it; everybody on that network can read its tokens.",
)
def insecure_opt_in(scene: Inventory) -> Iterator[Fault]:
    """Hosts that config.toml lists under insecure_hosts of an account (R32)."""
    where = os.path.join(scene.folders.config, "config.toml")
    for account, settings in scene.config.accounts.items():
        for host in settings.insecure_hosts:
            hint = f"serve {host} with TLS, and delete it from insecure_hosts in {where}"
            yield Fault(where, f"it is allowed at {host}", hint, account)


CHECKS = (
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


def _full(scene: Inventory, seen: Seen, names: frozenset[str]) -> frozenset[str]:
    provider = scene.provider(seen.account.provider)
    return names if isinstance(provider, TokenKitError) else frozenset(resolve_scopes(provider, names))


def _identity(scene: Inventory, seen: Seen) -> frozenset[str]:
    """The scopes of every sign-in: they only say whose account it is."""
    provider = scene.provider(seen.account.provider)
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
