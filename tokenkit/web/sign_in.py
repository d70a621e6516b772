"""Connecting an account: the person is sent to the provider, comes back, and reads what came of it."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from starlette.responses import Response

from tokenkit.errors import ClientMissing, ConsentDenied, ProviderBroken, TokenKitError, UsageError
from tokenkit.signing_in.asking import asks
from tokenkit.web.answers import failed_return, json, page, popup_page, see_other, to_connected
from tokenkit.web.keys import form_address
from tokenkit.web.overview import find_account
from tokenkit.web.server_choice import chosen_server, query_of, redirect_uri
from tokenkit.web.visit import Visit, account_name

SCOPES = 50
TICKED = "scope."
SERVICE = "service."
"""Before the name of a service, in the field that names the scopes chosen for it; none for nothing."""

_SCOPE = re.compile(r"[!#-\[\]-~]+")


def start(visit: Visit) -> Response:
    """Begin a sign-in, and send the person to the provider; a script gets the address."""
    visit.check_form()
    variables = chosen_server(visit, visit.form)
    account, name = account_name(visit.form.get("account", "")), account_name(visit.form.get("name", ""))
    provider = visit.kit.authorizations.settle(visit.part("provider"), variables, account=account or name)
    if asks(provider):
        address = form_address(visit, provider)
        return json({"version": 1, "url": address}) if visit.wants_json else see_other(address)
    try:
        pending = visit.kit.authorizations.begin(
            provider,
            redirect_uri=redirect_uri(visit, provider),
            binding=visit.browser.secret,
            scopes=_scopes(visit.form),
            account=account,
            name=name,
            replace_broken=visit.form.get("replace_broken") == "yes",
            only=visit.form.get("only") == "yes",
        )
    except ClientMissing:
        if visit.wants_json or not visit.place.may_register:
            raise
        return see_other(f"{visit.path}/client/{provider.name}{query_of(provider)}")
    if urlsplit(pending.url).scheme not in ("https", "http"):  # it is about to be followed
        raise ProviderBroken(provider.name, "begin", hint="its authorization endpoint is no web address")
    visit.place.began(pending)
    if visit.wants_json:
        return json({"version": 1, "url": pending.url})
    return page(visit, "leaving.html", {"title": provider.title, "provider": provider.name, "url": pending.url})


def callback(visit: Visit) -> Response:
    """Take what the person came back with. Nothing of it is shown: a clean address or a fixed sentence follows."""
    name = visit.part("provider")
    try:
        account = visit.kit.complete(visit.place.callback_url(visit.request), binding=visit.browser.secret)
    except ConsentDenied:
        return see_other(f"{visit.path}/declined/{quote(name)}")
    except TokenKitError as error:
        return failed_return(visit, error, name if name in visit.kit.providers() else "")
    return to_connected(visit, account)


def connected(visit: Visit) -> Response:
    """Say which account was connected, with which scopes. Raises `UnknownAccount` where there is no such account."""
    view, account = find_account(visit.kit, f"{visit.part('provider')}/{visit.request.query_params.get('name', '')}")
    values = {"outcome": "connected", "provider": view.name, "title": view.title, "account": account}
    return popup_page(visit, "returned.html", values)


def declined(visit: Visit) -> Response:
    """Say that nothing was connected, because nothing was granted."""
    provider = visit.kit.provider(visit.part("provider"))
    values = {"outcome": "declined", "provider": provider.name, "title": provider.title}
    return popup_page(visit, "returned.html", values)


def opening(visit: Visit) -> Response:
    """Show what a pop-up shows until it is sent on."""
    return popup_page(visit, "opening.html", {})


def _scopes(form: Mapping[str, str]) -> list[str] | None:
    """Return the scopes in ``scopes``, by alias or value, and those that were chosen; None for the default ones."""
    fields = [form.get("scopes", ""), *(text for field, text in form.items() if field.startswith(SERVICE))]
    listed = [name for text in fields for name in text.replace(",", " ").split()]
    names = [*listed, *(field.removeprefix(TICKED) for field in form if field.startswith(TICKED))]
    if len(names) > SCOPES or not all(map(_SCOPE.fullmatch, names)):
        raise UsageError("these scopes cannot be asked for", hint=f"up to {SCOPES}, as in RFC 6749 section 3.3")
    return list(dict.fromkeys(names)) or None
