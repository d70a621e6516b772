"""The form for a provider without a consent screen: what the person types is tried, stored, and never shown again."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from tokenkit.errors import AuthorizationError, ClientMissing, ProviderUnavailable, TokenKitError, UsageError
from tokenkit.provider import Field, Provider
from tokenkit.signing_in.asking import asks, fields
from tokenkit.token import Secret
from tokenkit.web.answers import popup_page, see_other, status_of, to_connected
from tokenkit.web.server_choice import SET, chosen_server, query_of
from tokenkit.web.visit import Visit, account_name

PASSED_ON = ("account", "name", "replace_broken")
"""What the form is for: whose key is renewed, what a new account is called, and what may be put aside."""

TYPED = "field."
"""Before the name of a field, in the form."""


class _Entry(NamedTuple):
    name: str
    field: Field


def form_address(visit: Visit, provider: Provider) -> str:
    """Return where the person types, for what a form of /start says."""
    said = passed_on(visit.form)
    return f"{visit.path}/key/{provider.name}{'?' if said else ''}{urlencode(said)}"


def passed_on(said: Mapping[str, str]) -> dict[str, str]:
    """Return what one form passes on to the next: what it is for, and which server it is about."""
    return {name: value for name, value in said.items() if value and (name in PASSED_ON or name.startswith(SET))}


def ask(visit: Visit) -> Response:
    """Show the form. Raises `UsageError` for a provider with a consent screen."""
    said = visit.request.query_params
    return _form(visit, _asking(visit, said), said)


def keep(visit: Visit) -> Response:
    """Try what was typed, and store it. A mistake is named above the form, which is empty again."""
    visit.check_form()
    provider = _asking(visit, visit.form)
    try:
        account = visit.kit.login(
            provider.name,
            answers={name: Secret(visit.form.get(f"{TYPED}{name}", "")) for name in provider.fields},
            account=account_name(visit.form.get("account", "")),
            name=account_name(visit.form.get("name", "")),
            replace_broken=visit.form.get("replace_broken") == "yes",
            variables=chosen_server(visit, visit.form),
        )
    except (UsageError, AuthorizationError, ProviderUnavailable) as error:
        return _form(visit, provider, visit.form, error)
    return to_connected(visit, account)


def _asking(visit: Visit, said: Mapping[str, str]) -> Provider:
    account = account_name(said.get("account", "") or said.get("name", ""))
    authorizations = visit.kit.authorizations
    provider = authorizations.settle(visit.part("provider"), chosen_server(visit, said), account=account)
    authorizations.check_confirmed(provider)
    if asks(provider) is None:
        raise UsageError(f"{provider.title} has a consent screen", hint="connect it from the page of all accounts")
    return provider


def _form(visit: Visit, provider: Provider, said: Mapping[str, str], error: TokenKitError | None = None) -> Response:
    try:
        client = visit.kit.client(provider)
    except ClientMissing:
        if not visit.place.may_register:
            raise
        return see_other(f"{visit.path}/client/{provider.name}{query_of(provider)}")
    visit.kit.records.probe()  # before a person is asked in vain (R20)
    values = {
        "provider": provider,
        "fields": [_Entry(name, field) for name, field in fields(provider, client).items()],
        "said": passed_on(said),
        "error": error,
    }
    return popup_page(visit, "key.html", values, status=200 if error is None else status_of(error))
