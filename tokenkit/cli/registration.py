"""A client registration that a person gives: read from a file, and stored."""

from contextlib import suppress
from typing import TYPE_CHECKING

from tokenkit.cli.output import ask, ask_secret, read_stdin, say
from tokenkit.errors import ClientMissing, ConfigurationError, UsageError
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit
    from tokenkit.provider import ClientRegistration, Provider


LIMIT = 1 << 20
"""Bytes that are read of a client, or of keys: no such file is longer."""


def ask_for_client(
    provider: "Provider", client_id: str = "", secret: str = "", *, public: bool = False
) -> "ClientRegistration":
    """Return the client that the person has registered; what is not given is asked for, or read from stdin."""
    from tokenkit.flows.sanitize import without_hidden
    from tokenkit.provider import ClientRegistration
    from tokenkit.token import Secret

    client_id = without_hidden(client_id or ask(f"Client id of {provider.title}: ")).strip()
    if not client_id:
        raise ClientMissing(f"{provider.title} needs a client id", hint=f"tokenkit client set {provider.name}")
    secret = "" if public else without_hidden(secret or _ask_for_secret(provider)).strip()
    return ClientRegistration(client_id, Secret(secret) if secret else None)


def _ask_for_secret(provider: "Provider") -> str:
    needed = provider.needs_secret
    secret = ask_secret(f"Client secret of {provider.title}{'' if needed else ' (empty if there is none)'}: ")
    if needed and not secret:
        raise ClientMissing(f"{provider.title} needs a client secret", hint=f"tokenkit client set {provider.name}")
    return secret


def redirect_uri(kit: "TokenKit", provider: "Provider") -> str:
    """Return the redirect URI that a client registration needs: another one for each server of a provider."""
    from tokenkit.consent.advice import redirect_uri_to_register

    authorizations = kit.authorizations
    port, name = authorizations.redirect_port(provider), authorizations.callback_name(provider)
    return redirect_uri_to_register(provider, port, name)


def save_registration(
    kit: "TokenKit", provider: "Provider", registration: "ClientRegistration", *, sign_in_next: bool = True
) -> None:
    """Store a registration, and say where, what it replaces, and, unless it is done at once, what comes next."""
    from tokenkit.config import client_name, server_options
    from tokenkit.config.credential import stands_in_quotes

    former = None
    with suppress(ConfigurationError):  # nobody can say what a file that cannot be used held
        former = kit.known_client(provider)
    path = kit.configured.save_client(client_name(provider), registration)
    if former is not None and former.source == path and former.client_id != registration.client_id:
        say(f"It takes the place of {former.client_id}; accounts that were signed in with that need it still.")
    usual = client_name(kit.provider(provider.name)) == client_name(provider)
    next_ = f" Next: tokenkit login {provider.name}{'' if usual else server_options(provider)}"
    say(f"Stored in {path}.{next_ if sign_in_next else ''}")
    secret = registration.client_secret.reveal() if registration.client_secret else ""
    for what, text in (("client id", registration.client_id), ("client secret", secret)):
        if stands_in_quotes(text):
            say(f"The {what} is stored with the quotes around it. If they came along in copying, store it anew.")
    _tell_what_goes_before(kit, provider)


def _tell_what_goes_before(kit: "TokenKit", provider: "Provider") -> None:
    """Say that what was stored is not used, where the environment holds a registration, too."""
    from tokenkit.config.clients import ENVIRONMENT, client_variables

    known = kit.known_client(provider)
    if known is not None and known.source == ENVIRONMENT:
        say(f"The environment goes before what is stored: unset {' '.join(client_variables(provider.name, kit.app))}")


def read_file(path: str) -> bytes:
    """Return what a file holds, or stdin for ``-``, up to `LIMIT`."""
    if path == "-":
        return read_stdin(LIMIT)
    try:
        with open(path, "rb") as file:
            return file.read(LIMIT)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=f"ls -l {quoted(path)}") from None
