"""What a grant is bound to: the one judgement whether the provider of today is the one that issued it (R17).

A changed plugin, or a file dropped into the config folder, gets no token and no client secret: each endpoint that
receives one is recorded with the grant when a person signs in, and compared before it is used.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, cast

from tokenkit.account import Account
from tokenkit.errors import ProviderChanged
from tokenkit.grant import Grant
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.provider import Context, Provider, Request, Response

_WORDS = {
    "identify": "userinfo endpoint",
    "identify.name": "second userinfo endpoint",
    "introspect": "introspection endpoint",
    "refresh": "refresh endpoint",
}


class Change(NamedTuple):
    """A difference between the grant and the provider of today: `what` in words, the value `then` and the one `now`."""

    what: str
    then: str
    now: str


def bind(grant: Grant, provider: "Provider", client_id: str) -> Grant:
    """Return the grant with the issuer, endpoints and client id of today: what it is compared with from now on."""
    return grant.renewed(
        issuer=provider.issuer,
        token_endpoint=provider.token_endpoint,
        revocation_endpoint=provider.revocation_endpoint,
        endpoints=endpoints(provider),
        settled=settled(provider),
        client_id=client_id,
    )


def bind_late(grant: Grant, provider: "Provider") -> Grant:
    """Return the grant with what an older tokenkit did not record, as it is today: it is about to be saved."""
    if grant.endpoints is not None and (grant.settled or not settled(provider)):
        return grant
    recorded = endpoints(provider) if grant.endpoints is None else grant.endpoints
    return grant.renewed(endpoints=recorded, settled=grant.settled or settled(provider))


def settled(provider: "Provider") -> Mapping[str, str]:
    """Return what a sign-in settles of the provider: the values of its variables, and what its metadata said."""
    return dict(getattr(provider, "settled", {}))


def differs(provider: "Provider") -> bool:
    """Tell whether the provider's addresses differ from account to account."""
    return bool(getattr(provider, "variables", {}) or getattr(provider, "undiscovered", False))


def at(provider: "Provider", facts: Mapping[str, str]) -> "Provider":
    """Return the provider where these facts are settled; a plugin of which nothing is to be settled as it is."""
    make = getattr(provider, "at", None)
    return cast("Provider", make(facts)) if facts and make is not None else provider


def as_told(provider: "Provider", parameters: Mapping[str, str]) -> "Provider":
    """Return the provider that an answer says to go on with. Raises `CallbackRefused` for one that is not listed."""
    make = getattr(provider, "told", None)
    return cast("Provider", make(parameters)) if make is not None else provider


def of(provider: "Provider", grant: Grant) -> "Provider":
    """Return the provider as the sign-in of this grant met it: at its server, in its region."""
    make = getattr(provider, "of", None)
    return cast("Provider", make(grant)) if make is not None else provider


def changes(grant: Grant, provider: "Provider", client_id: str, power: str = "") -> list[Change]:
    """Return what differs today from what the grant records; empty means that its secrets may be used.

    `power` (``refresh``, ``revoke``, ``identify``, ``introspect``) looks only at the endpoints that this power uses;
    without it all are looked at. An endpoint of which an older tokenkit recorded nothing differs from none.
    """
    pairs = [
        Change("issuer", grant.issuer, provider.issuer),
        Change("token endpoint", grant.token_endpoint, provider.token_endpoint),
        Change("revocation endpoint", grant.revocation_endpoint, provider.revocation_endpoint),
        Change("client id", grant.client_id, client_id),
    ]
    recorded, today = grant.endpoints, endpoints(provider)
    if recorded is not None:
        names = {name for name in recorded.keys() | today.keys() if not power or name.partition(".")[0] == power}
        pairs += [Change(_named(name), recorded.get(name, ""), today.get(name, "")) for name in sorted(names)]
    return [pair for pair in pairs if pair.then != pair.now]


def check_bound(account: Account, grant: Grant, provider: "Provider", client_id: str, power: str) -> None:
    """Refuse to use a grant's secrets for `power` anywhere but where they came from.

    Raises `ProviderChanged` until a new login; see `changes`.
    """
    changed = changes(grant, provider, client_id, power)
    if changed:
        raise ProviderChanged(
            f"{account} was signed in with another {' and '.join(change.what for change in changed)} "
            f"than {account.provider} has today",
            hint=f"put the old one back, or sign in anew: tokenkit login {quoted(str(account))}",
            account=str(account),
        )


def within(context: "Context", account: Account, grant: Grant, provider: "Provider") -> "Context":
    """Return a context that sends nothing to an origin which the grant does not record, while its secrets are in use.

    Its `send` raises `ProviderChanged` instead, whatever the plugin was told or does.
    """
    recorded = endpoints(provider) if grant.endpoints is None else grant.endpoints
    origins = _origins(grant.issuer, grant.token_endpoint, grant.revocation_endpoint, *recorded.values())

    def send(request: "Request") -> "Response":
        origin = _origin(request.url)
        if origin not in origins:
            raise ProviderChanged(
                f"{provider.name} wanted to send a secret of {account} to {origin or 'what is no address'}, "
                "which is none of the servers that the grant records",
                hint=f"tell the author of the plugin: it must be named in the provider's endpoints. Then sign in anew: "
                f"tokenkit login {quoted(str(account))}",
                account=str(account),
            )
        return context.send(request)

    return context._replace(send=send)


def endpoints(provider: "Provider") -> Mapping[str, str]:
    """Return the endpoints, besides those for tokens, that get a secret of a grant: by the power that sends it there.

    A plugin that was written before they were asked for has none.
    """
    return dict(getattr(provider, "endpoints", {}))


def same_person(one: Grant, other: Grant) -> bool:
    """Return whether two grants are one person's (R18): two servers that both call somebody ``1`` mean two people.

    A server is known by its issuer, and by its token endpoint where one of the two grants names no issuer.
    """
    if not one.subject or one.subject != other.subject:
        return False
    return same_server(one, other)


def same_server(one: Grant, other: Grant) -> bool:
    """Return whether two grants are of one authorization server."""
    if one.issuer and other.issuer:
        return one.issuer == other.issuer
    return one.token_endpoint == other.token_endpoint


def _named(power: str) -> str:
    return _WORDS.get(power, f"{power} endpoint")


@lru_cache(maxsize=256)
def _origins(*urls: str) -> frozenset[str]:
    return frozenset(map(_origin, urls)) - {""}


def _origin(url: str) -> str:
    """Return ``scheme://host[:port]``; empty for what is no address."""
    from tokenkit.net.hosts import parse_url  # heavy, and not needed for a stored token

    try:
        return parse_url(url).origin
    except ValueError:
        return ""
