"""Client registrations: from the environment, ``clients/<provider>.toml`` (0600) or ``config.toml``.

R31: a secret has a place of its own, so that we never rewrite what a person has written. A source is taken whole: no
secret is joined to the client id of another source.
"""

import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, cast

from tokenkit.config.client_command import printed_secret
from tokenkit.config.client_files import client_file, read_client, stored_clients
from tokenkit.config.credential import credential_text, printed_text
from tokenkit.config.file import load_config
from tokenkit.errors import ClientMissing, ConfigurationError, TokenKitError, UsageError
from tokenkit.paths import Folders, prefix
from tokenkit.plugins import InShort, provider_names
from tokenkit.provider import ClientRegistration, Provider
from tokenkit.shell import our_program, quoted
from tokenkit.token import Secret
from tokenkit.variables import Variable

Given = Mapping[str, ClientRegistration]
"""Client registrations that the program gave, by provider."""

_NONE: Given = MappingProxyType({})

SHARED = "the shared store"
"""The `source` of a registration that all machines share."""


ENVIRONMENT = "environment"
"""The `source` of one in the environment, which goes before all that is stored."""


class _Sources(NamedTuple):
    """Where registrations are looked for: those that the program gave, and those in a store that machines share."""

    own: Given
    shared: Given


class KnownClient(NamedTuple):
    """A client registration as it may be listed: never its secret. `source` is a file, ``environment`` or ``code``."""

    provider: str
    client_id: str
    has_secret: bool
    source: str


class _Found(NamedTuple):
    source: str
    client_id: str
    client_secret: Secret | None = None
    command: tuple[str, ...] = ()


def client_name(provider: Provider) -> str:
    """Return what a client registration is kept under: the provider's name; ``mastodon@fosstodon.org`` where each
    server has registrations of its own.
    """
    server = str(getattr(provider, "client_of", ""))
    return f"{provider.name}@{server}" if server else provider.name


def server_options(provider: Provider) -> str:
    """Return the options that name the provider's server to a command of ours; empty where it has none of its own."""
    variables: Mapping[str, Variable] = getattr(provider, "variables", {})
    chosen = [f"{name}={each.default}" for name, each in variables.items() if each.separates_clients and each.default]
    return "".join(f" --set {quoted(each)}" for each in chosen)


def client_registration(
    provider: Provider,
    *,
    folders: Folders,
    environ: Mapping[str, str],
    app: str,
    given: Given = _NONE,
    shared: Given = _NONE,
    usual: Provider | None = None,
) -> ClientRegistration:
    """Return the client registration for `provider`: the `given` one, or of the environment, its file, ``config.toml``.

    Where each server of a provider has registrations of its own, no other server's is taken: those that name no server
    (an environment variable, ``config.toml``) are of the `usual` one. A source is taken whole: no secret is joined to
    the client id of another source. Raises `ClientMissing`, which names the ways to give one, and `ConfigurationError`
    for a source that cannot be used.
    """
    if not getattr(provider, "needs_client", True):
        return ClientRegistration("")
    found = _find_for(provider, usual, folders, environ, app, _Sources(given, shared))
    if found is None:
        error = _missing(provider, usual, app, f"there is no client registration for {client_name(provider)}")
        if table := _misnamed_table(folders.config, provider.name):
            path = os.path.join(folders.config, "config.toml")
            error.hint = f"in {path}, [providers.{table}] is of no provider: did you mean [providers.{provider.name}]?"
        raise error
    secret = printed_secret(provider.name, found.command, environ, app) if found.command else found.client_secret
    if secret is None and provider.needs_secret:
        raise _missing(
            provider, usual, app, f"the client registration for {provider.name} ({found.source}) has no secret"
        )
    return ClientRegistration(found.client_id, secret)


def list_clients(
    *, folders: Folders, environ: Mapping[str, str], app: str, given: Given = _NONE, shared: Given = _NONE
) -> tuple[list[KnownClient], list[TokenKitError]]:
    """Return all client registrations that can be used, by provider, and why others cannot be. No command is run."""
    names = sorted({*stored_clients(folders.config), *shared, *provider_names(folders.config), *given})
    known, refused = list[KnownClient](), dict[str, TokenKitError]()
    for name in names:
        try:
            found = _find(name, folders, environ, app, _Sources(given, shared))
        except TokenKitError as error:  # that of config.toml comes with each name
            refused.setdefault(str(error), error)
            continue
        if found:
            secret = bool(found.client_secret or found.command)
            known.append(KnownClient(name, found.client_id, secret, found.source))
    return known, [*refused.values()]


def known_client(
    provider: str | Provider,
    *,
    folders: Folders,
    environ: Mapping[str, str],
    app: str,
    given: Given = _NONE,
    shared: Given = _NONE,
    usual: Provider | None = None,
) -> KnownClient | None:
    """Return the client registration kept under that name as it may be listed, or None. Runs no command.

    Under a provider's name any one of its servers' is found; for a provider itself that of its server, see
    `client_registration`.
    """
    sources = _Sources(given, shared)
    if not isinstance(provider, str):
        found, name = _find_for(provider, usual, folders, environ, app, sources), provider.name
    else:
        found, name = (
            _find(provider, folders, environ, app, sources) or _of_any_server(folders, sources, provider),
            provider,
        )
    return (
        KnownClient(name, found.client_id, bool(found.client_secret or found.command), found.source) if found else None
    )


def _of_any_server(folders: Folders, sources: _Sources, provider: str) -> _Found | None:
    names = (
        name for name in sorted({*sources.shared, *stored_clients(folders.config)}) if name.startswith(f"{provider}@")
    )
    return next(filter(None, (_from_stored(folders.config, sources, name) for name in names)), None)


def check_registrable(provider: Provider) -> None:
    """Refuse to keep a registration that nothing would use; raises `UsageError`."""
    if not getattr(provider, "needs_client", True):
        raise UsageError(f"{provider.title} needs no client registration", hint=f"tokenkit login {provider.name}")


def serves(client: KnownClient | None, provider: Provider | InShort) -> bool:
    """Tell whether a registration is all that the provider needs; some need none."""
    if not getattr(provider, "needs_client", True):
        return True
    return client is not None and (client.has_secret or not provider.needs_secret)


def _find_for(
    provider: Provider,
    usual: Provider | None,
    folders: Folders,
    environ: Mapping[str, str],
    app: str,
    sources: _Sources,
) -> _Found | None:
    """Find the registration of the provider's own server; without a server's name it is the usual one's."""
    own = client_name(provider)
    shared = usual is None or client_name(usual) == own
    names = dict.fromkeys((own, provider.name) if shared else (own,))
    return next(filter(None, (_find(name, folders, environ, app, sources) for name in names)), None)


def _find(name: str, folders: Folders, environ: Mapping[str, str], app: str, sources: _Sources) -> _Found | None:
    if name in sources.own:
        return _from_code(name, sources.own[name])
    if "@" in name:
        return _from_stored(folders.config, sources, name)
    found = _from_environment(name, environ, app)
    if found is None:
        return _from_stored(folders.config, sources, name) or _from_config(folders.config, name)
    if found.client_secret is None:
        stored = _from_stored(folders.config, sources, name)
        return stored if stored and stored.client_id == found.client_id else found
    return found


def _from_stored(folder: str, sources: _Sources, name: str) -> _Found | None:
    """Return what `tokenkit client set` has stored: for all machines, or on this one."""
    client = sources.shared.get(name)
    if client is not None:
        return _Found(SHARED, client.client_id, client.client_secret)
    path = client_file(folder, name)
    stored = read_client(path)
    return None if stored is None else _Found(path, stored.client_id, stored.client_secret)


def _from_code(name: str, client: ClientRegistration) -> _Found:
    """Read a registration that the program gave; its code need not be typed, so that types are looked at."""
    where, hint = f"clients[{name!r}]", f'clients={{"{name}": ClientRegistration("id", Secret("secret"))}}'
    if not isinstance(cast(object, client), ClientRegistration):
        raise ConfigurationError(f"{where} is no ClientRegistration", hint=hint)
    secret = cast(object, client.client_secret)
    if secret is not None and not isinstance(secret, Secret):
        raise ConfigurationError(f"{where}.client_secret is neither a Secret nor None", hint=hint)
    plain = None if secret is None else Secret(credential_text(secret.reveal(), f"{where}.client_secret"))
    return _Found("code", credential_text(client.client_id, f"{where}.client_id"), plain)


def _from_environment(name: str, environ: Mapping[str, str], app: str) -> _Found | None:
    id_variable, secret_variable = client_variables(name, app)
    client_id, secret = environ.get(id_variable, "").strip(), environ.get(secret_variable, "").strip()
    if secret and not client_id:
        message = f"{secret_variable} is set, and the client id that it belongs to is not"
        raise ConfigurationError(message, hint=f"export {id_variable}=…, or unset {secret_variable}")
    if not client_id:
        return None
    plain = Secret(printed_text(secret, secret_variable)) if secret else None
    return _Found(ENVIRONMENT, printed_text(client_id, id_variable), plain)


def _from_config(folder: str, name: str) -> _Found | None:
    settings = load_config(folder).settings(name)
    client_id = settings.client_id.strip()
    if not client_id:
        return None
    path = os.path.join(folder, "config.toml")
    return _Found(path, credential_text(client_id, f"client_id in {path}"), command=settings.client_secret_command)


def _misnamed_table(folder: str, name: str) -> str:
    """Return the name of the table with a client in ``config.toml`` that was probably meant for that provider."""
    from tokenkit.nearest import nearest  # not needed where a client is registered

    tables = {table for table, settings in load_config(folder).providers.items() if settings.client_id}
    return nearest(name, sorted(tables.difference(provider_names(folder))))


def _missing(provider: Provider, usual: Provider | None, app: str, message: str) -> ClientMissing:
    elsewhere = usual is not None and client_name(usual) != client_name(provider)
    options = server_options(provider) if elsewhere else ""
    setup, known = (f"{our_program(app)} client {verb} {provider.name}{options}" for verb in ("setup", "set"))
    leads = f"{setup} leads to {provider.console_url} and takes what it gives" if provider.console_url else setup
    others = "" if elsewhere else f" ({_other_ways(provider, app)})"  # these name no server
    return ClientMissing(message, hint=f"{leads}; for a client that you have: {known}{others}")


def _other_ways(provider: Provider, app: str) -> str:
    id_variable, secret_variable = client_variables(provider.name, app)
    both = f"{id_variable} and {secret_variable}" if provider.needs_secret else id_variable
    return f'or export {both}, or write client_id = "..." under [providers.{provider.name}] in config.toml'


def client_variables(name: str, app: str) -> tuple[str, str]:
    """Return the names of the environment variables for the client id and the secret at that provider."""
    stem = f"{prefix(app)}_{re.sub('[^A-Z0-9]', '_', name.upper())}"
    return f"{stem}_CLIENT_ID", f"{stem}_CLIENT_SECRET"
