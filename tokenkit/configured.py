"""What one app has on this machine: its folders, what its person configured, and what the program gave beside that."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.net.lazy_http import http_context
from tokenkit.paths import folders, may_name_a_store, prefix
from tokenkit.plugins import InShort, Providers, load_provider, provider_file, provider_index, provider_names
from tokenkit.store import Store
from tokenkit.store.files import FileStore

if TYPE_CHECKING:
    from tokenkit.config import Config, KnownClient
    from tokenkit.errors import TokenKitError
    from tokenkit.grants.events import Event
    from tokenkit.grants.shared_clients import SharedClients
    from tokenkit.provider import ClientRegistration, Context, Provider

SANDBOX = "sandbox"
"""The app that knows the sandbox of this machine, and the clients registered there, without any configuration."""


class Configured:
    """The settings, providers and client registrations that all owners of one app share.

    `providers` and `clients` are what the program gave; they go before plugins and files. Nothing is read before it is
    asked for.
    """

    def __init__(
        self,
        app: str,
        environ: Mapping[str, str],
        providers: "Mapping[str, Provider] | None" = None,
        clients: "Mapping[str, ClientRegistration] | None" = None,
    ) -> None:
        for what, given in {"providers": providers, "clients": clients}.items():
            if given is not None and not isinstance(cast(object, given), Mapping):
                raise UsageError(
                    f"{what} is a mapping by name, not {type(given).__name__}",
                    hint=f"TokenKit({what}={{...}}): each under the name of its provider",
                )
        self.app = app
        self.environ = environ
        self.folders = folders(app, environ)
        self.config_file = os.path.join(self.folders.config, "config.toml")
        self.providers = Providers(
            {} if providers is None else providers,
            self._load_provider,
            lambda: provider_names(self.folders.config),
            self._in_short,
        )
        self._clients: Mapping[str, ClientRegistration] = {} if clients is None else clients
        self._config: Config | None = None
        self._index: dict[str, InShort] | None = None
        self.shared_clients: SharedClients | None = None
        """The registrations that all machines share, where the store is a shared one."""

    @property
    def config(self) -> "Config":
        """What the person wrote into ``config.toml``, read once."""
        if self._config is None:  # no cached property: in Python 3.11 its lock stays shut in a forked child (R7)
            from tokenkit.config import load_config

            self._config = load_config(self.folders.config)
        return self._config

    def defaults(self) -> Mapping[str, str]:
        """Return which account of a provider is meant where none is named, as the person wrote it."""
        return self.config.defaults

    def store(self) -> Store:
        """Return the store that the environment or ``config.toml`` names; else the files of this machine."""
        variable = prefix(self.app) + "_STORE"
        url, where = self.environ.get(variable, ""), f"the variable {variable}"
        direct, where_direct = self.environ.get(f"{variable}_DIRECT", ""), f"the variable {variable}_DIRECT"
        if not url and may_name_a_store(self.folders.config):
            url, where = self.config.store, f"the line store in {self.config_file}"
            direct, where_direct = self.config.store_direct, f"the line store_direct in {self.config_file}"
        if direct and not url:
            raise ConfigurationError(
                f"{where_direct} is the address past a pooler, and no address of the store itself is given",
                hint=f"export {variable}=postgresql://USER@HOST/DATABASE",
            )
        if not url:
            return FileStore(self.folders.tokens, self.folders.state)
        from tokenkit.store.postgres.address import Address

        address = Address(url, where, self.app)  # first: it says where psycopg is missing
        past_a_pooler = Address(direct, where_direct, self.app) if direct else None
        from tokenkit.store.postgres.store import PostgresStore

        return PostgresStore(address, past_a_pooler, state=self.folders.state)

    def context(self, deadline: float) -> "Context":
        """Return what providers are given to send requests with; each may take `deadline` seconds in all."""
        return http_context(deadline, lambda: self.config.insecure_hosts())

    def client(self, provider: "str | Provider") -> "ClientRegistration":
        """Return the client registration for a provider. Raises `ClientMissing`, which names the ways to give one."""
        from tokenkit.config import client_name, client_registration

        if isinstance(provider, str):
            provider = self.providers[provider]
        given = self._given_for(provider.name, client_name(provider))
        return client_registration(
            provider,
            folders=self.folders,
            environ=self.environ,
            app=self.app,
            given=given,
            shared=self._registered,
            usual=self._usual(provider),
        )

    def known_client(self, provider: "str | Provider") -> "KnownClient | None":
        """Return the client registration for that provider as it may be shown; no command is run for its secret.

        Of several servers' registrations, a name finds any one, and a provider that of its own server.
        """
        from tokenkit.config import client_name, known_client

        usual = None if isinstance(provider, str) else self._usual(provider)
        names = (provider, provider) if isinstance(provider, str) else (provider.name, client_name(provider))
        given = self._given_for(*names)
        return known_client(
            provider,
            folders=self.folders,
            environ=self.environ,
            app=self.app,
            given=given,
            shared=self._registered,
            usual=usual,
        )

    def _usual(self, provider: "Provider") -> "Provider":
        """Return the provider where nobody names another server; without servers of its own, as it is."""
        return self.providers[provider.name] if getattr(provider, "client_of", "") else provider

    def known_clients(self) -> "tuple[list[KnownClient], list[TokenKitError]]":
        """Return every client registration of this app, as they may be shown, and why others cannot be used."""
        from tokenkit.config import list_clients

        return list_clients(
            folders=self.folders,
            environ=self.environ,
            app=self.app,
            given=self.given_clients(),
            shared=self._registered,
        )

    def save_client(self, name: str, client: "ClientRegistration") -> str:
        """Store a client registration, for all machines where they share a store; return where, in words.

        Raises `ConfigurationError` for values that no server can have issued, and `StoreError`.
        """
        from tokenkit.config import check_client, save_client
        from tokenkit.config.clients import SHARED

        if self.shared_clients is None:
            return save_client(self.folders.config, name, client)
        check_client(name, client)
        self.shared_clients.save(name, client)
        return SHARED

    def remove_client(self, name: str) -> bool:
        """Delete a client registration that was stored here, or for all machines; return whether there was one."""
        from tokenkit.config import remove_client

        shared = self.shared_clients is not None and self.shared_clients.remove(name)
        return remove_client(self.folders.config, name) or shared

    @property
    def _registered(self) -> "Mapping[str, ClientRegistration]":
        return {} if self.shared_clients is None else self.shared_clients

    def given_clients(self) -> "Mapping[str, ClientRegistration]":
        """Return the client registrations that need no file: the program's own, and in the sandbox's app its."""
        if self.app != SANDBOX:
            return self._clients
        from tokenkit.sandbox.known import CLIENTS

        return {**CLIENTS, **self._clients}

    def _given_for(self, provider: str, name: str) -> "Mapping[str, ClientRegistration]":
        """Return the same; in the sandbox's app with the one, by its own `name`, of a provider that is played there."""
        if self.app != SANDBOX:
            return self.given_clients()
        from tokenkit.sandbox.known import client_of

        return {name: client_of(provider), **self.given_clients()}

    def redirect_port(self, provider: "Provider") -> int:
        """Return the port of loopback redirect URIs: the configured one, the provider's, or 0 for any that is free."""
        return self.config.settings(provider.name).redirect_port or provider.redirect_port

    def notify(self, event: "Event", now: Callable[[], float]) -> None:
        """Run the person's command for what an account needs of them, see ``notify`` in ``config.toml``."""
        from tokenkit.grants.notify import Notifier

        Notifier(lambda: self.config.notify, self.folders.state, app=self.app, environ=self.environ, now=now)(event)

    def _load_provider(self, name: str) -> "Provider":
        shadow = self.config.settings(name).shadow
        loaded = load_provider(
            name, config_folder=self.folders.config, options=self._provider_options(name), shadow=shadow
        )
        if self.app != SANDBOX:
            return loaded
        from tokenkit.sandbox.known import at_sandbox

        return at_sandbox(loaded, self.environ)

    def _provider_options(self, name: str) -> Mapping[str, object]:
        options = self.config.settings(name).options
        if self.app != SANDBOX:
            return options
        from tokenkit.sandbox.known import sandbox_options

        return {**sandbox_options(name, self.environ), **options}

    def _in_short(self, name: str) -> InShort | None:
        """Return what a package says of its provider; None where a file or an option of the person's own says more."""
        if self._provider_options(name) or provider_file(self.folders.config, name):
            return None
        if self._index is None:
            self._index = provider_index()
        return self._index.get(name)
