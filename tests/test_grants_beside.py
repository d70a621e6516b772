"""A refreshed grant whose record cannot be written lies beside it, and every walk sees it (R9)."""

import errno
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from tokenkit import seal
from tokenkit.account import Account
from tokenkit.errors import ConsentRequired, KeyUnavailable, StoreUnavailable, UnknownAccount, UsageError
from tokenkit.grants import beside
from tokenkit.grants.at_exit import saved_or_sealed
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.rotate import every_record, kids_in_use, records_by_kid, rotate
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.status import Active
from tokenkit.os_errors import unavailable
from tokenkit.store.files import FileStore

from patience import PATIENCE
from scripted import ScriptedKit, expire, stored
from stores import FullStore

ME = "scripted/me@example.com"


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path, store=FullStore())
    kit.me = kit.sign_in()
    expire(kit)
    return kit


@pytest.fixture
def aside(kit):
    """A kit whose refreshed grant lies beside its record, on a disk that is well again."""
    kit.records.store.full_for_records = True
    kit.fresh = kit.token(ME).value
    kit.records.store.full_for_records = False
    return kit


def another(kit, tmp_path, **options):
    """As another process, or another machine at the same store."""
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store, **options)
    other.me = kit.me
    return other


def lying(kit):
    return beside.found(kit.records, kit.me)


def test_a_grant_whose_record_cannot_be_written_is_tried_for_ten_seconds_saved_beside_and_served(kit):
    """R9: whatever the disk refuses, the caller has a token, and the next process has the grant."""
    kit.records.store.full_for_records = True
    began = kit.clock.now()
    token = kit.token(ME)
    assert 9 < kit.clock.now() - began < 12
    assert [each.grant.access_token.value for each in lying(kit)] == [token.value]
    assert stored(kit).access_token.value != token.value
    assert kit.scripted.refreshes == 1


class ReadOnlyStore(FullStore):
    """A file system that becomes read-only: what refuses a save is an error that lasts."""

    def save(self, name, data, *, replaces, due=None):
        try:
            return super().save(name, data, replaces=replaces)
        except StoreUnavailable:
            raise unavailable("/tokens", OSError(errno.EROFS, "Read-only file system")) from None


def test_what_no_waiting_helps_against_is_tried_for_a_second_at_most_and_saved_beside(tmp_path):
    """R9: a person changes that, and not the next ten seconds."""
    kit = ScriptedKit(tmp_path, store=ReadOnlyStore())
    kit.me = kit.sign_in()
    expire(kit)
    kit.records.store.full_for_records = True
    began = kit.clock.now()
    token = kit.token(ME)
    assert 0 < kit.clock.now() - began < 1
    assert [each.grant.access_token.value for each in lying(kit)] == [token.value]


def test_a_passing_trouble_is_waited_out_under_the_lease_and_nothing_lies_beside(kit, monkeypatch):
    """R9: most troubles of a disk pass."""
    store, tries = kit.records.store, []
    save = store.save

    def twice_in_vain(name, data, *, replaces, due=None):
        if name.kind == "grant" and len(tries) < 2:
            tries.append(name)
            raise OSError(5, "Input/output error")
        return save(name, data, replaces=replaces)

    monkeypatch.setattr(store, "save", twice_in_vain)
    assert kit.token(ME).value == stored(kit).access_token.value
    assert len(tries) == 2
    assert lying(kit) == []


@pytest.mark.parametrize(
    ("of_the_record", "beside_it", "tries"),
    [("EROFS", "EACCES", 1), ("EROFS", "ENOSPC", 3), ("EIO", "EROFS", 3), ("EIO", "ENOSPC", 3)],
)
def test_a_program_that_ends_goes_on_for_as_long_as_one_of_the_places_may_take_what_waits(
    kit, monkeypatch, of_the_record, beside_it, tries
):
    """R9: what lasts in all of them is not waited for; the program prints the sealed grant at once."""
    answers, tried = {"grant": of_the_record, "unsaved": beside_it}, []

    def fail(name, data, *, replaces, due=None):
        tried.append(name.kind)
        raise unavailable(f"/{name.kind}", OSError(getattr(errno, answers[name.kind]), ""))

    monkeypatch.setattr("tokenkit.grants.insistently.SAVE_PAUSES", ())
    clock = SimpleNamespace(monotonic=itertools.count(step=2).__next__, sleep=lambda seconds: None)
    monkeypatch.setattr(kit.refresher.unsaved, "_go_on", lambda: None)
    monkeypatch.setattr("tokenkit.grants.at_exit.time", clock)
    monkeypatch.setattr(kit.records.store, "save", fail)
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        kit.token(ME)
    tried.clear()
    assert [account for account, _ in saved_or_sealed(5.5)] == [kit.me]
    assert tried.count("grant") == tries
    kit.refresher.unsaved._let_go(kit.me)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError(), RecursionError(), ImportError(), OSError(5), KeyError()]
)
def test_no_exception_whatever_between_the_answer_and_the_record_loses_the_grant(kit, monkeypatch, error):
    """R9: ours or not; and none of their words are told, which may hold a token (R35)."""
    real, failing = seal.seal, [True]

    def fail(plaintext, key, **claims):
        if failing and claims["typ"] in ("grant", "unsaved"):
            raise error
        return real(plaintext, key, **claims)

    monkeypatch.setattr(seal, "seal", fail)
    with pytest.raises(StoreUnavailable, match=type(error).__name__):
        kit.token(ME)
    failing.clear()
    assert kit.token(ME).value == stored(kit).access_token.value
    assert kit.scripted.refreshes == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_is_ended_while_it_saves_saves_beside_at_once_and_ends(kit, monkeypatch, error):
    """R7, R9: nothing is tried for ten seconds then."""
    store = kit.records.store
    save, began = store.save, kit.clock.now()

    def ended(name, data, *, replaces, due=None):
        if name.kind == "grant":
            raise error
        return save(name, data, replaces=replaces)

    monkeypatch.setattr(store, "save", ended)
    with pytest.raises(error):
        kit.refresher.renew_here(kit.me, RefreshJob(), None)
    assert kit.clock.now() == began
    assert len(lying(kit)) == 1


def test_the_next_caller_of_any_process_is_served_it_and_puts_it_in_its_place(aside, tmp_path):
    """R9: nothing is sent."""
    assert another(aside, tmp_path).token(ME).value == aside.fresh
    assert stored(aside).access_token.value == aside.fresh
    assert lying(aside) == []
    assert aside.scripted.refreshes == 1


def test_while_the_record_still_cannot_be_written_it_is_served_and_then_refreshed_from(aside, tmp_path):
    """R9: three times in a row, each from the newest."""
    aside.records.store.full_for_records = True
    for refreshes in (1, 2, 3):
        other = another(aside, tmp_path)
        assert other.token(ME).value == lying(other)[0].grant.access_token.value
        assert aside.scripted.refreshes == refreshes
        expire(aside)
    aside.records.store.full_for_records = False
    assert another(aside, tmp_path).token(ME).value == stored(aside).access_token.value
    assert aside.scripted.refreshes == 4


def test_a_token_in_the_record_that_is_good_is_served_without_a_look_beside(aside, tmp_path, monkeypatch):
    """R1: what lies beside costs those nothing who need nothing."""
    token = another(aside, tmp_path).token(ME)
    fresh = another(aside, tmp_path)
    monkeypatch.setattr(beside, "found", None)  # calling it would raise
    assert fresh.token(ME).value == token.value


def test_a_status_says_what_the_next_caller_gets_and_not_that_a_backup_was_restored(aside):
    """R10, R11: the record is older than the newest one, and that one is not lost."""
    assert aside.refresher.note(aside.me).newest == stored(aside).generation + 1
    assert type(aside.status(ME).state).__name__ == "Active"


def test_a_sign_out_revokes_it_first_and_deletes_it(aside, tmp_path):
    """R9, R19: it is the grant that lives, and the record is the one that was used up."""
    outcome = another(aside, tmp_path).logout(ME)
    assert outcome.revoked
    assert aside.scripted.revoked == [aside.scripted._current.reveal()]
    assert lying(aside) == []


def test_a_sign_out_elsewhere_is_not_undone_by_it(aside, tmp_path):
    """R8: by one that did not see what lies here."""
    aside.records.remove(aside.me, replaces=aside.records.get(aside.me).version)
    with pytest.raises(UnknownAccount):
        another(aside, tmp_path).token(ME)
    assert aside.accounts() == []
    assert aside.scripted.refreshes == 1


def test_a_login_beats_it_and_puts_it_into_quarantine(aside, tmp_path):
    """R8, R18: kept, and not revoked."""
    another(aside, tmp_path).sign_in()
    assert lying(aside) == []
    fresh = stored(aside).refresh_token
    expire(aside)
    assert another(aside, tmp_path).token(ME)
    assert fresh != stored(aside).refresh_token
    assert aside.scripted.revoked == []
    assert len(list(aside.records.store.names("quarantine"))) == 2
    unsaved = aside.scripted._current.reveal()
    another(aside, tmp_path).logout(ME)
    assert len(set(aside.scripted.revoked)) == len(aside.scripted.revoked) == 3, "both former ones, and this"
    assert unsaved in aside.scripted.revoked


def test_a_login_that_did_not_see_it_is_not_written_over(aside, tmp_path):
    """R8: of another machine, say, whose note counts from one."""
    login = stored(aside).renewed(
        generation=1, authorized_at=aside.clock.now(), refresh_token=aside.scripted._rotate(), access_tokens={}
    )
    aside.records.save(aside.me, login, replaces=aside.records.get(aside.me).version)
    aside.records.store._notes.clear()
    expire(aside)
    assert another(aside, tmp_path).token(ME)
    assert aside.scripted.refreshes == 2
    assert lying(aside) == []


def test_where_a_backup_of_the_record_comes_back_it_is_taken_and_not_the_backup(tmp_path):
    """R9, R10: an older record of the same sign-in was used up on the way to it."""
    kit = ScriptedKit(tmp_path, store=FullStore())
    kit.me = kit.sign_in()
    backup = kit.records.store.load(grant_name(kit.me))
    for full in (False, True):
        expire(kit)
        kit.records.store.full_for_records = full
        token = kit.token(ME)
    kit.records.store.full_for_records = False
    kit.records.store.save(grant_name(kit.me), backup.data, replaces=kit.records.get(kit.me).version)
    assert another(kit, tmp_path).token(ME).value == token.value
    assert stored(kit).access_token.value == token.value
    assert kit.scripted.refreshes == 2


def test_one_that_is_as_old_as_the_record_is_deleted_and_not_used(aside, tmp_path):
    """R9: a kill between its being put in place and its deletion leaves one."""
    (left,) = lying(aside)
    another(aside, tmp_path).token(ME)
    aside.records.store.save(beside.unsaved_name(aside.me), left.data, replaces=None)
    expire(aside)
    another(aside, tmp_path).token(ME)
    assert lying(aside) == []
    assert stored(aside).generation == left.grant.generation + 1


def test_one_that_cannot_be_opened_is_told_and_the_grant_that_it_used_up_is_not_sent(aside, tmp_path):
    """R9, R30: the session would end by that."""
    other = another(aside, tmp_path)
    other.records.ring.source.change(lambda keys: type(keys)(keys.generation + 1, (seal.new_key(),)))
    (left,) = lying(aside)
    held = aside.records.get(aside.me)
    other.records.save(aside.me, held.grant, replaces=held.version)  # under the new key; what lies beside is not
    fresh = another(aside, tmp_path)
    with pytest.raises(KeyUnavailable):
        fresh.token(ME)
    assert aside.scripted.refreshes == 1
    assert aside.records.store.load(beside.unsaved_name(aside.me)).data == left.data


def test_a_rotation_of_the_key_seals_it_anew_and_drops_no_key_that_it_names(aside, tmp_path):
    """R29: a dropped key would end the session that lies there."""
    kinds = [name.kind for _, name in every_record(aside.records)]
    assert sorted(kinds) == ["grant", "unsaved"]
    done = rotate(aside.records)
    assert done.resealed == 2
    assert kids_in_use(aside.records) == {done.kid} == set(records_by_kid(aside.records))
    assert another(aside, tmp_path).token(ME).value == aside.fresh


def test_a_rotation_that_meets_a_refresh_saving_beside_seals_that_too(kit, tmp_path, monkeypatch):
    """R29: it was begun with the old key, and is waited for by its lease."""
    store = kit.records.store
    save, other = store.save, another(kit, tmp_path)
    rotations = ThreadPoolExecutor(1)

    def refuse_the_refresh(name, data, *, replaces, due=None):
        if name.kind == "grant" and threading.current_thread().name.startswith("tokenkit"):
            raise StoreUnavailable("refused")
        return save(name, data, replaces=replaces)

    def rotate_meanwhile():
        rotated.append(rotations.submit(rotate, other.records))
        while len(other.records.ring.keys().keys) < 2:
            time.sleep(0.001)

    rotated = []
    monkeypatch.setattr(store, "save", refuse_the_refresh)
    kit.scripted.will(rotate_meanwhile)
    token = kit.token(ME)
    done = rotated[0].result(PATIENCE)
    assert len(done.dropped) == 1
    assert kids_in_use(kit.records) == {done.kid}
    assert another(kit, tmp_path).token(ME).value == token.value


def test_a_list_of_all_accounts_shows_what_lies_beside_a_record(aside):
    assert aside.statuses() == [aside.status(ME)]
    assert aside.statuses()[0].expires_at > aside.records.get(aside.me).grant.access_token.expires_at


def test_the_log_says_that_it_was_saved_beside(aside):
    files = [path for path in Path(aside.activity.folder).glob("*") if path.is_file()]
    lines = "".join(path.read_text() for path in files).splitlines()
    assert "saved_aside" in [json.loads(line)["event"] for line in lines if line.startswith("{")]


# Nothing can be saved anywhere


@pytest.fixture
def stuck(kit):
    """A kit that holds the only copy of a refreshed grant, on a disk that takes nothing."""
    kit.records.store.full_for_save = True
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        kit.token(ME)
    return kit


@pytest.mark.slow
def test_others_are_told_who_holds_the_newest_grant_and_do_not_spend_the_one_that_it_used_up(stuck, tmp_path):
    """R8: and they wait two seconds for that, not more."""
    with pytest.raises(StoreUnavailable, match=r"the newest grant of .* is held by process \d+"):
        another(stuck, tmp_path).refresh(ME, force=True)
    assert stuck.scripted.refreshes == 1
    stuck.records.store.full_for_save = False
    assert stuck.token(ME)
    assert another(stuck, tmp_path).refresh(ME)


def test_once_nobody_holds_it_and_nothing_lies_beside_the_outcome_is_unknown(stuck, tmp_path):
    """R8: its holder has died: the old one is tried, and a refusal says why."""
    stuck.refresher.unsaved._waiting.pop(stuck.me).kept.give_back()
    stuck.records.store.full_for_save = False
    stuck.clock.advance(60)
    with pytest.raises(ConsentRequired, match="answer to an earlier refresh was lost"):
        another(stuck, tmp_path).token(ME)


def test_what_waits_in_memory_is_saved_beside_where_that_is_all_that_can_be_written(stuck, tmp_path):
    """R9: by whoever asks next in that process, or by its own thread within a second."""
    stuck.records.store.full_for_save, stuck.records.store.full_for_records = False, True
    stuck.refresher.unsaved.try_all()
    assert stuck.refresher.unsaved.accounts == []
    assert len(lying(stuck)) == 1
    stuck.records.store.full_for_records = False
    assert another(stuck, tmp_path).token(ME).value == stored(stuck).access_token.value


def test_what_waits_in_memory_is_written_though_nobody_asks(stuck):
    """R9: a holder that is idle."""
    stuck.records.store.full_for_save = False
    stuck.refresher.unsaved._thread.join(PATIENCE)
    assert stored(stuck).generation == 2
    assert stuck.refresher.unsaved.accounts == []


def test_what_a_program_could_save_nowhere_is_handed_out_sealed_and_put_back_by_another(stuck, tmp_path):
    """R9: the last way out, which no disk can refuse."""
    ((account, sealed),) = saved_or_sealed(0.0)
    assert account == stuck.me
    assert b"refresh-" not in sealed
    stuck.refresher.unsaved._waiting.pop(stuck.me).kept.give_back()
    stuck.records.store.full_for_save = False
    other = another(stuck, tmp_path)
    other.refresher.restore(stuck.me, sealed)
    assert other.token(ME).value == stored(stuck).access_token.value
    assert stuck.scripted.refreshes == 1


def test_what_is_put_back_must_be_that_accounts_and_newer_than_what_is_stored(stuck, tmp_path):
    """R8, R27: a sign-in stands, and one account is not opened as another."""
    ((_, sealed),) = saved_or_sealed(0.0)
    stuck.refresher.unsaved._waiting.pop(stuck.me).kept.give_back()
    stuck.records.store.full_for_save = False
    other = another(stuck, tmp_path)
    with pytest.raises(UsageError, match="not an unsaved grant of scripted/you"):
        other.refresher.restore(stuck.me._replace(name="you"), sealed)
    with pytest.raises(UsageError, match="and not an unsaved grant"):
        other.refresher.restore(stuck.me, stuck.records.store.load(grant_name(stuck.me)).data)
    other.sign_in()
    with pytest.raises(UsageError, match="nothing was changed"):
        other.refresher.restore(stuck.me, sealed)


# Files


def test_files_lie_beside_in_the_tokens_and_elsewhere_where_the_tokens_take_nothing(tmp_path, monkeypatch):
    """R9: where other machines see them, if that can be had."""
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    kit = ScriptedKit(tmp_path, store=store)
    kit.me = kit.sign_in()
    real = FileStore.save
    refused = {store.tokens: ("grant",)}

    def save(self, name, data, *, replaces, due=None):
        if data is not None and name.kind in refused.get(self.tokens, ()):
            raise StoreUnavailable("refused")
        return real(self, name, data, replaces=replaces)

    monkeypatch.setattr(FileStore, "save", save)
    for kinds, where in ((("grant",), store), (("grant", "unsaved"), store.elsewhere)):
        refused[store.tokens] = kinds
        expire(kit)
        kit.token(ME)
        path = where.path(beside.unsaved_name(kit.me))
        assert (tmp_path / path).is_file()
    assert path.startswith(str(tmp_path / "state" / "unsaved"))
    assert [each.store.tokens for each in lying(kit)] == [store.elsewhere.tokens, store.tokens]
    refused.clear()
    fresh = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=store)
    assert fresh.token(ME).value == kit.token(ME).value
    assert lying(kit) == []
    assert kit.scripted.refreshes == 2


def test_the_lock_of_who_holds_the_newest_grant_ends_with_its_process(tmp_path):
    """R8: however that dies."""
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    name = beside.unsaved_name(grant_account())
    program = f"""
import os
from tokenkit.store import Name
from tokenkit.store.files import FileStore
lease = FileStore({store.tokens!r}, {str(tmp_path / "state")!r}).lease(Name(*{tuple(name)!r}), lasts=60, wait=1)
lease.__enter__()
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    with store.lease(name, lasts=60, wait=0):
        pass


def grant_account():
    return Account("scripted", "me@example.com")


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """What a person does about a disk that takes nothing: a refresh is saved elsewhere, and the tokens are moved."""
    kit = ScriptedKit(tmp_path, store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")))
    kit.me = kit.sign_in()
    expire(kit)
    with monkeypatch.context() as full:
        full.setattr(os, "replace", _full_below(tmp_path / "tokens", os.replace))
        kit.fresh = kit.token(ME).value
    os.rename(tmp_path / "tokens", tmp_path / "another-disk")
    (tmp_path / "tokens").symlink_to(tmp_path / "another-disk")
    return again(kit, tmp_path)


def _full_below(folder, replace):
    def refused(source, target):
        if str(source).startswith(str(folder)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        replace(source, target)

    return refused


def again(kit, tmp_path, tokens="tokens"):
    """As another process."""
    store = FileStore(str(tmp_path / tokens), str(tmp_path / "state"))
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=store)
    other.me, other.fresh = kit.me, kit.fresh
    return other


def left_behind(kit):
    return [*kit.records.left_behind[0].names("unsaved")]


def test_what_was_saved_elsewhere_is_found_after_the_tokens_were_moved(moved):
    """R9: the grant that it came from is used up, and to send that again would end the session."""
    assert isinstance(moved.statuses()[0].state, Active)
    assert moved.token(ME).value == moved.fresh
    assert moved.scripted.refreshes == 1
    assert left_behind(moved) == []


def test_a_sign_out_revokes_and_erases_it_there_too(moved):
    """R19: whoever signs out wants nothing of it to live on."""
    newest = moved.refresher.newest(moved.me).grant.refresh_token.reveal()
    moved.logout(ME)
    assert moved.scripted.revoked == [newest]
    assert left_behind(moved) == []


def test_a_rotation_of_the_key_seals_it_there_too(moved):
    """R29: or it could not be opened once it is found."""
    rotate(moved.records)
    assert moved.token(ME).value == moved.fresh


def test_what_waits_there_for_another_sign_in_of_that_name_is_left_to_it(moved, tmp_path):
    """R18: programs may keep the same accounts in two folders, and the state of both in one."""
    other = again(moved, tmp_path, tokens="others")
    other.clock.advance(1)
    assert other.sign_in() == moved.me
    expire(other)
    assert other.token(ME).value != moved.fresh
    other.logout(ME)
    assert moved.refresher.newest(moved.me).grant.access_token.value == moved.fresh


# A process that is killed between writing a record and putting it in its place


@pytest.fixture
def killed(tmp_path):
    """What a refresh leaves that was killed after it had written the new record beside the old one, and no later."""
    kit = ScriptedKit(tmp_path, store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")))
    kit.me = kit.sign_in()
    expire(kit)
    record, refresh = Path(kit.records.store.path(grant_name(kit.me))), kit.scripted.refresh

    def refreshed(*asked):
        for folder in ("tokens", "state"):
            shutil.copytree(tmp_path / folder, tmp_path / "then" / folder)
        return refresh(*asked)

    kit.scripted.refresh = refreshed
    kit.fresh = kit.token(ME).value
    kit.scripted.refresh = refresh
    written = record.read_bytes()
    for folder in ("tokens", "state"):
        shutil.rmtree(tmp_path / folder)
        shutil.copytree(tmp_path / "then" / folder, tmp_path / folder)
    other = again(kit, tmp_path)
    other.new = record.with_name(record.name + ".new")
    other.new.write_bytes(written)
    return other


def test_what_a_killed_refresh_had_written_is_put_in_its_place(killed):
    """R9: the provider takes nothing else from now on."""
    assert killed.token(ME).value == killed.fresh
    assert not killed.new.exists()
    assert stored(killed).access_token.value == killed.fresh
    assert killed.refresh(ME, force=True)


def test_so_it_is_in_a_new_container_that_has_no_state_of_the_one_before(killed, tmp_path):
    """R9: only the tokens lie on a volume there, and no note tells of an attempt without an end."""
    shutil.rmtree(tmp_path / "state")
    assert killed.token(ME).value == killed.fresh
    assert killed.refresh(ME, force=True)


def test_so_it_is_with_the_space_that_was_reserved_for_it(killed):
    with killed.new.open("ab") as file:
        file.write(bytes(900))
    assert killed.token(ME).value == killed.fresh
    assert killed.refresh(ME, force=True)


def test_a_part_of_a_record_is_not_taken(killed):
    killed.new.write_bytes(killed.new.read_bytes()[:-9])
    with pytest.raises(ConsentRequired, match="lost on the way"):
        killed.token(ME)


def test_nothing_is_sent_while_it_cannot_be_put_in_its_place(killed, tmp_path, monkeypatch):
    """R9: what the record holds is used up, and a disk in trouble may be well again."""
    with monkeypatch.context() as full:
        full.setattr(os, "replace", _full_below(tmp_path / "tokens", os.replace))
        with pytest.raises(StoreUnavailable):
            killed.token(ME)
    assert killed.token(ME).value == killed.fresh
    assert killed.scripted.refreshes == 1


def test_a_sign_out_revokes_what_a_killed_refresh_had_written(killed):
    """R19: it is the grant that lives at the provider."""
    killed.logout(ME)
    assert killed.scripted.revoked == [killed.scripted._current.reveal()]
    assert not killed.new.exists()


def test_a_rotation_of_the_key_does_not_write_over_it(killed):
    """R29: every grant opens afterwards, and of each the newest."""
    rotate(killed.records)
    assert killed.token(ME).value == killed.fresh


def test_a_login_after_the_kill_is_not_written_over(killed):
    """R18: what was written before is of another sign-in."""
    written = killed.new.read_bytes()
    killed.clock.advance(1)
    killed.sign_in()
    killed.new.write_bytes(written)
    expire(killed)
    assert killed.token(ME).value != killed.fresh
    assert killed.scripted.refreshes == 2


def test_a_writer_that_is_alive_puts_its_own_record_in_its_place(killed, monkeypatch):
    """Who finds what it has written waits for its lock, and finds the record changed."""
    held, store = killed.records.get(killed.me), killed.records.store
    written = store.cut_off(grant_name(killed.me))
    killed.records.save(killed.me, held.grant, replaces=held.version)
    monkeypatch.setattr(store, "cut_off", lambda name: written)
    assert beside.finish_cut_off(killed.records, killed.me, held) == held
