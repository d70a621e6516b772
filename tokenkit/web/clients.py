"""The form for a client registration. It explains where to get one, and stores it. It never shows what is stored."""

from collections.abc import Mapping

from starlette.responses import Response

from tokenkit.config import check_registrable, client_name, google_download
from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.provider import ClientRegistration, Provider
from tokenkit.signing_in.asking import asks
from tokenkit.token import Secret
from tokenkit.web.answers import page, see_other
from tokenkit.web.server_choice import chosen_server, query_of, redirect_uri, variables_of
from tokenkit.web.visit import Visit

ENVIRONMENT = "environment"


def ask(visit: Visit) -> Response:
    """Show the form: what to register where, and whether there is a registration already."""
    named = chosen_server(visit, visit.request.query_params)
    return _form(visit, _at(visit, named) if named else visit.kit.provider(visit.part("provider")))


def keep(visit: Visit) -> Response:
    """Store what was given, in place of what was there. A mistake is named above the form, which stays empty.

    Where each server has registrations of its own, the form says first which one, and then where to register.
    """
    visit.check_form()
    provider = visit.kit.provider(visit.part("provider"))
    check_registrable(provider)
    try:
        provider = _at(visit, chosen_server(visit, visit.form))
        if visit.form.get("server_only") == "yes":
            return see_other(f"{visit.path}/client/{provider.name}{query_of(provider)}")
        client = _given(visit, provider)
        visit.kit.configured.save_client(client_name(provider), client)
    except (UsageError, ConfigurationError) as error:
        return _form(visit, provider, error)
    return see_other(f"{visit.path}/#{provider.name}")


def _at(visit: Visit, variables: Mapping[str, str]) -> Provider:
    return visit.kit.authorizations.settle(visit.part("provider"), variables)


def _form(visit: Visit, provider: Provider, error: UsageError | ConfigurationError | None = None) -> Response:
    check_registrable(provider)
    known = visit.kit.known_client(provider)
    variables = [
        each for each in variables_of(provider) if getattr(provider, "variables", {})[each.name].separates_clients
    ]
    lacking = bool(getattr(provider, "lacking", {}))
    values = {
        "provider": provider,
        "variables": variables,
        "lacking": lacking,
        "redirect_uri": "" if lacking or asks(provider) else redirect_uri(visit, provider),
        "takes_download": provider.name == "google",
        "known": known is not None,
        "fixed": known is not None and known.source == ENVIRONMENT,
        "error": error,
    }
    return page(visit, "client.html", values, status=200 if error is None else 400)


def _given(visit: Visit, provider: Provider) -> ClientRegistration:
    download = visit.form.get("download", "").strip()
    if download:
        return google_download(download.encode())
    client_id, secret = visit.form.get("client_id", "").strip(), visit.form.get("client_secret", "").strip()
    if not client_id:
        raise UsageError("the client id is missing", hint=f"copy it from {provider.title}'s page")
    if provider.needs_secret and not secret:
        raise UsageError(f"{provider.title} requires the client secret, too", hint="copy it from the same page")
    return ClientRegistration(client_id, Secret(secret) if secret else None)
