import json
import os
import signal
import sys
import threading
import unicodedata
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from tokenkit import private_file
from tokenkit.errors import KeyUnavailable, StoreUnavailable
from tokenkit.keys import file, jwks, passphrase, rotation
from tokenkit.keys.choice import key_source
from tokenkit.paths import folders
from tokenkit.seal import b64url_decode

from patience import PATIENCE

RECOMMENDED = passphrase.PARAMETERS


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """A new process, in which argon2id costs next to nothing."""
    monkeypatch.setattr(passphrase, "PARAMETERS", {"iterations": 1, "lanes": 1, "memory": 64})
    monkeypatch.setattr(passphrase, "_derived", {})


@pytest.fixture
def place(home):
    return folders("tokenkit", {"HOME": str(home)})


@pytest.fixture
def source(place):
    """The key source for a passphrase in the environment."""
    return lambda words, **more: key_source(place, {"TOKENKIT_PASSPHRASE": words} if words else {}, **more)


def document(place):
    return json.loads(private_file.read(file.path_in(place.data)))


def restart(monkeypatch):
    monkeypatch.setattr(passphrase, "_derived", {})


def test_keys_under_a_passphrase_come_back_with_it_and_are_not_in_the_file(source, place, monkeypatch):
    """R28: a passphrase wraps random keys, and is none."""
    plain = source("").change(rotation.added)
    moved = source("right words").move("passphrase")
    assert moved == jwks.KeyList(plain.generation + 1, plain.keys)
    assert b'"keys"' not in private_file.read(file.path_in(place.data))
    restart(monkeypatch)
    assert source("right words").load() == moved
    assert source("right words").describe().endswith("keys.json (passphrase)")


def test_the_derived_key_wraps_random_ones_and_is_none_of_them(source, place):
    """R28, by the letter of RFC 9106 and RFC 3394: another implementation would read the file so."""
    key = source("right words").move("passphrase").first
    written = document(place)
    numbers = written["argon2id"]
    derived = Argon2id(
        salt=b64url_decode(numbers["salt"].encode()),
        length=32,
        iterations=numbers["iterations"],
        lanes=numbers["lanes"],
        memory_cost=numbers["memory"],
    ).derive(b"right words")
    assert aes_key_unwrap(derived, b64url_decode(written["wrapped"][0]["k"].encode())) == key.secret != derived


def test_the_parameters_are_the_second_recommended_ones_of_rfc_9106():
    assert RECOMMENDED == {"iterations": 3, "lanes": 4, "memory": 64 * 1024}


def test_a_wrong_passphrase_loses_nothing_and_is_not_remembered(source, place, monkeypatch):
    source("right words").move("passphrase")
    restart(monkeypatch)
    before = private_file.read(file.path_in(place.data))
    for attempt in (
        source("wrong").load,
        lambda: source("wrong").change(rotation.added),
        lambda: source("wrong").move("file"),
    ):
        with pytest.raises(KeyUnavailable, match="does not open") as raised:
            attempt()
        assert file.path_in(place.data) in str(raised.value)
        assert "wrong" not in str(raised.value)
    assert private_file.read(file.path_in(place.data)) == before
    assert source("right words").load() is not None


def test_no_passphrase_is_told_with_the_way_to_give_one(source, monkeypatch):
    source("right words").move("passphrase")
    restart(monkeypatch)
    with pytest.raises(KeyUnavailable, match="none was given") as raised:
        source("").load()
    assert "TOKENKIT_PASSPHRASE" in raised.value.hint


def test_a_person_is_asked_once_in_a_process(source, monkeypatch):
    """Even by threads that need the keys at the same moment."""
    asked = []
    second = threading.Barrier(2)

    def ask():
        asked.append(1)
        with suppress(threading.BrokenBarrierError):
            second.wait(0.1)  # long enough for another thread to ask too, if it may
        return "right words"

    source("", ask=ask).move("passphrase")
    restart(monkeypatch)
    asked.clear()
    second.reset()
    threads = [threading.Thread(target=source("", ask=ask).load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert source("", ask=ask).load() is not None
    assert len(asked) == 1


def test_a_rotation_keeps_the_passphrase_and_asks_for_none(source, monkeypatch):
    """A slip of the finger would lock everybody out."""
    answers = iter(["right words"])
    asking = source("", ask=lambda: next(answers))
    asking.move("passphrase")
    rotated = asking.change(rotation.added)
    assert len(rotated.keys) == 2
    restart(monkeypatch)
    assert source("right words").load() == rotated


def test_a_passphrase_comes_as_a_credential_of_a_service(source, place, tmp_path, monkeypatch):
    moved = source("right words").move("passphrase")
    restart(monkeypatch)
    (tmp_path / "tokenkit.passphrase").write_text("right words\n")
    assert key_source(place, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).load() == moved


def test_a_passphrase_opens_however_the_keyboard_composes_it(source, monkeypatch):
    """RFC 8265 section 4.2."""
    moved = source(unicodedata.normalize("NFD", "fünf Wörter")).move("passphrase")
    restart(monkeypatch)
    assert source(unicodedata.normalize("NFC", "fünf Wörter")).load() == moved


def test_an_empty_passphrase_is_refused(source):
    with pytest.raises(KeyUnavailable, match="empty"):
        source("", ask=lambda: "").move("passphrase")


def test_back_in_the_file_no_passphrase_is_needed(source):
    moved = source("right words").move("passphrase")
    back = source("right words").move("file")
    assert back == jwks.KeyList(moved.generation + 1, moved.keys)
    assert source("").load() == back


CHANGES = [
    {"argon2id": None},
    {"argon2id": {}},
    {"salt": "AAAA"},
    {"salt": 7},
    {"iterations": 0},
    {"iterations": "1"},
    {"iterations": True},
    {"memory": 1 << 22},
    {"memory": 7},
    {"lanes": 1000},
    {"wrapped": []},
    {"wrapped": None},
    {"wrapped": ["x"]},
    {"wrapped": [{"kid": "a", "k": "é"}]},
    {"generation": "x"},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_damaged_or_hostile_file_is_refused_before_anything_is_derived(source, place, change, monkeypatch):
    source("right words").move("passphrase")
    restart(monkeypatch)
    written = document(place)
    inner = set(change) <= {"salt", "iterations", "memory", "lanes"}
    (written["argon2id"] if inner else written).update(change)
    file.write(place.data, written)
    with pytest.raises(KeyUnavailable, match="is not what tokenkit writes"):
        source("", ask=lambda: pytest.fail("asked")).load()


def test_a_cryptography_without_argon2id_is_told(source, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.kdf.argon2", None)
    with pytest.raises(KeyUnavailable, match="has no argon2id"):
        source("right words").move("passphrase")


def test_too_little_memory_is_told(source, monkeypatch):
    def derive(*_arguments):
        raise MemoryError

    monkeypatch.setattr("cryptography.hazmat.primitives.kdf.argon2.Argon2id.derive", derive, raising=False)
    monkeypatch.setattr(
        "cryptography.hazmat.primitives.kdf.argon2.Argon2id", lambda **_: type("Kdf", (), {"derive": derive})()
    )
    with pytest.raises(KeyUnavailable, match="MiB of memory"):
        source("right words").move("passphrase")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_during_a_derivation_does_not_wait_for_ever(source):
    """R7: a child holds no lock of a thread that it does not have."""
    source("right words").move("passphrase")
    with passphrase._deriving.lock:
        child = os.fork()
        if child == 0:
            signal.alarm(int(PATIENCE))
            os._exit(0 if source("right words").load() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_file_that_cannot_be_written_leaves_the_old_keys(source, place, monkeypatch):
    plain = source("").change(rotation.added)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreUnavailable, match="disk is full"):
        source("right words").move("passphrase")
    assert source("").load() == plain
