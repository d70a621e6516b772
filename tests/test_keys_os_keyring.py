import os
import shutil
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from tokenkit import durable_file, private_file
from tokenkit.errors import KeyUnavailable, StoreUnavailable
from tokenkit.keys import file, jwks, rotation
from tokenkit.keys.key_file_source import KeyFileSource
from tokenkit.keys.os_keyring import OsKeyringForm

from patience import PATIENCE


class Backend:
    """A keyring in memory."""

    def __init__(self):
        self.entries = {}

    def get_password(self, service, username):
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self.entries[service, username] = password

    def delete_password(self, service, username):
        del self.entries[service, username]


@pytest.fixture
def backend(monkeypatch):
    backend = Backend()
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_keyring=lambda: backend))
    return backend


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "data")


@pytest.fixture
def source(folder):
    return KeyFileSource(folder, lambda: {"keyring": OsKeyringForm("tokenkit")})


def first(keys):
    return keys or jwks.new_key_list()


def test_keys_move_into_the_keyring_and_back_and_leave_nothing_behind(source, folder, backend):
    made = source.change(first)
    moved = source.move("keyring")
    assert moved.keys == made.keys
    assert source.load() == moved
    assert b"kty" not in private_file.read(file.path_in(folder))
    assert list(backend.entries.values()) == [jwks.dump(moved).decode()]
    assert {service for service, _ in backend.entries} == {"tokenkit"}
    assert source.describe().endswith("keys.json (keyring)")
    back = source.move("file")
    assert back.keys == made.keys
    assert file.load(folder) == back
    assert backend.entries == {}


def test_the_first_key_of_all_can_be_made_in_the_keyring(source, backend):
    assert source.move("keyring") == source.load()
    assert len(backend.entries) == 1


def test_a_rotation_in_the_keyring_changes_the_version_that_others_look_at(source, backend):
    """R29: writers must see that there is another first key."""
    source.move("keyring")
    before = source.version()
    rotated = source.change(rotation.added)
    assert source.version() != before
    assert source.load() == rotated
    assert len(backend.entries) == 1


def test_a_kill_between_any_two_steps_of_a_rotation_loses_no_key(source, backend, monkeypatch):
    """The new entry, the key file that names it, the old entry's end: stopped after each."""
    made = source.move("keyring")

    def stop(*_arguments):
        raise SystemExit

    for module, name in ((durable_file, "write"), (backend, "delete_password")):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, stop)
            if module is durable_file:
                with pytest.raises(SystemExit):
                    source.change(rotation.added)
            else:
                source.change(rotation.added)
        assert set(made.keys) <= set(source.load().keys)


def test_a_failing_write_of_the_key_file_keeps_the_old_entry(source, backend, monkeypatch):
    made = source.move("keyring")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreUnavailable):
        source.change(rotation.added)
    assert source.load() == made


def test_an_entry_that_is_gone_or_damaged_is_named_and_never_made_anew(source, backend):
    """R30: a new key in its place would hide every account."""
    source.move("keyring")
    (name,) = backend.entries
    for damaged in ("", "{}", None):
        if damaged is None:
            backend.entries.clear()
        else:
            backend.entries[name] = damaged
        for attempt in (source.load, lambda: source.change(first)):
            with pytest.raises(KeyUnavailable, match=name[1]) as raised:
                attempt()
            assert "key import" in raised.value.hint


def test_a_keyring_that_drops_what_it_is_given_is_found_out_before_the_file_is_replaced(source, backend, monkeypatch):
    """As keyring.backends.null does."""
    made = source.change(first)
    monkeypatch.setattr(backend, "set_password", lambda *_: None)
    with pytest.raises(KeyUnavailable, match="does not keep"):
        source.move("keyring")
    assert source.load() == made


def test_a_keyring_that_waits_for_a_person_is_given_up_after_the_bounded_wait(source, folder, backend, monkeypatch):
    answered = threading.Event()
    source.move("keyring")
    impatient = KeyFileSource(folder, lambda: {"keyring": OsKeyringForm("tokenkit", wait=0.05)})
    monkeypatch.setattr(backend, "get_password", lambda *_: answered.wait(PATIENCE))
    with pytest.raises(KeyUnavailable, match=r"did not answer within 0\.05 s") as raised:
        impatient.load()
    answered.set()
    assert raised.value.hint


def test_without_the_extra_the_error_names_it(source, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(KeyUnavailable) as raised:
        source.move("keyring")
    assert "tokenkit-oauth[keyring]" in raised.value.hint


def test_whatever_a_backend_raises_is_told_by_its_kind_and_never_by_its_text(source, backend, monkeypatch):
    """R35: a stranger's message may hold anything."""

    def fail(*_arguments):
        raise ZeroDivisionError("sk-secret")

    monkeypatch.setattr(backend, "set_password", fail)
    with pytest.raises(KeyUnavailable, match="ZeroDivisionError") as raised:
        source.move("keyring")
    assert "sk-secret" not in str(raised.value)
    assert raised.value.__cause__ is None


PROGRAM = """
import sys
from tokenkit.errors import KeyUnavailable
from tokenkit.keys import jwks, rotation
from tokenkit.keys.key_file_source import KeyFileSource
from tokenkit.keys.os_keyring import OsKeyringForm

source = KeyFileSource(sys.argv[1], lambda: {"keyring": OsKeyringForm("tokenkit")})
try:
    if sys.argv[2] == "move":
        source.change(lambda keys: keys or jwks.new_key_list())
        print(source.move("keyring").first.kid)
    else:
        print(len(source.change(rotation.added).keys), source.load().keys[-1].kid)
except KeyUnavailable as error:
    print(error)
"""


def in_session(folder, what, home, *, daemon="printf test-pass | gnome-keyring-daemon --unlock --components=secrets"):
    """Run the program in a D-Bus session of its own, after the daemon command; without one there is no session."""
    program = [sys.executable, "-c", PROGRAM, folder, what]
    if daemon:
        program = ["dbus-run-session", "--", "sh", "-c", daemon + ' >/dev/null 2>&1; exec "$@"', "sh", *program]
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    return subprocess.run(
        program, env=environ, capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout.strip()


@pytest.fixture
def gnome_keyring():
    pytest.importorskip("keyring")
    pytest.importorskip("secretstorage")
    for program in ("dbus-run-session", "gnome-keyring-daemon"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: apt install gnome-keyring dbus")


@pytest.mark.real
def test_a_real_keyring_keeps_rotates_and_when_it_is_locked_or_absent_loses_nothing(gnome_keyring, folder, home):
    kid = in_session(folder, "move", home)
    assert len(kid) == 16
    before = private_file.read(file.path_in(folder))
    assert "locked" in in_session(folder, "rotate", home, daemon="gnome-keyring-daemon --start --components=secrets")
    assert "is missing: no keyring service" in in_session(folder, "rotate", home, daemon="")
    assert private_file.read(file.path_in(folder)) == before
    assert in_session(folder, "rotate", home) == f"2 {kid}"
