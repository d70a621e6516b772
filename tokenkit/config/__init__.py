"""What people configure: ``config.toml`` and their client registrations."""

from tokenkit.config.client_files import check_client, remove_client, save_client
from tokenkit.config.clients import (
    KnownClient,
    check_registrable,
    client_name,
    client_registration,
    known_client,
    list_clients,
    server_options,
    serves,
)
from tokenkit.config.file import AccountSettings, Config, ProviderSettings, load_config
from tokenkit.config.google_download import google_download

__all__ = [
    "AccountSettings",
    "Config",
    "KnownClient",
    "ProviderSettings",
    "check_client",
    "check_registrable",
    "client_name",
    "client_registration",
    "google_download",
    "known_client",
    "list_clients",
    "load_config",
    "remove_client",
    "save_client",
    "server_options",
    "serves",
]
