"""A grant that cannot be written is told, kept, written at the next chance, and ended by a sign-out (R9)."""

import errno
import os
import shutil
import signal
import sys
import threading

import pytest
from tokenkit import signals
from tokenkit.errors import ConsentRequired, GrantSuperseded, StoreUnavailable, UnknownAccount
from tokenkit.grants import at_exit
from tokenkit.grants.machine import Turns
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.unsaved import Unsaved
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryLease

from patience import PATIENCE, wait_until
from scripted import ScriptedKit, expire, stored
from stores import FullStore


@pytest.fixture
def full(tmp_path):
    kit = ScriptedKit(tmp_path, store=FullStore())
    kit.me = kit.sign_in()
    expire(kit)
    return kit


def test_a_full_disk_is_found_before_the_server_rotates(full):
    """R9: space is reserved before the request is sent."""
    full.records.store.full_for_reserve = True
    with pytest.raises(StoreUnavailable, match="No space left"):
        full.token("scripted")
    assert full.scripted.refreshes == 0
    full.records.store.full_for_reserve = False
    assert full.token("scripted")


def test_a_grant_that_cannot_be_written_is_told_kept_and_written_at_the_next_call(full):
    """R9: from the answer on, the grant is kept."""
    full.records.store.full_for_save = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="No space left"):
            full.token("scripted")
    assert full.scripted.refreshes == 1
    full.records.store.full_for_save = False
    token = full.token("scripted")
    assert full.scripted.refreshes == 1
    assert stored(full).access_token.value == token.value


def test_the_caller_is_told_that_nothing_could_be_saved_though_the_old_token_is_alive(tmp_path):
    """R9: served with the old token, nobody would free the disk before this process ends, and with it the session."""
    full = ScriptedKit(tmp_path, store=FullStore())
    full.sign_in()
    full.clock.advance(1800)
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable, match="No space left"):
        full.token("scripted", min_ttl=3000)
    assert full.scripted.refreshes == 1
    full.records.store.full_for_save = False
    assert full.token("scripted", min_ttl=3000)
    assert full.scripted.refreshes == 1


def test_what_waits_is_held_on_to_ahead_of_each_try(full, monkeypatch):
    """R8: in a database it would end by time, and a try of all can take longer than that."""
    told = []
    full.records.store.full_for_save = True
    monkeypatch.setattr(MemoryLease, "prolong", lambda self: told.append("held on"))
    monkeypatch.setattr(Unsaved, "_go_on", lambda self: None)
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    write = Unsaved.write
    monkeypatch.setattr(Unsaved, "write", lambda self, account: told.append("tried") or write(self, account))
    told.clear()
    full.refresher.unsaved.try_all()
    full.records.store.full_for_save = False
    full.refresher.unsaved.try_all()
    assert told == ["held on", "tried"] * 2


def test_what_waits_is_printed_though_a_try_to_save_it_never_ends(full, monkeypatch, capsys):
    """R9: a database that stalls answers no try in time, and who ends the process kills it before all are through."""
    full.records.store.full_for_save = True
    monkeypatch.setattr(Unsaved, "_go_on", lambda self: None)
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    answer = threading.Event()
    monkeypatch.setattr(full.records.store, "save", lambda *_, **__: answer.wait() and None)
    monkeypatch.setattr(at_exit, "AT_EXIT", 0.05)
    at_exit.save_or_print(0.0, [full.refresher.unsaved])
    assert "--restore" in capsys.readouterr().err
    answer.set()
    wait_until(lambda: not full.refresher.unsaved.accounts)


def test_a_sign_out_ends_what_could_not_be_written_yet(full):
    """R9, R19: what lies on the disk was used up by the refresh."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    full.logout("scripted/me@example.com")
    assert full.scripted.revoked == [full.scripted._current.reveal()]
    assert full.accounts() == []


def test_a_sign_out_on_a_full_disk_revokes_what_could_not_be_written_and_forgets_it(full):
    """R9, R19: a file can be deleted where none can be written."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    assert full.logout("scripted/me@example.com").revoked
    assert full.scripted.revoked == [full.scripted._current.reveal()]
    assert full.me not in full.refresher.unsaved
    assert full.accounts() == []


def test_a_sign_out_after_a_new_login_revokes_that_and_not_what_was_to_take_the_place_of_the_former(full, tmp_path):
    """R8, R18: a grant that waits to be written is the newest only of the record that it came from."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    ScriptedKit(tmp_path, provider=full.scripted, clock=full.clock, store=full.records.store).sign_in()
    full.records.store.full_for_save = True
    full.logout("scripted/me@example.com")
    superseded = "refresh-2"  # it lies in quarantine, and ends with the account (R19)
    assert full.scripted.revoked == [full.scripted._current.reveal(), superseded]
    assert full.me not in full.refresher.unsaved


@pytest.mark.parametrize("remembered", [False, True])
def test_a_grant_that_is_written_late_is_the_newest_that_was_seen(tmp_path, remembered):
    """R10: a backup from before it is noticed, whether a look at the store wrote it or the next refresh."""
    full = ScriptedKit(tmp_path, store=FullStore())
    me, store = full.sign_in(), full.records.store
    backup = store.load(grant_name(me))
    if remembered:
        full.token(str(me))
    expire(full)
    store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token(str(me))
    store.full_for_save = False
    assert full.token(str(me))
    assert full.refresher.note(me)._replace(turns=Turns()) == RefreshState(newest=2)
    store.save(grant_name(me), backup.data, replaces=store.version(grant_name(me)))
    expire(full)
    with pytest.raises(GrantSuperseded):
        full.token(str(me))
    assert full.scripted.refreshes == 1


def test_a_grant_is_written_late_without_waiting_for_whoever_holds_the_lease(full):
    """R8: their refresh finds it in the place of what it began from, and notes it."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    with full.records.store.lease(grant_name(full.me), lasts=60, wait=1):
        assert full.token("scripted").value == stored(full).access_token.value


def test_a_signal_that_ends_the_process_waits_until_it_is_known_what_only_memory_has(full, monkeypatch):
    """R7, R9: what is held is printed as the process ends, and so it must be known before."""
    seen, keep = [], Unsaved.keep

    def noticed(self, *arguments):
        seen.append(bool(signals._state.under_way))
        keep(self, *arguments)

    monkeypatch.setattr(Unsaved, "keep", noticed)
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    assert (seen, bool(signals.only_here)) == ([True], True)
    full.records.store.full_for_save = False
    assert full.token("scripted")
    assert (full.refresher.unsaved.accounts, signals._state.under_way) == ([], set())


def test_what_a_kit_prints_as_it_is_closed_names_the_program_and_the_owner_and_comes_once(full, capsys, monkeypatch):
    """R9, R37: pasted, it works on the same accounts; the end of the interpreter does not say it again."""
    alice = full.for_owner("alice")
    alice.sign_in()
    expire(alice)
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        alice.token("scripted")
    at_exit.save_or_print(0.0, [full.refresher.unsaved])
    printed = capsys.readouterr().err
    assert "\ntokenkit --owner alice refresh scripted/me@example.com --restore <<'END'\n" in printed
    monkeypatch.delattr(at_exit.time, "sleep")  # nobody waits for what was printed
    full.close()
    at_exit._at_exit()
    assert (capsys.readouterr().err, at_exit.all_printed()) == ("", True)
    full.records.store.full_for_save = False
    assert alice.token("scripted")


@pytest.fixture
def mounted(tmp_path):
    """A kit whose folder of tokens can be taken away and brought back, as a disk is."""
    tokens, elsewhere = tmp_path / "tokens", tmp_path / "elsewhere"
    kit = ScriptedKit(tmp_path, store=FileStore(str(tokens), str(tmp_path / "state")))
    kit.me = kit.sign_in()
    expire(kit)

    def unmount(*, mount_point):
        tokens.rename(elsewhere)
        if mount_point:
            tokens.mkdir(mode=0o700)

    def mount():
        if tokens.exists():
            shutil.rmtree(tokens)
        elsewhere.rename(tokens)

    kit.unmount, kit.mount = unmount, mount
    return kit


@pytest.mark.parametrize("mount_point", [False, True])
def test_tokens_that_are_gone_as_a_whole_are_not_taken_for_a_sign_out(mounted, mount_point):
    """R8, R9: nothing is revoked, nothing is made in their place, and the new grant waits elsewhere."""
    mounted.scripted.will(lambda: mounted.unmount(mount_point=mount_point))
    token = mounted.token(str(mounted.me))
    assert mounted.scripted.revoked == []
    assert not os.path.exists(os.path.join(mounted.records.store.tokens, "scripted"))
    mounted.mount()
    assert mounted.refresher.stored(mounted.me).grant.access_token.value == token.value
    mounted.refresher.renew(mounted.me, RefreshJob()).result()
    assert stored(mounted).access_token.value == token.value
    assert mounted.scripted.refreshes == 1


def test_nor_are_they_where_another_account_has_made_locks_anew_on_the_mount_point(mounted):
    """R8, R9: of two accounts that are refreshed while the disk goes, neither hides from the other that it is gone."""

    def refreshed_meanwhile():
        mounted.unmount(mount_point=True)
        with mounted.records.store.lease(grant_name(mounted.me._replace(name="you")), lasts=60, wait=1):
            pass

    mounted.scripted.will(refreshed_meanwhile)
    token = mounted.token(str(mounted.me))
    assert mounted.scripted.revoked == []
    mounted.mount()
    assert mounted.refresher.stored(mounted.me).grant.access_token.value == token.value


def test_a_refusal_while_the_tokens_are_gone_is_told_and_not_latched(mounted):
    """R13: there is nothing to write the verdict into, and nothing is put in the place of what is missing."""

    def refused():
        mounted.unmount(mount_point=False)
        raise ConsentRequired("refused", reason="revoked")

    mounted.scripted.will(refused)
    with pytest.raises(StoreUnavailable, match="is gone"):
        mounted.token(str(mounted.me))
    mounted.mount()
    assert stored(mounted).state == "active"


def test_a_sign_out_while_the_tokens_are_gone_revokes_what_waits_for_them_and_says_that_nothing_was_removed(mounted):
    """R9: a grant waits in memory until it can be saved. R19: a sign-out ends it, too."""
    mounted.scripted.will(lambda: mounted.unmount(mount_point=False))
    mounted.token(str(mounted.me))
    with pytest.raises(StoreUnavailable, match="is gone"):
        mounted.logout(str(mounted.me))
    assert mounted.scripted.revoked == [mounted.scripted._current.reveal()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_a_grant_is_written_late_does_not_wait_for_ever(full):
    """R7: the thread that writes it is not in the child."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    with full.refresher.unsaved._lock.lock:
        child = os.fork()
        if child == 0:
            signal.alarm(int(PATIENCE))
            os._exit(0 if full.refresher.load(full.me).grant.generation == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_late_write_does_not_resurrect_an_account(full, tmp_path):
    """R8: a sign-out in between stands."""
    full.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable):
        full.token("scripted")
    full.records.store.full_for_save = False
    ScriptedKit(tmp_path, provider=full.scripted, clock=full.clock, store=full.records.store).logout("scripted")
    with pytest.raises(UnknownAccount):
        full.token("scripted/me@example.com")
    assert full.accounts() == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the names of files are text")
def test_a_full_disk_whose_path_is_not_text_loses_no_grant(tmp_path, monkeypatch):
    """R9: the words of the failure name the path, and go into the note."""

    def disk_full(fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kit = ScriptedKit(tmp_path, store=FileStore(f"{tmp_path}/h\udcff/tokens", str(tmp_path / "state")))
    kit.me = kit.sign_in()
    expire(kit)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", disk_full)
        with pytest.raises(StoreUnavailable, match="No space left"):
            kit.token("scripted")
    assert kit.token("scripted").value == stored(kit).access_token.value
    assert kit.scripted.refreshes == 1
