"""The key is rotated under readers and writers that hold the old list, and no record is without its key (R29)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from tokenkit import TokenKitError, seal
from tokenkit.grant import grant_to_bytes
from tokenkit.grants import beside
from tokenkit.grants.rotate import every_record, finish, kids_in_use, rotate
from tokenkit.grants.sealed_store import grant_name
from tokenkit.signing_in.pendings import load_pending

from patience import PATIENCE
from scripted import LIFETIME, ScriptedKit


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    return kit


def another(kit, tmp_path, **options):
    return ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store, **options)


def bytes_of(kit):
    return grant_to_bytes(kit.records.get(kit.me).grant)


def kid(kit):
    return seal.header(kit.records.store.load(grant_name(kit.me)).data)["kid"]


def test_after_a_rotation_every_record_of_every_owner_names_the_new_key_alone(kit, tmp_path):
    bob = another(kit, tmp_path, owner="bob")
    bob.me = bob.sign_in()
    kit.sign_in()
    kit.begin("scripted", redirect_uri="http://127.0.0.1:1/callback/scripted", binding="b")
    old = kid(kit)
    done = rotate(kit.records)
    assert done.dropped == (old,)
    assert kids_in_use(kit.records) == {done.kid}
    assert done.resealed == len(list(every_record(kit.records))) == 4
    for fresh in (another(kit, tmp_path), another(kit, tmp_path, owner="bob")):
        assert fresh.token("scripted")


def test_a_reader_with_the_old_list_goes_on(kit, tmp_path):
    reader = another(kit, tmp_path)
    assert reader.token("scripted")
    rotate(kit.records)
    reader.clock.advance(2)
    assert reader.token("scripted")


@pytest.mark.parametrize("kind", ["grant", "pending", "unsaved"])
def test_a_record_that_is_sealed_anew_between_reading_and_opening_it_is_read_again(kind, kit, tmp_path):
    """R29: on a fast disk a rotation takes less time than a busy machine leaves between the two."""
    kit.begin("scripted", redirect_uri="http://127.0.0.1:1/callback/scripted", binding="b")
    records = another(kit, tmp_path).records
    store, original = records.store, records.store.load
    records.write(beside.unsaved_name(kit.me), bytes_of(kit), None)
    fresh = another(kit, tmp_path).records  # it has looked at no key yet

    def load(name):
        stored = original(name)
        if name.kind == kind:
            store.load = original
            assert rotate(kit.records).dropped
        return stored

    store.load = load
    read = {
        "grant": lambda: fresh.load(kit.me),
        "pending": lambda: [load_pending(fresh, name) for name in fresh.pendings()],
        "unsaved": lambda: beside.found(fresh, kit.me),
    }
    assert read[kind]()
    assert store.load == original


def test_a_writer_with_the_old_list_seals_with_the_new_key(kit, tmp_path):
    writer = another(kit, tmp_path)
    assert writer.token("scripted")
    done = rotate(kit.records)
    kit.clock.advance(LIFETIME + 1)
    writer.token("scripted")
    assert kid(kit) == done.kid


def test_a_rotation_waits_for_a_sign_in_that_has_sealed_and_not_saved(kit, tmp_path):
    """R29: it holds no lease, and a key dropped under it would be named by a record for ever, should it die then."""
    other = another(kit, tmp_path)
    store, original = kit.records.store, type(kit.records.store).save
    rotations = ThreadPoolExecutor(1)
    rotated = []

    def save(name, data, *, replaces, due=None):
        if name.kind == "grant" and not rotated:
            store.save = lambda *a, **k: original(store, *a, **k)
            rotated.append(rotations.submit(rotate, other.records))
            while len(other.records.ring.keys().keys) < 2:
                time.sleep(0.001)
            assert not wait(rotated, timeout=0.2).done
        return original(store, name, data, replaces=replaces)

    store.save = save
    kit.sign_in()
    done = rotated[0].result(PATIENCE)
    assert kid(kit) == done.kid
    assert len(done.dropped) == 1
    assert another(kit, tmp_path).token("scripted")


def test_a_rotation_that_was_interrupted_is_finished_by_the_next(kit):
    kit.records.ring.add()
    kit.records.ring.add()
    done = finish(kit.records)
    assert len(done.dropped) == 2
    assert len(kit.records.ring.keys().keys) == 1


def test_the_key_of_a_record_that_cannot_be_opened_is_kept(kit):
    """R30: it may be mended yet."""
    name = grant_name(kit.me)
    stored = kit.records.store.load(name)
    torn = stored.data[:-5] + b"AAAAA"
    kit.records.store.save(name, torn, replaces=stored.version)
    done = rotate(kit.records)
    assert done.unopened == (name,)
    assert done.dropped == ()
    assert kit.records.store.load(name).data == torn


def test_rotations_and_refreshes_at_once_lose_nothing(kit, tmp_path):
    writers = [another(kit, tmp_path) for _ in range(3)]
    failures = []

    def write(writer):
        for _ in range(20):
            try:
                writer.refresh("scripted")
            except TokenKitError as error:
                failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        rotate(kit.records)
    for thread in threads:
        thread.join()
    assert failures == []
    assert another(kit, tmp_path).token("scripted")
