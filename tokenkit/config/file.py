"""``config.toml``: written by people, checked strictly, and only read: a rewrite would lose their comments (R31).

::

    [defaults]                                   # the account that a bare provider name means (R4)
    google = "me@example.com"

    [providers.google]
    client_id = "…"                              # with a command that prints the secret, such as a password manager
    client_secret_command = ["pass", "show", "google-oauth"]
    redirect_port = 8765                         # where the registration allows one port only
    shadow = true                                # providers/google.toml may take a built-in name (R17)
    unverified = true                            # sign in though no source confirms its addresses
    base_url = "…"                               # any other key is an option of the plugin, which checks it

    [accounts."homeassistant/me"]
    insecure_hosts = ["homeassistant.lan:8123"]  # plain http to that host, for this account (R32)

and, before the tables, ``activity = false``, which switches the activity log off; ``notify``: a command that tells the
person, ahead of time, that an account needs them, in a sentence as its last argument; ``store``: the address of a
PostgreSQL database, without a password, in place of files; and ``store_direct``: its address past a pooler.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, ClassVar, cast

from tokenkit.config.plain import NotPlain, plainly
from tokenkit.errors import ConfigurationError
from tokenkit.nearest import meant
from tokenkit.net.hosts import parse_url
from tokenkit.toml_file import parse_toml, read_file

_STRICT: dict[str, Any] = {"strict": True, "extra": "forbid"}


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The table ``[providers.NAME]``. `options` are its other keys: arguments of the plugin."""

    __pydantic_config__: ClassVar = _STRICT

    shadow: bool = False
    unverified: bool = False
    redirect_port: int | None = None
    client_id: str = ""
    client_secret_command: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if self.redirect_port is not None and not 0 < self.redirect_port < 65536:
            raise ValueError("redirect_port is not a port")
        if self.client_secret_command and not self.client_id:
            raise ValueError("client_secret_command needs the client_id that the secret belongs to beside it")


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The table ``[accounts."PROVIDER/NAME"]``. `insecure_hosts`: ``host`` or ``host:port``, see `hosts.check_tls`."""

    __pydantic_config__: ClassVar = _STRICT

    insecure_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for host in self.insecure_hosts:
            if parse_url(f"http://{host}").target != "/":
                raise ValueError(f"{host!r} is not a host")


@dataclass(frozen=True, slots=True)
class Config:
    """What ``config.toml`` says. `defaults` holds, by provider, the account that a bare provider name means.

    `asks` are the scopes, by provider, that the person's assistant needs: the dashboard chooses them beforehand.
    `activity` says whether the activity log may be written; `notify` is the command that tells the person of an end;
    `store` the address of a database, empty for files, and `store_direct` the one that leads past a pooler.
    """

    __pydantic_config__: ClassVar = _STRICT

    defaults: Mapping[str, str] = field(default_factory=dict[str, str])
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict[str, ProviderSettings])
    accounts: Mapping[str, AccountSettings] = field(default_factory=dict[str, AccountSettings])
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    activity: bool = True
    notify: tuple[str, ...] = ()
    store: str = ""
    store_direct: str = ""

    def settings(self, provider: str) -> ProviderSettings:
        """Return the table of that provider; an empty one where there is none."""
        return self.providers.get(provider, ProviderSettings())

    def insecure_hosts(self, account: str = "") -> frozenset[str]:
        """Return the hosts that `account` may reach by plain http; without an account, those of all accounts.

        R32: TLS always, but for what a person opted in to.
        """
        chosen = [table for name, table in self.accounts.items() if account in ("", name)]
        return frozenset(host for table in chosen for host in table.insecure_hosts)


def load_config(folder: str) -> Config:
    """Read ``config.toml`` in `folder`. Without one, everything has its default.

    Raises `ConfigurationError`, which names the file, the wrong key and, for an unknown key, the nearest known one.
    """
    path = os.path.join(folder, "config.toml")
    data = read_file(path)
    return Config() if data is None else _config(path, data)


@lru_cache(maxsize=1)
def _config(path: str, data: bytes) -> Config:
    """Return what is written there. The list of providers asks for it at each of them."""
    document = parse_toml(path, data)
    tables = document.get("providers")
    if isinstance(tables, dict):
        document["providers"] = {name: _with_options(table) for name, table in cast(dict[str, Any], tables).items()}
    try:  # by way of JSON, for which strict means: a table is a dataclass, an array a tuple, and text is not a number
        text = json.dumps(document, default=str)
    except RecursionError:
        raise ConfigurationError(f"{path}: its values are nested too deeply", hint=f"simplify {path}") from None
    with suppress(NotPlain, ValueError, RecursionError):
        return plainly(Config, json.loads(text))
    return _checked(path, text)


def _with_options(table: object) -> object:
    """Move all keys of the table that are not ours into `options`."""
    if not isinstance(table, dict):
        return table
    members = cast(dict[str, object], table)
    ours = {item.name for item in fields(ProviderSettings)} - {"options"}
    settings = {key: value for key, value in members.items() if key in ours}
    return {**settings, "options": {key: value for key, value in members.items() if key not in ours}}


def _checked(path: str, text: str) -> Config:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Config).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    # Out here, for the validator's error holds what was written (R35).
    loc = [str(part) for part in first["loc"]]
    key = ".".join(loc)
    if first["type"] != "unexpected_keyword_argument":
        if first["type"] == "value_error":  # of ours, in the words of ours
            said = first["msg"].removeprefix("Value error, ")
            raise ConfigurationError(f"{path}: {key}: {said}", hint=f"correct {key} in {path}")
        from tokenkit.wrong_value import wrong_value

        wrong = wrong_value(Config, first["loc"])
        raise ConfigurationError(f"{path}: {wrong.key} must be {wrong.must_be}", hint=wrong.written)
    kind = Config if len(loc) == 1 else AccountSettings
    known = [item.name for item in fields(kind)]
    raise ConfigurationError(f"{path}: there is no key {key}", hint=meant(loc[-1], known))
