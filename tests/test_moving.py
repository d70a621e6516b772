"""Grants that go from one store into another: a kill at any step loses nothing, and never do both serve one."""

import os
import signal
from contextlib import contextmanager

import pytest
from tokenkit import Account
from tokenkit.errors import FileRefused, GrantMoved, KeyUnavailable, TokenKitError, UnknownAccount
from tokenkit.grants.beside import unsaved_name
from tokenkit.grants.hopeless import IMPORT_CUT_OFF
from tokenkit.grants.quarantine import set_aside
from tokenkit.grants.sealed_store import grant_name
from tokenkit.importing.taking import extra_of
from tokenkit.moving.store import move_all
from tokenkit.store.files import FileStore

from workers import CountingProvider, add, kit_of, stored_grant


class Place:
    """A store of files and the kit of the programs that use it."""

    def __init__(self, tmp_path, name, provider, clock=None):
        self.store = FileStore(str(tmp_path / name), str(tmp_path / f"{name}-state"))
        self.kit = kit_of(tmp_path, provider=provider, store=self.store, clock=clock)

    def served(self, account):
        """What a program gets here now: a token, or why not. It asks anew, and remembers nothing."""
        try:
            return self.kit.for_owner(account.owner).token(str(account)).value
        except TokenKitError as error:
            return type(error)
        finally:
            self.kit.for_owner(account.owner)._cache.forget()


@pytest.fixture
def places(tmp_path):
    provider = CountingProvider()
    old = Place(tmp_path, "old", provider)
    new = Place(tmp_path, "new", provider, clock=old.kit.clock)
    yield old, new
    old.kit.close()
    new.kit.close()


def move(old, new, *, source=None, target=None):
    records = new.kit.records
    return list(
        move_all(
            records.of_store(source or old.store),
            records.of_store(target or new.store),
            new.kit.context.now(),
        )
    )


def outcomes(moved):
    return {str(each.account): each.outcome for each in moved}


def test_each_account_of_each_owner_is_served_from_the_new_place_only(places):
    old, new = places
    accounts = [add(old.kit, "me"), add(old.kit, "me", owner="alice"), add(old.kit, "you", owner="bob")]
    assert {each.outcome for each in move(old, new)} == {"moved"}
    for account in accounts:
        assert new.served(account) == f"access of {account.owner}/{account.name}"
        assert old.served(account) is GrantMoved
        assert stored_grant(new.kit, account).refresh_token.reveal() == f"refresh of {account.owner}/{account.name}"
    assert {each.outcome for each in move(old, new)} == {"moved before"}
    assert not old.kit.scripted.asked


def test_nothing_that_could_be_used_or_revoked_stays_behind(places):
    """R19: a sign-out of the old place would end the session of the new one."""
    old, new = places
    account = add(old.kit, "me", extra={"id_token": "secret"}, unknown={"later": "secret"})
    move(old, new)
    left = stored_grant(old.kit, account)
    assert (left.state, left.refresh_token, left.access_tokens, left.extra, left.unknown) == ("moved", None, {}, {}, {})
    assert stored_grant(new.kit, account).extra == {"id_token": "secret"}
    assert stored_grant(new.kit, account).unknown == {"later": "secret"}
    old.kit.logout("scripted/me")
    assert old.kit.scripted.revoked == []


def test_that_a_file_was_imported_stays_known_where_the_account_was(places):
    """R9: its refresh token is spent. Imported here once more, it would be sent again, and could end the session."""
    old, new = places
    account = add(old.kit, "me", extra={**extra_of("digest"), "id_token": "secret"})
    move(old, new)
    assert stored_grant(old.kit, account).extra == extra_of("digest")
    assert stored_grant(new.kit, account).extra == {**extra_of("digest"), "id_token": "secret"}


def test_a_grant_whose_import_was_cut_off_does_not_move(places):
    """R8: it serves nothing before the import has given it its name, and a sign-in would leave it behind."""
    old, new = places
    add(old.kit, "importing", state="moved", reason=IMPORT_CUT_OFF)
    (left,) = move(old, new)
    assert (left.outcome, left.reason) == ("left", "its import was cut off before it had its name")
    assert "tokenkit import FILE" in left.hint


def test_what_a_person_must_sign_in_to_again_stays_so(places):
    """R13: a latched grant is not tried again because it has moved."""
    old, new = places
    account = add(old.kit, "me", state="needs_consent", reason="revoked")
    move(old, new)
    moved = stored_grant(new.kit, account)
    assert (moved.state, moved.reason) == ("needs_consent", "revoked")


def test_what_waited_beside_its_record_and_what_was_superseded_go_along(places):
    """R9, R19: the newest grant is the one that moves, and a sign-out revokes the superseded ones, too."""
    old, new = places
    account = add(old.kit, "me")
    old.kit.records.quarantine(account, old.kit.clock.now())
    old.kit.records.quarantine(Account("scripted", "unreadable"), old.kit.clock.now())
    from tokenkit.grants import beside

    newest = stored_grant(old.kit, account).renewed(generation=9, scopes=frozenset({"newest"}))
    beside.save(old.kit.records, account, newest)
    move(old, new)
    assert stored_grant(new.kit, account).scopes == {"newest"}
    assert old.store.load(unsaved_name(account)) is None
    assert list(set_aside(old.kit.records, account)) == []
    (superseded,) = set_aside(new.kit.records, account)
    assert superseded.grant.refresh_token.reveal() == "refresh of /me"


def test_a_restored_backup_of_the_old_place_refreshes_nothing(places):
    """R10: what was the newest here is noted apart from the records."""
    old, new = places
    account = add(old.kit, "me")
    name = grant_name(account)
    before = old.store.load(name).data
    move(old, new)
    old.store.save(name, before, replaces=old.store.version(name))
    old.kit.clock.advance(4000)
    with pytest.raises(TokenKitError, match="older than one already used"):
        old.kit.token(str(account))
    assert not old.kit.scripted.asked


def test_a_moved_grant_is_newer_than_what_the_new_place_has_known(places):
    """R10: an account that was signed out there, and in again here, is no old copy."""
    old, new = places
    account = add(new.kit, "me", generation=50)
    new.kit.clock.advance(4000)
    new.kit.refresh(str(account))
    new.kit.logout(str(account), local=True)
    add(old.kit, "me")
    assert outcomes(move(old, new)) == {"scripted/me": "moved"}
    new.kit.clock.advance(4000)
    assert new.kit.token(str(account)).good(new.kit.clock.now())


def test_a_restored_backup_does_not_move(places):
    """R10: its refresh token is spent, and to try it can end the session."""
    old, new = places
    account = add(old.kit, "me")
    name = grant_name(account)
    before = old.store.load(name).data
    old.kit.clock.advance(4000)
    old.kit.refresh(str(account))
    old.store.save(name, before, replaces=old.store.version(name))
    (left,) = move(old, new)
    assert (left.outcome, "older than one already used" in left.reason) == ("left", True)
    assert new.served(account) is UnknownAccount


def test_an_account_that_another_process_holds_is_left_as_it_is(places, monkeypatch):
    """R5: a refresh on its way would save into a record that has moved."""
    monkeypatch.setattr("tokenkit.moving.account.WAIT", 0.05)
    old, new = places
    account = add(old.kit, "me")
    other = add(old.kit, "you")
    for name in (grant_name(account), unsaved_name(account)):
        with old.store.lease(name, lasts=60, wait=0):
            moved = move(old, new)
        assert outcomes(moved)[str(account)] == "failed"
        assert old.served(account) == "access of /me"
        assert new.served(account) is UnknownAccount
    assert new.served(other) == "access of /you"
    assert outcomes(move(old, new))[str(account)] == "moved"


def test_two_sign_ins_of_one_account_are_not_made_one(places):
    old, new = places
    account = add(old.kit, "me")
    add(new.kit, "me", authorized_at=5.0)
    (left,) = move(old, new)
    assert (left.outcome, left.reason) == ("left", "the other store has another sign-in of it")
    assert left.hint.endswith(" --local"), "to revoke one would end both at some providers"
    assert old.served(account) == new.served(account) == "access of /me"


def test_a_copy_that_both_places_serve_is_reported_and_left(places):
    old, new = places
    add(old.kit, "me")
    add(new.kit, "me", generation=0)
    assert outcomes(move(old, new)) == {"scripted/me": "left"}


def test_what_has_moved_elsewhere_before_is_left(places, tmp_path):
    old, new = places
    add(old.kit, "me", state="moved")
    (left,) = move(old, new)
    assert left.outcome == "left"
    assert left.hint == "tokenkit login scripted/me"


def test_a_move_that_stopped_half_way_is_finished_into_that_store_and_no_other(places, tmp_path):
    """An older copy, or an empty one, of a third store must not take its place: that loses the newest tokens."""
    old, new = places
    account = add(old.kit, "me")
    assert outcomes(move(old, new)) == {"scripted/me": "moved"}
    third = Place(tmp_path, "third", old.kit.scripted, clock=old.kit.clock)
    assert not killed_at(3, True, new, third), "the copy is made, and the record is marked"
    assert stored_grant(new.kit, account).state == stored_grant(third.kit, account).state == "moved"
    assert outcomes(move(new, old)) == {"scripted/me": "left"}
    assert outcomes(move(new, third)) == {"scripted/me": "moved"}
    assert third.served(account) == "access of /me"
    assert outcomes(move(third, old)) == {"scripted/me": "moved"}, "and back to where it came from"
    assert old.served(account) == "access of /me"
    third.kit.close()


def test_a_record_that_cannot_be_opened_stays_and_hinders_no_other(places, tmp_path):
    """R30: never overwritten, never deleted."""
    old, new = places
    add(old.kit, "me")
    other = add(old.kit, "you")
    path = tmp_path / "old" / "scripted" / "me.jwe"
    path.write_bytes(b"damaged")
    moved = move(old, new)
    assert outcomes(moved) == {"scripted/me": "failed", "scripted/you": "moved"}
    assert path.read_bytes() == b"damaged"
    assert new.served(other) == "access of /you"


def in_place_of(path, odd):
    """Put something odd where a folder or a file was."""
    path.rename(path.with_name("aside"))
    path.symlink_to(path.with_name("aside")) if odd == "a symlink" else path.write_text("")


@pytest.mark.parametrize("place", ["", "scripted"])
def test_a_folder_that_cannot_be_listed_hinders_no_other_and_is_told_in_the_end(places, tmp_path, place):
    """R30: what it held is not absent."""
    old, new = places
    add(old.kit, "me", owner="alice")
    other = add(old.kit, "you", owner="bob")
    in_place_of(tmp_path / "old" / "@alice" / place, "a file")
    with pytest.raises(FileRefused, match=r"@alice.* is not a folder"):
        move(old, new)
    assert new.served(other) == "access of bob/you"


def test_what_cannot_be_read_in_quarantine_hinders_no_account(places, tmp_path):
    old, new = places
    account, other = add(old.kit, "me", owner="alice"), add(old.kit, "you", owner="bob")
    old.kit.for_owner("alice").records.quarantine(account, old.kit.clock.now())
    (superseded,) = (tmp_path / "old" / "@alice" / ".quarantine").iterdir()
    in_place_of(superseded, "a symlink")
    assert {each.outcome for each in move(old, new)} == {"moved"}
    assert (new.served(account), new.served(other)) == ("access of alice/me", "access of bob/you")


def test_an_owner_whose_name_the_new_place_refuses_stays_and_hinders_no_other(places):
    """R37: two forms in Unicode of one name would be taken for one person, in the next run, too."""
    old, new = places
    add(new.kit, "me", owner="rene\u0301")
    account, other = add(old.kit, "me", owner="ren\u00e9"), add(old.kit, "you", owner="zoe")
    old.kit.for_owner(account.owner).records.quarantine(account, old.kit.clock.now())
    for then in ("moved", "moved before"):
        failed, moved = move(old, new)
        assert (failed.outcome, "another form in Unicode" in failed.reason, moved.outcome) == ("failed", True, then)
    assert (old.served(account), new.served(other)) == ("access of ren\u00e9/me", "access of zoe/you")


def test_a_missing_key_ends_it_at_once(places, monkeypatch):
    old, new = places
    add(old.kit, "me")

    def missing(*_):
        raise KeyUnavailable("no key")

    monkeypatch.setattr("tokenkit.keys.ring.KeyRing.open_record", missing)
    with pytest.raises(KeyUnavailable):
        move(old, new)


class Counted:
    """The steps of one move over both stores, and the one before or after which the process is killed."""

    def __init__(self, fatal, *, after):
        self.done = 0
        self.fatal = fatal
        self.after = after

    def step(self, work):
        self.done += 1
        if self.done == self.fatal and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = work()
        if self.done == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


class Mortal:
    """A store in whose writes the process may be killed."""

    def __init__(self, store, counted):
        self._store = store
        self._counted = counted

    def __getattr__(self, name):
        return getattr(self._store, name)

    def save(self, name, data, *, replaces, due=None):
        return self._counted.step(lambda: self._store.save(name, data, replaces=replaces, due=due))

    @contextmanager
    def lease(self, name, **options):
        with self._store.lease(name, **options) as lease:
            yield MortalLease(lease, self._counted)


class MortalLease:
    def __init__(self, lease, counted):
        self._lease = lease
        self._counted = counted

    def __getattr__(self, name):
        return getattr(self._lease, name)

    def write_note(self, note, *, acts=False):
        self._counted.step(lambda: self._lease.write_note(note, acts=acts))


def killed_at(step, after, old, new):
    """Move in a child that is killed at that step; tell whether it lived on."""
    child = os.fork()
    if child == 0:
        counted = Counted(step, after=after)
        move(old, new, source=Mortal(old.store, counted), target=Mortal(new.store, counted))
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("grant", [{}, {"state": "needs_consent", "reason": "revoked"}], ids=["active", "ended"])
def test_a_kill_at_any_step_loses_nothing_and_never_do_both_serve(tmp_path, after, grant):
    """R7, R10: and to run it again finishes what was begun."""
    step = 0
    while True:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        provider = CountingProvider()
        old = Place(folder, "old", provider)
        new = Place(folder, "new", provider, clock=old.kit.clock)
        account = add(old.kit, "me", **grant)
        old.kit.records.quarantine(account, old.kit.clock.now())
        lived = killed_at(step, after, old, new)
        assert {old.served(account), new.served(account)} >= {"access of /me"} or not lived
        assert not old.served(account) == new.served(account) == "access of /me"
        assert set(outcomes(move(old, new)).values()) <= {"moved", "moved before"}
        assert (old.served(account), new.served(account)) == (GrantMoved, "access of /me")
        moved = stored_grant(new.kit, account)
        assert moved.refresh_token.reveal() == "refresh of /me"
        assert (moved.state, moved.reason) == (grant.get("state", "active"), grant.get("reason", ""))
        assert len(list(set_aside(new.kit.records, account))) == 1
        if lived:
            break
    assert step > 8, "each write is a step"
