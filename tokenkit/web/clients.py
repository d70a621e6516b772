"""The form for a client registration. It explains where to get one, and stores it. It never shows what is stored."""

from starlette.responses import Response

from tokenkit.config import google_download, save_client
from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.provider import ClientRegistration, Provider
from tokenkit.signing_in.asking import asks
from tokenkit.token import Secret
from tokenkit.web.answers import page, see_other
from tokenkit.web.visit import Visit

ENVIRONMENT = "environment"


def ask(visit: Visit) -> Response:
    """Show the form: what to register where, and whether there is a registration already."""
    return _form(visit, visit.kit.provider(visit.part("provider")))


def keep(visit: Visit) -> Response:
    """Store what was given, in place of what was there. A mistake is named above the form, which stays empty."""
    visit.check_form()
    provider = visit.kit.provider(visit.part("provider"))
    try:
        client = _given(visit, provider)
        save_client(visit.kit.folders.config, provider.name, client)
    except (UsageError, ConfigurationError) as error:
        return _form(visit, provider, error)
    return see_other(f"{visit.path}/#{provider.name}")


def _form(visit: Visit, provider: Provider, error: UsageError | ConfigurationError | None = None) -> Response:
    known = visit.kit.known_client(provider.name)
    values = {
        "provider": provider,
        "redirect_uri": "" if asks(provider) else visit.place.redirect_uri(visit.request, provider),
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
