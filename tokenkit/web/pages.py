"""The accounts page, its JSON, and disconnecting."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from starlette.responses import Response

from tokenkit.audit import Inventory, audit
from tokenkit.errors import StoreError, UnknownAccount
from tokenkit.provider import Provider
from tokenkit.web.answers import json, page
from tokenkit.web.choice import Choice, choice, only_identity
from tokenkit.web.last_use import last_uses
from tokenkit.web.overview import AccountView, ProviderView, find_account, overview
from tokenkit.web.visit import Visit

FEW = 4
"""Accounts that are shown in full, and providers that are not folded away; more than these are folded."""

MANY = 8
"""Accounts and providers from which on there is a field to search them."""


def accounts(visit: Visit) -> Response:
    """Show all providers and accounts, or those that ``?find=`` names. Nothing is refreshed, and nothing is sent."""
    every = _in_order(overview(visit.kit), visit.place.asks)
    find = visit.request.query_params.get("find", "").strip()
    views = [found for view in every if (found := _found(view, find.casefold())) is not None]
    free = [view for view in views if not view.accounts]
    count = sum(len(view.accounts) for view in every)
    values: dict[str, object] = {
        "find": find,
        "searchable": count + len(every) > MANY,
        "fold": count > FEW and not find,
        "few": FEW,
        "asks": visit.place.asks,
        "may_register": visit.place.may_register,
        "uses": last_uses(visit.kit),
        "choice": partial(_choice, visit),
        "does_nothing": partial(_does_nothing, visit),
        "needing": [view for view in views if any(one.state == "attention" for one in view.accounts)],
        "connected": [view for view in views if view.accounts],
        "ready": [view for view in free if _ready(view) and not _by_key(visit, view)],
        "by_key": [view for view in free if _ready(view) and _by_key(visit, view)],
        "unregistered": [view for view in free if not view.registered and not view.problem],
        "problems": [view for view in free if view.problem],
    }
    return page(visit, "accounts.html", values)


def _ready(view: ProviderView) -> bool:
    return view.registered and not view.problem


def _by_key(visit: Visit, view: ProviderView) -> bool:
    """Tell whether a person brings a key, and nobody here has asked for that: registering an app is such a choice."""
    return view.takes_key and view.name not in visit.place.asks


def safety(visit: Visit) -> Response:
    """Show what the audit finds on this machine: for a person who is also its operator, and only when they ask."""
    return page(visit, "safety.html", {"report": audit(Inventory(visit.kit))})


def _in_order(views: Sequence[ProviderView], asks: Collection[str]) -> list[ProviderView]:
    """Return the views with those first that the host application asks for, in its order."""
    first = list(asks)
    return sorted(views, key=lambda view: (first.index(view.name) if view.name in asks else len(first), view.title))


def _found(view: ProviderView, find: str) -> ProviderView | None:
    """Return the view, with those accounts only that have the words in name or server, unless the provider has."""
    if find in view.name.casefold() or find in view.title.casefold():
        return view
    named = tuple(each for each in view.accounts if find in f"{each.name} {each.server}".casefold())
    return replace(view, accounts=named) if named else None


def _choice(visit: Visit, view: ProviderView, account: AccountView | None = None) -> Choice:
    granted = None if account is None else account.scopes
    return choice(visit.kit.provider(view.name), visit.place.asks.get(view.name, ()), granted)


def _does_nothing(visit: Visit, view: ProviderView, account: AccountView) -> bool:
    """Tell whether the account was connected without anything to do for it."""
    if view.problem or account.scopes is None or account.state != "connected":
        return False
    return only_identity(visit.kit.provider(view.name), account.scopes)


def status(visit: Visit) -> Response:
    """Answer the same for scripts; ``?provider=`` asks for one. It is documented in docs/how-to/dashboard.md."""
    name = visit.request.query_params.get("provider", "")
    if name:
        visit.kit.provider(name)
    views = overview(visit.kit, name)
    return json({"version": 1, "csrf": visit.csrf_token, "providers": [view.record() for view in views]})


def ask_disconnect(visit: Visit) -> Response:
    """Say what would end with the account, and ask (R19: a second account must not end unannounced)."""
    view, account = find_account(visit.kit, visit.request.query_params.get("account", ""))
    provider = _of_account(visit, account.id)
    also = [str(other) for other in visit.kit.sharing_fate(account.id)]
    values = {"view": view, "account": account, "provider": provider, "also": also}
    return page(visit, "disconnect.html", values)


def _of_account(visit: Visit, account: str) -> Provider:
    """Return the provider as the account uses it; as it is for all where its record cannot be opened."""
    with suppress(StoreError):
        return visit.kit.source(account).provider
    return visit.kit.provider(account.partition("/")[0])


def disconnect(visit: Visit) -> Response:
    """Revoke at the provider (unless ``local`` is ``yes``), remove here, and say which of the two happened."""
    visit.check_form()
    try:
        view, account = find_account(visit.kit, visit.form.get("account", ""))
    except UnknownAccount:  # perhaps the second click
        raise UnknownAccount(
            "this account is not connected here: if you have just disconnected it, that is done", hint="tokenkit list"
        ) from None
    outcome = visit.kit.logout(account.id, local=visit.form.get("local") == "yes")
    if visit.wants_json:
        done = {"removed": outcome.removed, "revoked": outcome.revoked, "note": outcome.note}
        return json({"version": 1, "account": account.id} | done)
    return page(visit, "disconnected.html", {"view": view, "account": account, "outcome": outcome})
