"""The schedule of a store that has none: records are opened once, and when they have changed."""

import pytest
from tokenkit.errors import KeyUnavailable, StoreUnavailable
from tokenkit.seal import open as unseal
from tokenkit.store import Due
from tokenkit.store.files import FileStore
from tokenkit.worker.listed import LOOK_EVERY, ListedSchedule

from workers import add, kit_of

NEVER = float("inf")


@pytest.fixture
def kit(tmp_path):
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    with kit_of(tmp_path, store=store) as kit:
        yield kit


@pytest.fixture
def schedule(kit):
    return ListedSchedule(kit.records)


def test_each_provider_says_when_its_first_grant_falls_due(kit, schedule):
    now = kit.clock.now()
    add(kit, "late")
    add(kit, "soon", owner="alice", lifetime=600)
    add(kit, "never", state="needs_consent", reason="revoked")
    schedule.look(now)
    (at,) = schedule.first().values()
    assert now + 600 - 120 <= at <= now + 600 - 96


def test_what_is_claimed_is_due_again_unless_it_is_put_off_and_never_twice(kit, schedule):
    add(kit, "me")
    add(kit, "you")
    schedule.look(0)
    claimed = schedule.claim("scripted", before=NEVER - 1, until=2e9, limit=1, rate=1.0)
    claimed += schedule.claim("scripted", before=1.9e9, until=2e9, limit=9, rate=1.0)
    assert sorted(due.name.id for due in claimed) == ["scripted/me", "scripted/you"]
    assert schedule.first() == {"scripted": 2e9}
    schedule.put_off(claimed[0], 5.0)
    assert schedule.first() == {"scripted": 5.0}
    schedule.put_off(claimed[0], 7.0)
    assert schedule.first() == {"scripted": 5.0}, "it was put off already"
    schedule.put_off(claimed[1], NEVER)
    assert schedule.claim("scripted", before=6.0, until=9.0, limit=9, rate=1.0) == [Due(claimed[0].name, 9.0)]


def test_a_record_is_opened_once_and_again_when_it_has_changed(kit, schedule, monkeypatch):
    """Opening costs ten times as much as to see that nothing has changed."""
    for number in range(5):
        add(kit, f"me-{number}")
    opened = []
    monkeypatch.setattr("tokenkit.seal.open", lambda *a, **k: opened.append(k["account"]) or unseal(*a, **k))
    schedule.look(0)
    schedule.look(LOOK_EVERY - 1)
    schedule.look(LOOK_EVERY)
    assert len(opened) == 5
    kit.refresh("scripted/me-3")
    opened.clear()
    schedule.look(2 * LOOK_EVERY)
    assert opened == ["scripted/me-3"]


def test_a_sign_out_is_seen_and_a_clock_that_was_stepped_back_too(kit, schedule):
    add(kit, "me")
    schedule.look(1000)
    kit.logout("scripted/me", local=True)
    schedule.look(1000 + LOOK_EVERY)
    assert schedule.first() == {}
    add(kit, "me")
    schedule.look(10)
    assert list(schedule.first()) == ["scripted"]


def test_a_record_that_cannot_be_opened_hinders_no_other(kit, schedule, tmp_path):
    """R30: the audit reports it, and nothing is overwritten."""
    add(kit, "me")
    add(kit, "you")
    path = tmp_path / "tokens" / "scripted" / "me.jwe"
    path.write_bytes(b"damaged")
    schedule.look(0)
    claimed = schedule.claim("scripted", before=2e9, until=3e9, limit=9, rate=1.0)
    assert [due.name.id for due in claimed] == ["scripted/you"]
    assert path.read_bytes() == b"damaged"


def test_what_lies_in_a_folders_place_hides_no_other_account(kit, schedule, tmp_path):
    """The audit reports it; a worker keeps all others fresh."""
    for owner in ("alice", "bob", "carol"):
        add(kit, "me", owner=owner)
    folder = tmp_path / "tokens" / "@bob" / "scripted"
    folder.rename(tmp_path / "moved")
    folder.write_text("")
    schedule.look(0)
    claimed = schedule.claim("scripted", before=NEVER - 1, until=2e9, limit=9, rate=1.0)
    assert {due.name.owner for due in claimed} == {"alice", "carol"}


@pytest.mark.parametrize("error", [StoreUnavailable("the disk is away"), KeyUnavailable("the keyring is locked")])
def test_a_record_that_could_not_be_read_is_read_again_at_the_next_look(kit, schedule, monkeypatch, error):
    """R3: else its token would be refreshed ahead of its end by nobody, until a caller has refreshed it."""
    add(kit, "me")
    add(kit, "you")
    opened = schedule._records.opened

    def away(name, stored):
        if name.id == "scripted/me":
            raise error
        return opened(name, stored)

    monkeypatch.setattr(schedule._records, "opened", away)
    schedule.look(0)
    assert len(schedule.claim("scripted", before=1.9e9, until=2e9, limit=9, rate=1.0)) == 1
    monkeypatch.undo()
    schedule.look(LOOK_EVERY)
    assert [due.name.id for due in schedule.claim("scripted", before=1.9e9, until=2e9, limit=9, rate=1.0)] == [
        "scripted/me"
    ]
