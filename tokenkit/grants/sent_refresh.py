"""The request of a refresh: sent only within what the lease leaves, and what its answer brought (R6, R9, R38)."""

from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import StoreUnavailable
from tokenkit.grant import Grant
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Provider, Request, Response
from tokenkit.store import Lease


class Answered(NamedTuple):
    """The grant that an answer brought; `interrupted_by` was raised after it and ends the program, else None."""

    grant: Grant
    interrupted_by: BaseException | None = None


def check_time_left(lease: Lease, account: Account, needed: float) -> None:
    """Check that a lease that ends by time outlasts the request, and its retry (R6)."""
    if lease.left() < needed:
        raise StoreUnavailable(f"the lease on {account} ran out before the refresh could begin", hint="try again")


def while_leased(context: Context, lease: Lease, account: Account, needed: float) -> Context:
    """Return a context that begins no request which the lease may not outlast: this process may have been stopped.

    R38: from here on the deadline of the transport counts, by which nothing leaves later than eight seconds on.
    """

    def send(request: Request) -> Response:
        check_time_left(lease, account, needed)
        return context.send(request)

    return context._replace(send=send)


def send(context: Context, provider: Provider, client: ClientRegistration, grant: Grant) -> Answered:
    """Send the refresh once, and return what it brought, whatever was raised after the answer (R9)."""
    from tokenkit.grants.heard import Heard  # heavy, and not needed where another has refreshed
    from tokenkit.grants.returned import whole_grant

    assert provider.refresh is not None
    heard = Heard(context)
    try:
        answered = guarded(provider, "refresh", provider.refresh, heard.context, client, grant)
        return Answered(whole_grant(provider, "refresh", answered))
    except BaseException as error:
        despite = heard.grant_despite(error, provider, client, grant)
        if despite is None:
            raise
        return Answered(despite, None if isinstance(error, Exception) else error)
