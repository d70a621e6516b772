"""What is looked at: the folders, records, keys and configuration of one app on this machine, each read at most once.

It changes nothing: no lock is taken, no file made, no command run, nobody asked. What cannot be looked at is said.
"""

import os
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import Distribution, EntryPoints, entry_points
from typing import TYPE_CHECKING, NamedTuple

from tokenkit import chained_log
from tokenkit.audit.found_record import FoundRecord, Keys, load_records, open_record
from tokenkit.audit.logged import Use, events, uses
from tokenkit.audit.modes import is_plain
from tokenkit.audit.mounts import Mount, Room, container_since, mounted, room_at
from tokenkit.audit.shared_walk import Walked, walk
from tokenkit.audit.tree import Node, Role, Tree
from tokenkit.config import Config, client_name
from tokenkit.errors import ConfigurationError, FileRefused, KeyUnavailable, StoreError, TokenKitError
from tokenkit.grant import Grant
from tokenkit.grants.bound_to import of
from tokenkit.keys import file as key_file
from tokenkit.kit import TokenKit
from tokenkit.paths import Folders, activity_folder
from tokenkit.plugins import GROUP as PROVIDERS
from tokenkit.provider import Provider
from tokenkit.shell import our_program
from tokenkit.store import Name
from tokenkit.store.files import FileStore

if TYPE_CHECKING:
    from tokenkit.store.postgres.facts import Facts

CHECKS_GROUP = "tokenkit.checks"
"""The entry point group of plugins' checks. Each object in it is a `Check`, or several of them."""


class Package(NamedTuple):
    """A distribution that registers something with tokenkit, and what."""

    name: str
    distribution: Distribution
    adds: list[str]


@dataclass(frozen=True, eq=False)
class Inventory:
    """Everything that a check may look at. `kit` gives folders, configuration and providers; `deep` looks further.
    `no_store` is why the store that was named cannot be had: then `kit` has the files of this machine in its place.
    """

    kit: TokenKit
    home: str = field(default_factory=lambda: os.path.expanduser("~"))
    cwd: str = field(default_factory=lambda: _working_folder())
    deep: bool = False
    mounts: tuple[Mount, ...] = field(default_factory=mounted)
    room: Callable[[str], Room | None] = room_at
    core_limit: int = field(default_factory=lambda: _core_limit())
    container_since: float | None = field(default_factory=container_since)
    scripts: str = field(default_factory=lambda: sysconfig.get_path("scripts"))
    no_store: TokenKitError | None = None

    @property
    def folders(self) -> Folders:
        """The folders of the app."""
        return self.kit.folders

    @cached_property
    def now(self) -> float:
        """Unix time in seconds, UTC: one moment for all checks."""
        return self.kit.context.now()

    @property
    def files(self) -> FileStore | None:
        """The store, if it is one of files."""
        store = self.kit.records.store
        return store if isinstance(store, FileStore) else None

    @property
    def is_shared(self) -> bool:
        """Whether other machines use the store, too."""
        return bool(getattr(self.kit.records.store, "shared", False))

    @cached_property
    def _asked(self) -> "tuple[Facts | None, StoreError | None]":
        if not self.is_shared:
            return None, None
        from tokenkit.store.postgres.facts import facts
        from tokenkit.store.postgres.store import PostgresStore

        try:
            store = self.kit.records.store
            if not isinstance(store, PostgresStore):
                return None, None
            found = facts(store.address)
            if found.fit:
                store.reach()  # it connects, and compares what this machine remembers
            return found, None
        except StoreError as error:
            return None, error

    @property
    def shared(self) -> "Facts | None":
        """How the server of a shared store stands; None for another store, and where it cannot be asked."""
        return self._asked[0]

    @property
    def shared_error(self) -> StoreError | None:
        """Why the server of a shared store cannot be asked."""
        return self._asked[1]

    @cached_property
    def walked(self) -> Walked | None:
        """What a walk over the grants of all owners has found; None but for a shared store that can be used."""
        if self.shared is None or not self.shared.fit:
            return None
        return walk(self.kit.records, self.keys, self.kit.app)

    @cached_property
    def tree(self) -> Tree:
        """The files and folders of tokenkit."""
        return Tree(self.folders)

    def nodes(self, *roles: Role) -> Iterator[Node]:
        """Yield the files and folders of these roles, or all."""
        return (node for node in self.tree.nodes if not roles or node.role in roles)

    @cached_property
    def keys(self) -> Keys:
        """The keys that open the records, as far as they can be had without asking anybody."""
        usable = self.shared is not None and self.shared.fit
        return self._keys()._replace(store_id=self.kit.records.ring.store_id() if usable else "")

    def _keys(self) -> Keys:
        try:
            return Keys(self.kit.records.ring.source.load())
        except KeyUnavailable as error:
            return Keys(None, str(error), locked=self._locked_up(), hint=error.hint)
        except FileRefused as error:
            told = not is_plain(key_file.path_in(self.folders.data), private=True)  # by the checks of files
            return Keys(None, str(error), locked=told, hint=error.hint)
        except StoreError as error:
            return Keys(None, str(error), hint=error.hint)

    @cached_property
    def records(self) -> list[FoundRecord]:
        """The records of all accounts, opened where that is possible."""
        if self.is_shared and (self.shared is None or not self.shared.fit):
            return []  # a check of its own says why
        return load_records([*self._grants()], self.kit.records, self.keys, self.kit.app, self.now)

    @property
    def grants(self) -> Iterator[tuple[FoundRecord, Grant]]:
        """The records that opened, with what is in them."""
        return ((record, record.grant) for record in self.records if record.grant is not None)

    @cached_property
    def log(self) -> list[chained_log.Line]:
        """The lines of the activity log."""
        try:
            return list(chained_log.lines(activity_folder(self.folders)))
        except StoreError as error:
            self.tree.unreadable[activity_folder(self.folders)] = str(error)
            return []

    @property
    def events(self) -> Iterator[tuple[str, str, str]]:
        """Owners, accounts and what happened to them, as the sound lines of the activity log say."""
        return events(self.log)

    @cached_property
    def uses(self) -> Mapping[tuple[str, str], list[Use]]:
        """The uses in the activity log, by owner and account, the oldest first; a line that is odd is none."""
        return uses(self.log)

    @cached_property
    def entry_points(self) -> Mapping[str, EntryPoints]:
        """What installed packages register with us, by group; none of their code is loaded by that."""
        installed = entry_points()  # one look at all packages: each takes as long as opening thirty records
        return {group: installed.select(group=group) for group in (PROVIDERS, CHECKS_GROUP)}

    @cached_property
    def packages(self) -> list[Package]:
        """The installed packages that register something."""
        found: dict[Distribution, list[str]] = {}
        for point in (*self.entry_points[PROVIDERS], *self.entry_points[CHECKS_GROUP]):
            if point.dist is not None:
                found.setdefault(point.dist, []).append(point.name)
        return [Package(_name(distribution), distribution, adds) for distribution, adds in found.items()]

    def provider(self, name: str) -> Provider | TokenKitError:
        """Return the provider of that name, or why it cannot be loaded. Only those of stored accounts are loaded."""
        if name not in self._providers:
            try:
                self._providers[name] = self.kit.provider(name)
            except TokenKitError as error:
                self._providers[name] = error
        return self._providers[name]

    def provider_of(self, record: FoundRecord) -> Provider | TokenKitError:
        """Return the provider as the account uses it, at its own server, or why it cannot be had."""
        provider = self.provider(record.account.provider)
        if isinstance(provider, TokenKitError) or record.grant is None:
            return provider
        try:
            return of(provider, record.grant)
        except TokenKitError as error:
            return error

    def client_id(self, record: FoundRecord) -> str | None:
        """Return the client id configured for the account's server.

        It is empty where there is none, and None where that is not known.
        """
        provider = self.provider_of(record)
        if isinstance(provider, TokenKitError):
            return None
        name = client_name(provider)
        if name not in self._client_ids:
            try:
                known = self.kit.known_client(provider)
                self._client_ids[name] = "" if known is None else known.client_id
            except TokenKitError:
                self._client_ids[name] = None
        return self._client_ids[name]

    @property
    def config(self) -> Config:
        """What ``config.toml`` says; nothing, where it cannot be used."""
        return self.kit.config if self.config_error is None else Config()

    @cached_property
    def config_error(self) -> ConfigurationError | None:
        """Why ``config.toml`` cannot be used; None where it can."""
        try:
            self.kit.config  # noqa: B018 - reading it tells
        except ConfigurationError as error:
            return error
        return None

    def command(self, arguments: str, owner: str = "") -> str:
        """Return a command line of ours, for this app and the account's owner."""
        return f"{our_program(self.kit.app, owner)} {arguments}"

    def open(self, name: Name, data: bytes) -> FoundRecord:
        """Open the record of a grant; never raises."""
        return open_record(name, data, self.keys, self.kit.app)

    def _grants(self) -> Iterator[tuple[Name, str]]:
        """Yield the names of all grants, and where each lies: of all owners in files, of the kit's own elsewhere."""
        if self.files is None:
            yield from ((name, "the store") for name in self.kit.records.store.names("grant", self.kit.owner))
            return
        for node in self.nodes(Role.RECORD):
            if node.name is not None and node.name.kind == "grant":
                yield node.name, node.path

    def _locked_up(self) -> bool:
        """Tell whether the key file says that the keys are elsewhere, or wrapped."""
        try:
            document = key_file.document(self.folders.data) or {}
        except StoreError:
            return False
        return str(document.get("source", key_file.FILE)) != key_file.FILE

    @cached_property
    def _providers(self) -> dict[str, Provider | TokenKitError]:
        return {}

    @cached_property
    def _client_ids(self) -> dict[str, str | None]:
        return {}


def _name(distribution: Distribution) -> str:
    """Return the name of a package, out of the first lines of its metadata: those are long, and slow to parse whole."""
    head = (distribution.read_text("METADATA") or "").partition("\n\n")[0]
    named = [line.removeprefix("Name:").strip() for line in head.split("\n") if line.startswith("Name:")]
    return named[0] if named else distribution.name


def _working_folder() -> str:
    """Return the working folder, or the home where somebody has deleted it."""
    try:
        return os.getcwd()
    except OSError:
        return os.path.expanduser("~")


def _core_limit() -> int:
    """Return the bytes of a core dump that this process may leave; -1 for any number."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrlimit(resource.RLIMIT_CORE)[0]
