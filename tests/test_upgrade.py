"""A home that the first version wrote opens, refreshes, audits and signs out with this one.

``homes/0.1.0-first.tar.gz`` was made on 2026-11-28 with the wheel of that day, against the sandbox at `BASE`: two
accounts at Google (one of them with a superseded grant in quarantine), one at Spotify and one at Pocket, one of another
owner, a key that was rotated once, client registrations, a sign-in that was never completed, and notes of refreshes.
"""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tokenkit import Account, TokenKit
from tokenkit.audit import audit
from tokenkit.audit.inventory import Inventory
from tokenkit.audit.mounts import Mount
from tokenkit.grants.rotate import rotate
from tokenkit.grants.status import Active, Expired
from tokenkit.provider import Context
from tokenkit.sandbox import Authority
from tokenkit.sandbox.ledger import Family, Refresh
from tokenkit.testing import Clock

HOME = Path(__file__).parent / "homes" / "0.1.0-first.tar.gz"
MADE = 1_795_848_095.0
LATER = MADE + 2 * 3600
BASE = "http://127.0.0.1:48123"
ACCOUNTS = ["google/me@example.com", "google/you@example.com", "pocket/me@example.com", "spotify/me@example.com"]


class OldHome:
    """The home of the first version, two hours after it was made, and an authority that knows its refresh tokens."""

    def __init__(self, home: Path) -> None:
        with tarfile.open(HOME) as packed:
            packed.extraction_filter = getattr(tarfile, "tar_filter", None)  # since Python 3.11.4
            packed.extractall(home)
        home.chmod(0o700)
        tokens = os.path.realpath(home / ".tokenkit" / "tokens")
        leases = home / ".local/state/tokenkit/leases"
        (made,) = leases.iterdir()  # named after where the tokens lay
        shutil.move(made, leases / hashlib.sha256(tokens.encode()).hexdigest()[:16])
        self.home = home
        self.clock = Clock(LATER)
        self.authority = Authority(clock=self.clock.now, sleep=self.clock.sleep, rotating=("google", "spotify"))
        for owner in ("", "alice"):
            for account in self.kit(owner).accounts():
                self._know(owner, account)

    def kit(self, owner: str = "") -> TokenKit:
        context = Context(self.authority.handle, self.clock.now, os.urandom, self.clock.sleep)
        return TokenKit(owner=owner, context=context, background=False)

    def _know(self, owner: str, account: Account) -> None:
        grant = self.kit(owner).records.get(account).grant
        family = Family(account.provider, grant.client_id, account.name, grant.scopes or frozenset())
        if grant.refresh_token:
            self.authority._ledger.refresh[grant.refresh_token.reveal()] = Refresh(family)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OldHome]:
    for name in [name for name in os.environ if name.startswith(("TOKENKIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return OldHome(home)


def test_it_opens(old: OldHome) -> None:
    kit = old.kit()
    assert [str(account) for account in kit.accounts()] == ACCOUNTS
    states = {name: type(kit.status(name).state) for name in ACCOUNTS}
    assert states.pop("pocket/me@example.com") is Active
    assert set(states.values()) == {Expired}
    assert [str(account) for account in old.kit("alice").accounts()] == ["google/me@example.com"]


def test_every_account_refreshes(old: OldHome) -> None:
    """R17: an upgrade signs nobody out, though a grant of then names fewer endpoints than one of today."""
    for name in ACCOUNTS:
        assert old.kit().token(name).alive(old.clock.now())
    assert old.kit("alice").token("google").alive(old.clock.now())
    rotating = [name for name in ACCOUNTS if not name.startswith("pocket")]
    old.clock.advance(2 * 3600)
    for name in rotating:  # and from what this version has written
        assert old.kit().refresh(name).alive(old.clock.now())
    assert old.authority.counters["google token refresh_token"] == 5
    assert old.authority.counters["spotify token refresh_token"] == 2


def test_its_default_account_is_still_the_default(old: OldHome) -> None:
    assert old.kit().source("google").account.name == "me@example.com"


def test_the_audit_finds_nothing_wrong_with_it(old: OldHome) -> None:
    report = audit(Inventory(old.kit(), mounts=(Mount("/", "ext4"),), core_limit=0, cwd="/"))
    assert [(finding.check.id, finding.fault.what) for finding in report.findings] == []
    for name in ACCOUNTS:
        old.kit().token(name)
    report = audit(Inventory(old.kit(), mounts=(Mount("/", "ext4"),), core_limit=0, cwd="/"))
    assert [(finding.check.id, finding.fault.what) for finding in report.findings] == []


def test_its_key_rotates(old: OldHome) -> None:
    records = old.kit().records
    rotate(records)
    assert old.kit().token("google").alive(old.clock.now())


def test_its_accounts_sign_out(old: OldHome) -> None:
    for name in ACCOUNTS:
        old.kit().logout(name)
    assert old.kit().accounts() == []
    assert old.kit("alice").accounts() != []
