"""A home in which tokenkit is well kept, for tests to spoil, and how it is looked at."""

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

from tokenkit.account import Account
from tokenkit.activity import Activity
from tokenkit.audit import Inventory, Report, audit
from tokenkit.audit.mounts import Mount
from tokenkit.config import save_client
from tokenkit.grant import Grant
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import grant_name
from tokenkit.kit import TokenKit
from tokenkit.paths import folders
from tokenkit.provider import ClientRegistration, Context
from tokenkit.testing.clock import Clock
from tokenkit.token import AccessToken, Secret

from tokenkit_providers import google, openai, pocket, spotify

DAY = 86400.0
CLIENT = ClientRegistration("client-1", Secret("client-secret-1"))
GOOGLE = Account("google", "me@example.com")
SPOTIFY = Account("spotify", "me@example.com")
PROVIDERS = {each.provider().name: each.provider() for each in (google, openai, pocket, spotify)}
ALICE = Account("google", "alice@example.com", "alice")


class House:
    """A clean home with three accounts, one of them another owner's; `now` is one moment for all of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = Clock(float(int(time.time())))
        self.environ = dict(os.environ)
        self.mounts = [Mount("/", "ext4")]
        self.room = lambda path: None
        self.core_limit = 0
        self.container_since = None
        self.scripts = os.path.dirname(sys.executable)
        self.cwd = home / "work"
        self.answers: list[object] = []
        self.cwd.mkdir()
        os.chmod(home, 0o700)
        self.write(".config/tokenkit/config.toml", '[defaults]\ngoogle = "me@example.com"\n', 0o644)
        for provider in ("google", "spotify"):
            save_client(self.folders.config, provider, CLIENT)
        for account in (GOOGLE, SPOTIFY, ALICE):
            self.sign_in(account)
        self.kit().records.quarantine(GOOGLE, self.now)
        Activity(self.folders, now=self.clock.now).used(GOOGLE)

    @property
    def now(self) -> float:
        return self.clock.now()

    @property
    def folders(self):
        return folders("tokenkit", self.environ)

    @property
    def tokens(self) -> Path:
        return Path(self.folders.tokens)

    @property
    def keys(self) -> Path:
        return Path(self.folders.data, "keys.json")

    def kit(self, owner: str = "", **options) -> TokenKit:
        context = Context(send=self._send, now=self.clock.now, random=os.urandom, sleep=self.clock.sleep)
        return TokenKit(owner=owner, environ=self.environ, context=context, background=False, **options)

    def record(self, account: Account) -> Path:
        store = self.kit().records.store
        return Path(store.path(grant_name(account)))

    def grant(self, account: Account, **changes) -> Grant:
        """A grant of `account` in which nothing is wrong."""
        provider = PROVIDERS[account.provider]
        scopes = frozenset(provider.scopes[name].value for name in provider.default_scopes)
        usual = Grant(
            provider=account.provider,
            access_tokens={"": AccessToken("access-1", expires_at=self.now + 3600, obtained_at=self.now)},
            refresh_token=Secret(f"refresh-{account}"),
            scopes=scopes,
            asked=scopes,
            issuer=provider.issuer,
            token_endpoint=provider.token_endpoint,
            revocation_endpoint=provider.revocation_endpoint,
            client_id=CLIENT.client_id,
            subject="subject-1",
            authorized_at=self.now - DAY,
            refresh_expires_at=self.now + 150 * DAY if account.provider == "spotify" else None,
            generation=3,
        )
        return usual.renewed(**changes)

    def sign_in(self, account: Account, *, note: RefreshState | None = None, **changes) -> None:
        """Store a grant, with some members changed, and the note of its lease."""
        kit = self.kit(account.owner)
        name = grant_name(account)
        kit.records.save(account, self.grant(account, **changes), replaces=kit.records.store.version(name))
        with kit.records.store.lease(name, lasts=1, wait=1) as lease:
            lease.write_note((note or RefreshState(newest=3)).to_bytes())

    def write(self, path: str, text: str = "", mode: int = 0o600) -> Path:
        """Write a file below home, and the folders above it, private."""
        file = self.home / path
        for folder in [*reversed(file.relative_to(self.home).parents)][1:]:
            (self.home / folder).mkdir(mode=0o700, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def move_tokens(self, to: str) -> None:
        """Put the tokens elsewhere below home."""
        before = self.tokens
        self.environ["TOKENKIT_HOME"] = str(self.home / to)
        self.tokens.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(before, self.tokens)

    def old(self, path: Path, days: float = 1.0) -> Path:
        """Make a file look as if it had been written so many days ago."""
        at = self.now - days * DAY
        os.utime(path, (at, at), follow_symlinks=False)
        return path

    def inventory(self, *, deep: bool = False, **options) -> Inventory:
        return Inventory(
            self.kit(**options),
            home=str(self.home),
            cwd=str(self.cwd),
            deep=deep,
            mounts=tuple(self.mounts),
            room=self.room,
            core_limit=self.core_limit,
            container_since=self.container_since,
            scripts=self.scripts,
        )

    def audit(self, *more, **options) -> Report:
        return audit(self.inventory(**options), more)

    def found(self, **options) -> set[str]:
        """The ids of what is found."""
        return {finding.check.id for finding in self.audit(**options).findings}

    def snapshot(self) -> dict[str, tuple]:
        """Everything below home: kind, mode, owner, links, times, content."""
        return {path: _look(path) for base, inner, files in os.walk(self.home) for path in _paths(base, inner, files)}

    def _send(self, request):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request)


def _paths(base, inner, files):
    return [base, *(os.path.join(base, name) for name in (*inner, *files))]


def _look(path):
    status = os.lstat(path)
    content = ""
    if os.path.islink(path):
        content = os.readlink(path)
    elif os.path.isfile(path) and os.access(path, os.R_OK):
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return status.st_mode, status.st_uid, status.st_nlink, status.st_mtime_ns, status.st_ctime_ns, content
