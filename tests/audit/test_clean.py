"""Nothing is invented where nothing is wrong, and nothing is changed by looking."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from faults import another, spoil
from house import ALICE, GOOGLE, SPOTIFY
from tokenkit.activity import Activity
from tokenkit.audit import Check, Inventory, Severity, audit
from tokenkit.audit.foreign import TOOLS
from tokenkit.audit.found_record import Opening
from tokenkit.grants import beside
from tokenkit.grants.owner_erasure import erase_owner
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import grant_name
from tokenkit.keys import passphrase
from tokenkit.keys.choice import key_source
from tokenkit.kit import TokenKit
from tokenkit.os_errors import move_away
from tokenkit.store import layout
from tokenkit.store.memory import MemoryStore
from tokenkit.token import AccessToken

from patience import PATIENCE


def test_nothing_is_found_in_a_home_that_is_well_kept(house):
    report = house.audit(deep=True)
    assert report.findings == ()
    assert report.not_checked == ()
    assert report.accounts == 3


def test_nothing_is_found_where_tokenkit_was_never_used(house):
    shutil.rmtree(house.home)
    house.home.mkdir(mode=0o700)
    report = house.audit(deep=True)
    assert (report.findings, report.accounts) == ((), 0)
    assert list(house.home.iterdir()) == []


def test_what_only_deep_looks_into_is_said_without_it(house):
    """Nothing found is not said of what was not looked at."""
    house.write(".bash_history", "curl -d refresh_token=1//0abcdefghijklmnopqrstuv https://example.com\n")
    report = house.audit()
    assert report.findings == ()
    assert report.not_checked == ("shell histories and .env files, into which --deep looks",)
    assert house.found(deep=True) == {"TK231"}


def test_a_grant_that_waits_beside_its_record_is_the_one_that_is_judged(house):
    """R9, R10: the record itself is older than the newest that was seen, and is no restored backup."""
    account = another(house, "waiting", note=RefreshState(newest=4))
    beside.save(house.kit().records, account, house.grant(account, generation=4, state="needs_consent", reason="ended"))
    found = {finding.check.id for finding in house.audit().findings}
    assert found == {"TK147", "TK301"}


def test_no_account_is_missed_after_a_sign_out_or_in_a_home_without_any(house):
    """A folder that is empty for a reason is not called unmounted."""
    for account in (GOOGLE, SPOTIFY):
        kit = house.kit()
        kit.records.remove(account, replaces=kit.records.get(account).version)
        log = Activity(house.folders, now=house.clock.now)
        log.record("signed_out", account)
        log.record("refresh_failed", account, error="ConsentRequired")  # it was under way, and had nothing to refresh
        log.used(account, ["under way, too"])
    kit = house.kit("alice")
    kit.activity.record("signed_in", ALICE)
    list(erase_owner(kit.refresher, kit.context))
    house.kit().activity.record("owner_deleted", owner="alice")
    assert (house.found(), house.audit().accounts) == (set(), 0)


def test_the_folder_of_homes_is_looked_at(house):
    """Who may write there can put a home of their own in the place of ours."""
    above = house.home.parent
    mode = above.stat().st_mode
    try:
        above.chmod(0o777)
        (finding,) = house.audit().findings
        assert (finding.check.id, finding.fault.where) == ("TK104", str(above))
    finally:
        above.chmod(mode)


@pytest.mark.slow
def test_a_tree_of_any_depth_is_walked(house):
    """Deeper than Python's calls may be, and than its own ``rmtree`` can remove."""
    try:
        with contextlib.chdir(house.tokens):
            for _ in range(1500):
                os.mkdir("d", 0o700)
                os.chdir("d")
        assert house.found() == {"TK109"}
    finally:
        subprocess.run(["rm", "-rf", house.tokens / "d"], check=True)


def test_looking_changes_nothing_of_a_home_that_is_well_kept(house):
    before = house.snapshot()
    house.audit(deep=True)
    assert house.snapshot() == before


def test_looking_changes_nothing_of_a_home_full_of_faults(house):
    spoil(house)
    before = house.snapshot()
    house.audit(deep=True)
    assert house.snapshot() == before


@pytest.mark.parametrize(
    "what", [".tokenkit", ".tokenkit/tokens", ".local/share/tokenkit", ".config/tokenkit", ".config/tokenkit/clients",
             ".config/tokenkit/clients/google.toml", ".config/tokenkit/config.toml"],
)  # fmt: skip
def test_nothing_is_wrong_with_what_people_keep_elsewhere_and_link_to(house, what):
    """R26: a link of ours to a whole folder of ours, or to what people configure, is followed, and looked through."""
    path, disk = house.home / what, house.home / "disk"
    path.rename(disk)
    path.symlink_to(disk)
    report = house.audit(deep=True)
    assert (report.findings, report.not_checked, report.accounts) == ((), (), 3)
    disk.chmod(0o777 if disk.is_dir() else 0o666)
    (finding,) = house.audit().findings
    assert finding.fault.where == str(disk)


def test_the_accounts_of_every_owner_are_looked_at(house):
    house.sign_in(ALICE, state="needs_consent", reason="ended")
    (finding,) = house.audit().findings
    assert (finding.fault.owner, finding.fault.account) == ("alice", str(ALICE))
    assert finding.fault.hint == "tokenkit --owner alice login google/alice@example.com"


def test_a_locked_key_is_said_and_what_can_be_seen_without_it_is_found(house, monkeypatch):
    """Nobody is asked for a passphrase, and nothing is called broken that could not be looked at."""
    source = key_source(house.folders, {"TOKENKIT_PASSPHRASE": "correct horse"})
    source.move(passphrase.SOURCE)
    monkeypatch.setattr(passphrase, "_derived", {})
    house.record(ALICE).chmod(0o644)
    report = house.audit()
    assert [finding.check.id for finding in report.findings] == ["TK103"]
    said, _ = report.not_checked
    assert said.startswith("the grants of 3 accounts, as the keys cannot be had now: ")


def test_a_folder_that_cannot_be_read_is_said(house, monkeypatch):
    listdir = os.listdir

    def refuse(path):
        if path == f"{house.tokens}/spotify":
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    (house.tokens / "spotify").chmod(0)
    report = house.audit()
    assert report.not_checked[:-1] == (f"{house.tokens}/spotify: Permission denied",)
    (finding,) = report.findings
    assert (finding.check.id, finding.fault.hint) == ("TK113", f"chmod u+rwX {house.tokens}/spotify")


@pytest.mark.parametrize("what", ["record", "keys"])
def test_a_file_that_cannot_be_read_is_an_error(house, monkeypatch, what):
    """Root can read all, and so is refused by hand."""
    path = house.record(SPOTIFY) if what == "record" else house.keys
    opened = os.open

    def refuse(name, *arguments, **more):
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied")
        return opened(name, *arguments, **more)

    path.chmod(0)
    monkeypatch.setattr(os, "open", refuse)
    report = house.audit()
    (finding,) = report.findings
    assert (finding.check.id, finding.check.severity) == ("TK113" if what == "record" else "TK133", Severity.ERROR)
    assert f"{path}: permission denied" in finding.fault.what
    assert finding.fault.hint.startswith(f"chmod u+rwX {path}" if what == "record" else "ls -ld ")
    assert report.not_checked


def test_a_value_that_is_no_key_is_mended_where_it_comes_from(house):
    house.environ["TOKENKIT_KEY"] = "x"
    (fault,) = (finding.fault for finding in house.audit().findings if finding.check.id == "TK133")
    assert fault.where == "the variable TOKENKIT_KEY"
    assert "env -u TOKENKIT_KEY tokenkit key export" in fault.hint


def test_a_key_leaves_the_environment_by_a_command_that_runs_without_it(house):
    """With it set, an import is refused: the keys come from where tokenkit cannot change them."""
    house.environ["TOKENKIT_KEY"] = house.keys.read_text()
    (finding,) = house.audit().findings
    assert finding.fault.hint.endswith("tokenkit key export | env -u TOKENKIT_KEY tokenkit key import -")


@pytest.mark.parametrize(
    ("left", "said"), [(40, "; the stored token is still handed out for 40 seconds"), (-1, "")], ids=["alive", "ended"]
)
def test_a_refused_grant_says_whether_its_token_is_handed_out_still(house, left, said):
    """R14: a token with life left is always served, and the audit says so."""
    token = AccessToken("access-1", expires_at=house.now + left, obtained_at=house.now - 3600)
    house.sign_in(SPOTIFY, state="needs_consent", reason="ended", access_tokens={"": token})
    (finding,) = house.audit().findings
    assert (finding.check.id, finding.fault.what) == ("TK301", f"ended{said}")


def test_a_check_that_fails_is_told_and_hides_no_other(house):
    """R35: what it raised may quote a secret, and is not shown."""

    def fails(inventory):
        raise RuntimeError("1//0secret")

    house.sign_in(ALICE, state="needs_consent", reason="ended")
    report = house.audit(Check("X1", Severity.NOTE, "x", "x", fails))
    assert {finding.check.id for finding in report.findings} == {"TK001", "TK301"}
    assert "1//0secret" not in str(report.findings)


def test_the_accounts_in_another_store_are_looked_at_too(house):
    memory = MemoryStore()
    memory.save(grant_name(ALICE), house.record(ALICE).read_bytes(), replaces=None)
    kit = TokenKit(owner="alice", store=memory, environ=house.environ)
    inventory = Inventory(kit, home=str(house.home), cwd=str(house.cwd), mounts=())
    assert [(record.account, record.opening) for record in inventory.records] == [(ALICE, Opening.OPENED)]
    assert "the store, which is not one of files: only the grants in it" in audit(inventory).not_checked


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["FIFO", "device"])
def test_no_file_that_is_none_is_waited_for_or_read_to_its_end(house, make):
    """Whatever a check opens in a home: the person's own words, shell files, and what other tools keep."""
    config = house.home / ".config" / "tokenkit"
    places = [
        *(config / name for name in ("config.toml", "providers/acme.toml", "clients/acme.toml")),
        *(house.home / name for name in (".bashrc", ".profile", ".bash_history", ".env", ".zsh_history")),
        *(house.home / pattern.removeprefix("~/").replace("*", "x") for tool in TOOLS for pattern in tool.patterns),
    ]
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            make(path)
    signal.alarm(int(PATIENCE))  # a check that waits is ended, and this run with it
    try:
        house.audit(deep=True)
    finally:
        signal.alarm(0)


@pytest.fixture
def note(house):
    """The file of an account's refresh state."""
    house.sign_in(ALICE, note=RefreshState(newest=1))
    store = house.kit().records.store
    return Path(store.notes, layout.relative(grant_name(ALICE)))


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.mkdir(0o700), lambda path: path.symlink_to("/dev/null")])
def test_what_lies_in_the_place_of_a_note_is_to_be_moved_and_not_the_record(house, note, make):
    """A person who did what the hint says would lose the account."""
    note.unlink()
    make(note)
    (finding,) = house.audit().findings
    assert finding.check.id in ("TK106", "TK108")
    assert finding.fault.where == str(note)
    assert finding.fault.hint == move_away(str(note))


def test_a_note_that_cannot_be_read_is_told_and_the_record_is_looked_at(house, note):
    with note.open("ab") as file:
        file.truncate(1 << 30)
    (finding,) = house.audit().findings
    assert finding.check.id == "TK113"
    assert finding.fault.hint == move_away(str(note))
    assert ALICE in {record.account for record, _ in house.inventory().grants}
