"""Client registrations in files of their own, ``clients/<provider>.toml`` in the config folder, 0600 (R31)."""

import json
import os
from typing import TYPE_CHECKING

from tokenkit import durable_file, private_file
from tokenkit.config.credential import credential_text
from tokenkit.errors import ConfigurationError, FileRefused
from tokenkit.nearest import meant
from tokenkit.os_errors import unavailable
from tokenkit.paths import account_name, file_name
from tokenkit.provider import ClientRegistration
from tokenkit.token import Secret
from tokenkit.toml_file import parse_toml

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_MEMBERS = ("client_id", "client_secret")
_LOCK_WAIT = 10.0  # seconds


def client_file(config: str, provider: str) -> str:
    """Return the path of the file for a provider in the folder `config`."""
    return os.path.join(_folder(config), f"{file_name(provider)}.toml")


def stored_clients(folder: str) -> list[str]:
    """Return the names under which registrations lie in files of the config `folder`."""
    try:
        files = os.listdir(_folder(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unavailable(_folder(folder), error) from None
    return [name for file in files if file.endswith(".toml") and (name := _client_of(file))]


def _client_of(file: str) -> str:
    """Return under which name a registration lies in that file; empty for a file that tokenkit never wrote."""
    try:
        return account_name(file.removesuffix(".toml"))
    except FileRefused:
        return ""


def read_client(path: str) -> ClientRegistration | None:
    """Return the registration in the file; None where there is none. Raises `ConfigurationError`, `FileRefused`."""
    data = private_file.read(path, private=True, linked=True)
    if data is None:
        return None
    try:
        return _registration(path, data)
    except ConfigurationError as error:
        provider = _client_of(os.path.basename(path)).partition("@")[0]
        joined = " Else: " if error.hint.endswith("?") else ", or: "
        error.hint += f"{joined}tokenkit client set {provider}" if provider else ""
        raise


def _registration(path: str, data: bytes) -> ClientRegistration:
    members = parse_toml(path, data)
    for key in members.keys() - set(_MEMBERS):
        raise ConfigurationError(f"{path}: there is no key {key}", hint=meant(key, _MEMBERS))
    secret = members.get("client_secret")
    plain = None if secret is None else Secret(credential_text(secret, f"client_secret in {path}"))
    return ClientRegistration(credential_text(members.get("client_id"), f"client_id in {path}"), plain)


def save_client(folder: str, provider: str, client: ClientRegistration) -> str:
    """Write ``clients/<provider>.toml`` in the config `folder`, 0600, and return its path.

    The file is replaced as a whole. Raises `ConfigurationError` for values that no server can have issued.
    """
    path, members = client_file(folder, provider), check_client(provider, client)
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in members.items())  # ASCII JSON is TOML, too
    private_file.ensure_folder(_folder(folder), linked=True)
    with _changing(folder):
        durable_file.write(path, text.encode())
    return path


def check_client(provider: str, client: ClientRegistration) -> dict[str, str]:
    """Return the members of a registration. Raises `ConfigurationError` for values that no server can have issued."""
    members = {"client_id": credential_text(client.client_id, f"the client id for {provider}")}
    if client.client_secret:
        members["client_secret"] = credential_text(client.client_secret.reveal(), f"the client secret for {provider}")
    return members


def remove_client(folder: str, provider: str) -> bool:
    """Delete ``clients/<provider>.toml``; return whether there was one."""
    path = client_file(folder, provider)
    if not os.path.lexists(path):
        return False
    with _changing(folder):
        existed = os.path.lexists(path)
        durable_file.remove(path)
    return existed


def _changing(config: str) -> "AbstractContextManager[None]":
    """Return the lock to hold while a file is written or deleted: each has one temporary file only."""
    from tokenkit.store.file_lock import locked

    return locked(os.path.join(_folder(config), ".lock"), wait=_LOCK_WAIT)


def _folder(config: str) -> str:
    return os.path.join(config, "clients")
