import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokenkit import private_file, seal
from tokenkit.errors import BrokenRecord, KeyUnavailable, StoreUnavailable, UsageError
from tokenkit.keys import file, jwks
from tokenkit.keys.environment import EnvironmentSource
from tokenkit.keys.key_file_source import KeyFileSource
from tokenkit.keys.ring import KeyRing
from tokenkit.store import Name

NAME = Name("grant", "alice", "google/me@example.com")


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "data")


@pytest.fixture
def new_ring(folder):
    """A ring as another process would have it: over the same folder, with nothing in memory."""
    return lambda app="tokenkit": KeyRing(KeyFileSource(folder), app)


@pytest.fixture
def ring(new_ring):
    ring = new_ring()
    ring.ensure(lambda: False)
    return ring


class Counting(KeyFileSource):
    """A source that counts how often it is read."""

    loads = 0

    def load_version(self):
        self.loads += 1
        return super().load_version()


def test_what_a_ring_sealed_another_process_opens(ring, new_ring):
    data = ring.seal_record(NAME, b"plain")
    assert new_ring().open_record(NAME, data) == b"plain"
    assert seal.header(data) == {
        "alg": "A256KW",
        "enc": "A256GCM",
        "kid": ring.current().kid,
        "typ": "grant",
        "app": "tokenkit",
        "owner": "alice",
        "account": "google/me@example.com",
    }


@pytest.mark.parametrize(
    "change", [{"kind": "pending"}, {"owner": ""}, {"owner": "bob"}, {"id": "google/you@example.com"}]
)
def test_a_record_under_another_name_does_not_open(ring, change):
    """R27: the reader compares the header with what it asked for."""
    data = ring.seal_record(NAME, b"plain")
    with pytest.raises(BrokenRecord, match="moved or swapped"):
        ring.open_record(NAME._replace(**change), data)


def test_another_apps_record_does_not_open(ring, new_ring):
    with pytest.raises(BrokenRecord, match="its app is"):
        new_ring("pocketpaw").open_record(NAME, ring.seal_record(NAME, b"plain"))


def test_a_first_key_is_made_only_where_no_sealed_record_exists(new_ring, folder):
    """R28: a new key in place of a lost one would hide every account."""
    ring = new_ring()
    with pytest.raises(KeyUnavailable, match="is missing") as raised:
        ring.ensure(lambda: True)
    assert file.path_in(folder) in str(raised.value)
    assert "restore" in raised.value.hint
    assert not os.path.exists(folder)
    ring.ensure(lambda: False)
    kid = ring.current().kid
    ring.ensure(lambda: pytest.fail("there is a key, so nobody looks for records"))
    assert new_ring().current().kid == kid


def test_a_first_key_that_another_makes_and_seals_with_meanwhile_is_not_taken_for_lost(new_ring):
    """R28: between the look at the key file and that for records, another process may do both."""
    ring, other = new_ring(), new_ring()

    def exists():
        other.ensure(lambda: False)
        return True

    assert ring.ensure(exists) == other.current()


def test_a_key_file_that_vanishes_under_a_running_program_stops_the_sealing(ring, folder):
    """What memory still holds would open nothing after the next start."""
    data = ring.seal_record(NAME, b"plain")
    os.unlink(file.path_in(folder))
    with pytest.raises(KeyUnavailable, match="is missing"):
        ring.current()
    with pytest.raises(KeyUnavailable, match="is missing"):
        ring.seal_record(NAME, b"new")
    with pytest.raises(KeyUnavailable, match="is missing"):
        ring.ensure(lambda: True)
    with pytest.raises(KeyUnavailable):
        KeyRing(KeyFileSource(folder), "tokenkit").open_record(NAME, data)


def test_a_writer_seals_with_the_first_key_of_this_moment(ring, new_ring):
    """R29: another process rotated."""
    ring.seal_record(NAME, b"plain")
    new = new_ring().add().first
    assert ring.current() == new
    assert seal.header(ring.seal_record(NAME, b"plain"))["kid"] == new.kid


def test_a_reader_with_the_old_list_opens_what_the_new_key_sealed(ring, new_ring):
    """R29: an unknown kid reloads the list."""
    ring.open_record(NAME, ring.seal_record(NAME, b"old"))
    other = new_ring()
    other.add()
    assert ring.open_record(NAME, other.seal_record(NAME, b"new")) == b"new"


def test_an_unknown_kid_reloads_the_list_once_and_then_names_key_and_file(folder):
    source = Counting(folder, {})
    ring = KeyRing(source, "tokenkit")
    ring.ensure(lambda: False)
    ring.current()
    data = seal.seal(b"x", seal.Key("lost", bytes(32)), typ="grant", app="tokenkit", owner="alice", account=NAME.id)
    source.loads = 0
    with pytest.raises(KeyUnavailable, match="'lost'") as raised:
        ring.open_record(NAME, data)
    assert source.loads == 1
    assert file.path_in(folder) in str(raised.value)
    assert "key import" in raised.value.hint


def test_sealing_and_opening_read_the_key_file_once_while_it_does_not_change(folder):
    source = Counting(folder, {})
    ring = KeyRing(source, "tokenkit")
    ring.ensure(lambda: False)
    ring.current()
    source.loads = 0
    for _ in range(3):
        ring.open_record(NAME, ring.seal_record(NAME, b"x"))
    assert source.loads == 0


def test_a_record_is_resealed_with_the_new_key_and_a_fresh_one_is_left_alone(ring):
    data = ring.seal_record(NAME, b"plain")
    assert ring.reseal(NAME, data) is None
    new = ring.add().first
    resealed = ring.reseal(NAME, data)
    assert seal.header(resealed)["kid"] == new.kid
    assert ring.open_record(NAME, resealed) == b"plain"
    assert ring.reseal(NAME, resealed) is None


def test_what_was_swapped_is_not_made_valid_by_resealing_it(ring):
    data = ring.seal_record(NAME, b"plain")
    ring.add()
    with pytest.raises(BrokenRecord):
        ring.reseal(NAME._replace(id="google/you@example.com"), data)


def test_what_lies_in_quarantine_is_resealed_under_the_name_it_was_sealed_with(ring):
    data = ring.seal_record(NAME, b"plain")
    new = ring.add().first
    resealed = ring.reseal(Name("quarantine", "alice", NAME.id + "/17.000000"), data)
    assert seal.header(resealed) == {**seal.header(data), "kid": new.kid}
    assert ring.open_record(NAME, resealed) == b"plain"


def test_a_key_is_dropped_only_when_no_record_names_it_and_another_one_seals(ring):
    """R29: a record whose key was dropped is a lost session."""
    old = ring.current()
    with pytest.raises(UsageError, match="is the one that seals"):
        ring.drop(old.kid, in_use=set)
    new = ring.add().first
    with pytest.raises(UsageError, match="still sealed"):
        ring.drop(old.kid, in_use=lambda: {old.kid})
    with pytest.raises(UsageError, match="no key 'x'"):
        ring.drop("x", in_use=set)
    assert ring.drop(old.kid, in_use=lambda: {new.kid}) == jwks.KeyList(3, (new,)) == ring.keys()


def test_an_exported_list_opens_the_records_on_another_machine(ring, tmp_path):
    data = ring.seal_record(NAME, b"plain")
    other = KeyRing(KeyFileSource(str(tmp_path / "other")), "tokenkit")
    other.import_keys(ring.export_keys(), "the file x")
    assert other.open_record(NAME, data) == b"plain"
    assert other.keys() == ring.keys()


def test_imported_keys_open_and_do_not_seal_where_there_is_a_key_already(ring, tmp_path):
    """Also how a key that was lost and found comes back."""
    other = KeyRing(KeyFileSource(str(tmp_path / "other")), "tokenkit")
    other.ensure(lambda: False)
    data, own = other.seal_record(NAME, b"plain"), ring.current()
    before = ring.keys().generation
    ring.import_keys(other.export_keys(), "the file x")
    assert ring.open_record(NAME, data) == b"plain"
    assert ring.current() == own
    assert ring.keys().generation == before + 1
    assert ring.import_keys(other.export_keys(), "the file x") == ring.keys()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_backup_opens_in_every_encoding_that_a_shell_or_an_editor_writes_it_in(ring, tmp_path, encoding):
    """PowerShell writes ``tokenkit key export > FILE`` in UTF-16, and Notepad a byte order mark."""
    other = KeyRing(KeyFileSource(str(tmp_path / "other")), "tokenkit")
    other.import_keys(ring.export_keys().decode().encode(encoding), "the file x")
    assert other.keys() == ring.keys()


def test_an_import_that_makes_no_sense_changes_nothing(ring):
    keys = ring.keys()
    other = jwks.dump(jwks.KeyList(1, (seal.Key(keys.first.kid, bytes(32)),)))
    for data in (other, b"", b"x"):
        with pytest.raises(KeyUnavailable) as raised:
            ring.import_keys(data, "the file x")
        assert raised.value.hint
    assert ring.keys() == keys


def test_after_the_loss_of_all_keys_a_person_begins_anew_by_adding_one(new_ring):
    """Nothing is opened by it, and nothing is lost: found keys can be imported later."""
    ring = new_ring()
    with pytest.raises(KeyUnavailable, match="is missing") as raised:
        ring.ensure(lambda: True)
    assert "tokenkit key add" in raised.value.hint
    ring.add()
    ring.ensure(lambda: True)
    assert ring.open_record(NAME, ring.seal_record(NAME, b"x")) == b"x"


def test_threads_that_seal_while_keys_are_added_always_seal_something_that_opens(ring, new_ring):
    with ThreadPoolExecutor(8) as threads:
        work = [threads.submit(lambda: [ring.seal_record(NAME, b"x") for _ in range(50)]) for _ in range(8)]
        for _ in range(5):
            new_ring().add()
    sealed = [data for done in work for data in done.result()]
    reader = new_ring()
    assert [reader.open_record(NAME, data) for data in sealed] == [b"x"] * 400


def test_keys_from_the_environment_seal_and_open_and_name_their_place(new_ring):
    ring = KeyRing(EnvironmentSource(seal.b64url_encode(bytes(32)).decode(), "the variable TOKENKIT_KEY"), "tokenkit")
    ring.ensure(lambda: True)
    assert ring.open_record(NAME, ring.seal_record(NAME, b"x")) == b"x"
    other = new_ring()
    other.add()
    with pytest.raises(KeyUnavailable, match="the variable TOKENKIT_KEY"):
        ring.open_record(NAME, other.seal_record(NAME, b"x"))
    with pytest.raises(UsageError, match="cannot change"):
        ring.add()


def test_a_machine_that_changes_its_name_and_its_home_still_opens_its_store(ring, folder, tmp_path, monkeypatch):
    data = ring.seal_record(NAME, b"plain")
    os.rename(folder, tmp_path / "moved")
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("HOSTNAME", "elsewhere")
    assert KeyRing(KeyFileSource(str(tmp_path / "moved")), "tokenkit").open_record(NAME, data) == b"plain"


def test_a_key_file_that_cannot_be_read_now_is_an_error_and_not_a_missing_key(ring, new_ring, monkeypatch):
    private_file_open = os.open

    def refuse(path, *arguments, **more):
        if str(path).endswith("keys.json"):
            raise PermissionError(13, "Permission denied")
        return private_file_open(path, *arguments, **more)

    monkeypatch.setattr(private_file.os, "open", refuse)
    with pytest.raises(StoreUnavailable, match="permission denied"):
        new_ring().ensure(lambda: False)
