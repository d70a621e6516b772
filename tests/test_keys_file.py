import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit import durable_file, private_file, seal
from tokenkit.errors import FileRefused, KeyUnavailable, UsageError
from tokenkit.keys import file, jwks, rotation
from tokenkit.keys.key_file_source import KeyFileSource

from patience import PATIENCE

KEY = {"kty": "oct", "kid": "a", "alg": "A256KW", "k": "A" * 43}


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "share" / "tokenkit")


@pytest.fixture
def source(folder):
    return KeyFileSource(folder)


def first(keys):
    return keys or jwks.new_key_list()


def put(folder, data):
    private_file.ensure_folder(folder)
    durable_file.write(file.path_in(folder), data)


def test_without_a_file_there_are_no_keys_and_nothing_is_made(folder, source):
    assert file.load(folder) is None
    assert source.load() is None
    assert source.version() is None
    assert not os.path.exists(folder)


def test_the_first_key_is_random_private_and_comes_back(folder, source):
    """R28; the fast path reads the same."""
    made = source.change(first)
    assert file.load(folder) == source.load() == made
    assert made.generation == 1
    assert made.by_kid == {made.first.kid: made.first}
    assert stat.S_IMODE(os.stat(file.path_in(folder)).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert source.describe() == f"the key file {file.path_in(folder)}"


def test_a_change_that_changes_nothing_writes_nothing(source):
    made = source.change(first)
    version = source.version()
    assert source.change(first) == made
    assert source.version() == version
    assert source.change(rotation.added).generation == 2
    assert source.version() != version


def test_the_file_is_a_jwk_set_of_symmetric_keys(folder, source):
    """RFC 7517, RFC 7518 section 6.4."""
    key = source.change(first).first
    with open(file.path_in(folder), "rb") as written:
        document = json.load(written)
    assert document == {
        "v": 1,
        "generation": 1,
        "keys": [{"kty": "oct", "kid": key.kid, "alg": "A256KW", "k": seal.b64url_encode(key.secret).decode()}],
    }


def _create(folder, barrier, results):
    barrier.wait()
    results.put(KeyFileSource(folder).change(first).first.kid)


def test_many_processes_that_create_the_first_key_at_once_get_the_same_one(folder, rounds):
    """R28: two keys would lock each other's records."""
    processes = rounds(10, 50)
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(processes), fork.Queue()
    workers = [fork.Process(target=_create, args=(folder, barrier, results)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    kids = {results.get(timeout=PATIENCE) for _ in workers}
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert kids == {file.load(folder).first.kid}
    assert sorted(os.listdir(folder)) == [".keys.lock", "keys.json"]


def test_a_process_killed_while_it_rotates_leaves_all_old_keys_in_place(folder, source, rounds):
    """R29: whatever was sealed before the kill opens after it."""
    code = (
        "import sys; from tokenkit.keys.key_file_source import KeyFileSource; from tokenkit.keys import rotation\n"
        "print('go', flush=True)\n"
        "while True: KeyFileSource(sys.argv[1]).change(rotation.added)"
    )
    kids = set(source.change(first).by_kid)
    for _ in range(rounds(3, 100)):
        before = source.version()
        with subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE) as rotating:
            rotating.stdout.read(3)
            while source.version() == before:
                pass
            rotating.send_signal(signal.SIGKILL)
        keys = source.load()
        assert kids < set(keys.by_kid)
        kids = set(keys.by_kid)
        source.change(lambda keys: jwks.KeyList(keys.generation + 1, keys.keys[:5]))
        kids &= set(source.load().by_kid)
    assert sorted(os.listdir(folder)) == [".keys.lock", "keys.json"]


UNUSABLE = {
    "is empty": b"",
    "not a JWK Set": b'{"keys": [',
    "not a JWK Set in JSON": b"\xff\xfe",
    "is not a JWK Set": b"[]",
    "holds no keys": b'{"keys": []}',
    "holds no keys ": b"{}",
    "not an object": b'{"keys": ["x"]}',
    "without kid": json.dumps({"keys": [{**KEY, "kid": ""}]}).encode(),
    "kty oct": json.dumps({"keys": [{**KEY, "kty": "RSA"}]}).encode(),
    "kty oct for A256KW": json.dumps({"keys": [{**KEY, "alg": "A128KW"}]}).encode(),
    "32 bytes": json.dumps({"keys": [{**KEY, "k": "AAAA"}]}).encode(),
    "in base64url": json.dumps({"keys": [{**KEY, "k": "é" * 43}]}).encode(),
    "two keys of one kid": json.dumps({"keys": [KEY, KEY]}).encode(),
    "whole number": json.dumps({"keys": [KEY], "generation": True}).encode(),
    "has version 2": json.dumps({"keys": [KEY], "v": 2}).encode(),
    "the keys in 'moon'": json.dumps({"v": 1, "source": "moon"}).encode(),
    "the keys in 7": json.dumps({"v": 1, "source": 7}).encode(),
}


@pytest.mark.parametrize("words", UNUSABLE)
def test_a_key_file_that_cannot_be_used_is_named_and_never_replaced(folder, source, words):
    """R30: neither absent nor overwritten."""
    put(folder, UNUSABLE[words])
    for attempt in (source.load, lambda: source.change(first), lambda: source.move("file")):
        with pytest.raises(KeyUnavailable, match=words.strip()) as raised:
            attempt()
        assert file.path_in(folder) in str(raised.value)
        assert raised.value.hint
        assert "AAAA" not in str(raised.value)
    with pytest.raises(KeyUnavailable):
        file.load(folder)
    assert private_file.read(file.path_in(folder)) == UNUSABLE[words]


JSON = st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@pytest.mark.slow
@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps({"keys": value}).encode()))
def test_no_bytes_raise_anything_but_key_unavailable(data):
    with pytest.raises(KeyUnavailable):
        jwks.load(data, "these bytes", hint=lambda: "other bytes")


def test_a_key_file_that_others_may_read_is_refused(folder, source):
    source.change(first)
    os.chmod(file.path_in(folder), 0o644)
    with pytest.raises(FileRefused, match="others have access") as raised:
        file.load(folder)
    assert raised.value.hint.startswith("chmod 600 ")


def test_a_symlink_in_the_place_of_the_key_file_is_refused(folder, tmp_path):
    put(folder, b"{}")
    os.rename(file.path_in(folder), tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", file.path_in(folder))
    with pytest.raises(FileRefused, match="symlink"):
        file.load(folder)


def test_a_kill_between_creating_and_writing_leaves_no_key_and_the_next_one_is_made(folder, source):
    """The stray of the killed process is taken over."""
    private_file.ensure_folder(folder)
    durable_file.reserve(file.path_in(folder), 1).close()
    assert source.load() is None
    assert source.change(first) == source.load()
    assert not os.path.exists(file.path_in(folder) + ".new")


def test_keys_move_only_where_there_is_a_form_for_them(source):
    with pytest.raises(UsageError, match="'cloud'") as raised:
        source.move("cloud")
    assert raised.value.hint == "one of: file"
