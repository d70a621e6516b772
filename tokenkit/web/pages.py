"""The accounts page, its JSON, and disconnecting."""

from starlette.responses import Response

from tokenkit.audit import Inventory, audit
from tokenkit.errors import UnknownAccount
from tokenkit.web.answers import json, page
from tokenkit.web.last_use import last_uses
from tokenkit.web.overview import AccountView, ProviderView, overview
from tokenkit.web.visit import Visit


def accounts(visit: Visit) -> Response:
    """Show all providers and accounts. Nothing is refreshed, and nothing is sent.

    What the audit found concerns the whole machine, so it is shown only to a person who is also its operator.
    """
    views = overview(visit.kit)
    groups: dict[str, object] = {
        "report": audit(Inventory(visit.kit)) if visit.place.may_register else None,
        "may_register": visit.place.may_register,
        "uses": last_uses(visit.kit),
        "needing": [view for view in views if any(one.state == "attention" for one in view.accounts)],
        "connected": [view for view in views if view.accounts],
        "ready": [view for view in views if not view.accounts and view.registered and not view.problem],
        "unregistered": [view for view in views if not view.accounts and not view.registered and not view.problem],
        "problems": [view for view in views if not view.accounts and view.problem],
    }
    return page(visit, "accounts.html", groups)


def status(visit: Visit) -> Response:
    """Answer the same for scripts; ``?provider=`` asks for one. It is documented in docs/how-to/dashboard.md."""
    name = visit.request.query_params.get("provider", "")
    if name:
        visit.kit.provider(name)
    views = overview(visit.kit, [name] if name else [])
    return json({"version": 1, "csrf": visit.csrf_token, "providers": [view.record() for view in views]})


def ask_disconnect(visit: Visit) -> Response:
    """Say what would end with the account, and ask (R19: a second account must not end unannounced)."""
    view, account = _find(visit, visit.request.query_params.get("account", ""))
    provider = visit.kit.provider(view.name)
    also = [str(other) for other in visit.kit.sharing_fate(account.id)]
    values = {"view": view, "account": account, "provider": provider, "also": also}
    return page(visit, "disconnect.html", values)


def disconnect(visit: Visit) -> Response:
    """Revoke at the provider (unless ``local`` is ``yes``), remove here, and say which of the two happened."""
    visit.check_form()
    view, account = _find(visit, visit.form.get("account", ""))
    outcome = visit.kit.logout(account.id, local=visit.form.get("local") == "yes")
    if visit.wants_json:
        done = {"removed": outcome.removed, "revoked": outcome.revoked, "note": outcome.note}
        return json({"version": 1, "account": account.id} | done)
    return page(visit, "disconnected.html", {"view": view, "account": account, "outcome": outcome})


def _find(visit: Visit, id: str) -> tuple[ProviderView, AccountView]:
    """Return the account with exactly that name: what shall end is not guessed."""
    provider = id.partition("/")[0]
    for view in overview(visit.kit, [provider] if provider else []):
        for account in view.accounts:
            if account.id == id:
                return view, account
    raise UnknownAccount("there is no such account here", hint="tokenkit list")
