import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokenkit import durable_file, private_file
from tokenkit.errors import FileRefused, StoreError, StoreUnavailable, UsageError
from tokenkit.store import Name, file_lock
from tokenkit.store.files import MOST_PLAIN, FileStore
from tokenkit.testing.store_contract import GRANT, StoreContract

from another_user import as_another_user
from lock_times import clock_of_locks
from patience import PATIENCE


@pytest.fixture
def store(tmp_path):
    return FileStore(str(tmp_path / "home" / "tokens"), str(tmp_path / "state"))


class TestFileStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return FileStore(str(tmp_path / "home" / "tokens"), str(tmp_path / "state"))

    @pytest.fixture
    def other(self, tmp_path):
        return FileStore(str(tmp_path / "home" / "tokens"), str(tmp_path / "state"))


def everything(folder):
    for base, folders, files in os.walk(folder):
        yield from (os.path.join(base, name) for name in folders + files)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_under_any_umask_files_are_0600_and_folders_0700(tmp_path, store, umask):
    """R26: files are private from the moment they are made."""
    before = os.umask(umask)
    try:
        store.save(GRANT, b"x", replaces=None)
        with store.lease(GRANT, lasts=1, wait=1) as lease:
            lease.write_note(b"{}")
    finally:
        os.umask(before)
    paths = list(everything(tmp_path))
    assert len(paths) > 8
    for path in paths:
        expected = 0o700 if os.path.isdir(path) else 0o600
        assert stat.S_IMODE(os.stat(path).st_mode) == expected, path


def test_a_save_leaves_no_temporary_file(store):
    version = store.save(GRANT, b"one", replaces=None)
    store.save(GRANT, b"two", replaces=version)
    assert os.listdir(os.path.dirname(store.path(GRANT))) == ["me@example.com.jwe"]


def test_the_reservation_of_a_refresh_that_never_came_back_is_taken_over(store):
    """R9: one stray at most, and none after the next save."""
    version = store.save(GRANT, b"one", replaces=None)
    with store.lease(GRANT, lasts=1, wait=1) as lease:
        lease.reserve(8192)
    assert os.path.getsize(store.path(GRANT) + ".new") == 8192
    store.save(GRANT, b"two", replaces=version)
    assert os.listdir(os.path.dirname(store.path(GRANT))) == ["me@example.com.jwe"]
    assert store.load(GRANT).data == b"two"


def test_a_symlink_where_a_record_should_be_is_refused_not_followed(tmp_path, store):
    """R26, and R30: refused is not absent."""
    store.save(GRANT, b"one", replaces=None)
    path = store.path(GRANT)
    os.rename(path, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(FileRefused, match="symlink"):
        store.load(GRANT)


def test_a_hard_link_to_a_record_is_refused(tmp_path, store):
    """R26: a change through the other name would go unnoticed."""
    store.save(GRANT, b"one", replaces=None)
    os.link(store.path(GRANT), tmp_path / "second")
    with pytest.raises(FileRefused, match="hard link"):
        store.load(GRANT)


def test_a_fifo_where_a_record_should_be_is_refused_without_waiting_for_a_writer(store):
    """R26: only a plain file of ours is read."""
    store.save(Name("grant", "", "google/other"), b"x", replaces=None)
    os.mkfifo(store.path(GRANT))
    with pytest.raises(FileRefused, match="FIFO"):
        store.load(GRANT)


def test_a_symlinked_folder_is_refused_before_anything_is_written_through_it(tmp_path, store):
    """R26: a link lets somebody else choose where we write."""
    store.save(GRANT, b"x", replaces=None)
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", os.path.join(store.tokens, "spotify"))
    with pytest.raises(FileRefused, match="symlink"):
        store.save(Name("grant", "", "spotify/me"), b"x", replaces=None)
    assert os.listdir(tmp_path / "elsewhere") == []


def test_the_notes_do_not_come_back_with_a_restored_tokens_folder(tmp_path, store):
    """R10: what was newest is remembered apart from what may be restored."""
    with store.lease(GRANT, lasts=1, wait=1) as lease:
        lease.write_note(b"newest")
    inside = [path for path in everything(store.tokens) if os.path.isfile(path)]
    assert all(os.path.getsize(path) == 0 for path in inside)
    assert store.note(GRANT) == b"newest"


def test_pending_authorizations_leave_no_lock_file_each(store):
    """They come and go; lock files stay."""
    for number in range(5):
        name = Name("pending", "", f"p{number}")
        store.save(name, None, replaces=store.save(name, b"x", replaces=None))
    locks = [path for path in everything(os.path.join(store.tokens, ".locks")) if os.path.isfile(path)]
    assert len(locks) == 1


def test_a_name_that_does_not_fit_is_refused_in_words(store):
    with pytest.raises(UsageError, match="bytes as a file name"):
        store.save(Name("grant", "", "google/" + "x" * 300), b"x", replaces=None)


@pytest.mark.parametrize("provider", ["..", ".locks", "Google", "a\0b", "@alice", "google:..%2f"])
def test_a_provider_name_that_could_name_a_folder_of_ours_is_refused(store, provider):
    with pytest.raises(UsageError):
        store.save(Name("grant", "", f"{provider}/x"), b"x", replaces=None)


def test_a_read_only_folder_is_told_with_its_path(store, tmp_path):
    store.save(GRANT, b"x", replaces=None)
    os.chmod(os.path.dirname(store.path(GRANT)), 0o500)

    def save():
        with pytest.raises(StoreUnavailable, match="google"):
            store.save(Name("grant", "", "google/other"), b"x", replaces=None)

    as_another_user(tmp_path, save)


@pytest.mark.slow
def test_a_forked_child_does_not_hold_the_lease_of_its_dead_parent(store):
    """R7: the child closes its copy of the lock's description."""
    import subprocess
    import sys

    script = f"""
import os, sys, time
from tokenkit.store.files import MOST_PLAIN, FileStore
from tokenkit.testing.store_contract import GRANT
store = FileStore({store.tokens!r}, {store.notes!r})
with store.lease(GRANT, lasts=1, wait=1):
    if os.fork() == 0:
        os.close(1)
        time.sleep(20)
        os._exit(0)
    os.write(1, b"forked")
    os.kill(os.getpid(), 9)
"""
    parent = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, timeout=PATIENCE)
    assert parent.stdout == b"forked"
    with store.lease(GRANT, lasts=1, wait=1):
        pass


def test_a_file_that_no_tokenkit_wrote_hides_no_account(store):
    """The audit tells of it; listing goes on."""
    store.save(GRANT, b"x", replaces=None)
    folder = os.path.dirname(store.path(GRANT))
    for stranger in ("Copy of me@example.com.jwe", ".jwe", "%zz.jwe", "notes.txt"):
        with open(os.path.join(folder, stranger), "w") as file:
            file.write("?")
    os.mkdir(os.path.join(store.tokens, "@Odd%"))
    assert list(store.names("grant")) == [GRANT]
    assert list(store.owners()) == [""]


def leads_nowhere(path):
    path.symlink_to(path.parent / "disk" / "kept")


def is_a_file(path):
    path.write_text("x")


@pytest.mark.parametrize("place", [leads_nowhere, is_a_file])
@pytest.mark.parametrize("above", [False, True])
@pytest.mark.parametrize("owner", ["", "alice"])
def test_tokens_that_cannot_be_had_are_told_and_not_taken_for_none(tmp_path, store, place, above, owner):
    """A link to a disk that is not mounted would have everybody sign in again."""
    where = tmp_path / "home" if above else tmp_path / "home" / "tokens"
    where.parent.mkdir(exist_ok=True)
    place(where)
    for look in (lambda: list(store.names("grant", owner)), lambda: list(store.owners())):
        with pytest.raises(StoreError) as raised:
            look()
        assert str(raised.value).startswith(f"{where} ")
        assert raised.value.hint.startswith("findmnt" if place is leads_nowhere else f"mv {where}")


def test_a_store_that_was_never_used_has_no_records(store):
    assert list(store.names("grant")) == list(store.names("pending")) == []
    assert list(store.owners()) == [""]


def test_a_folder_that_links_go_round_in_is_told_with_what_shows_them(tmp_path, store):
    (tmp_path / "home").symlink_to(tmp_path / "home")
    with pytest.raises(StoreUnavailable) as raised:
        list(store.names("grant"))
    assert raised.value.hint.startswith("ls -ld ")


@pytest.mark.skipif(os.name != "posix", reason="it holds the lock as another process does")
def test_of_the_threads_that_wait_for_another_process_one_asks_the_kernel(tmp_path, monkeypatch):
    """A crowd that asked each for itself would take the interpreter from whoever refreshes."""
    import fcntl

    path = str(tmp_path / "lock")
    take, asking, enough = file_lock._take, [], threading.Event()

    def counted(fd, shared):
        asking.append(threading.get_ident())
        if len(asking) >= 10:
            enough.set()
        take(fd, shared)

    def wait():
        with file_lock.locked(path, wait=30):
            return threading.get_ident()

    other = private_file.open_lock(path)
    fcntl.flock(other, fcntl.LOCK_EX)
    monkeypatch.setattr(file_lock, "_take", counted)
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(wait) for _ in range(8)]
        assert enough.wait(PATIENCE)
        first = {*asking[:10]}
        fcntl.flock(other, fcntl.LOCK_UN)
        os.close(other)
    assert len(first) == 1
    assert len({each.result() for each in waiting}) == 8


def test_a_refresh_reserves_its_space_neither_in_nor_over_what_a_login_is_writing(store, monkeypatch):
    """R8, R9: both write ``<record>.new``, and a login holds no lease."""
    version = store.save(GRANT, b"one", replaces=None)
    reserving = threading.Thread(target=lambda: lease.reserve(8192))
    stamp = durable_file._stamp

    def begin_to_reserve(fd, path, mtime_ns):
        reserving.start()
        reserving.join(0.2)  # it waits for the lock; without one, it would be done by then
        return stamp(fd, path, mtime_ns)

    monkeypatch.setattr(durable_file, "_stamp", begin_to_reserve)
    with store.lease(GRANT, lasts=1, wait=1) as lease:
        store.save(GRANT, b"two", replaces=version)
        reserving.join()
    assert store.load(GRANT).data == b"two"
    assert os.path.getsize(store.path(GRANT) + ".new") == 8192


def test_a_lease_that_was_held_for_longer_than_it_can_be_needed_is_not_waited_for(store, monkeypatch):
    """R5: its holder is stopped, and each new caller would wait in vain; when it was taken is written on its file."""
    lock = store._lock(GRANT, "refresh")
    before = time.time()
    with store.lease(GRANT, lasts=60, wait=1):
        taken = os.stat(lock).st_mtime
        assert before - 0.1 < taken <= time.time(), "a file's times have steps of some milliseconds"
        clock = clock_of_locks(monkeypatch)
        for age, wait, longer_than in ((50, 2.0, 2), (70, 1.0, 60)):
            os.utime(lock, (clock.now() - age, clock.now() - age))
            began = clock.now()
            with pytest.raises(StoreUnavailable, match=f"more than {longer_than} s"), in_another_queue(store):
                raise AssertionError("two holders")
            assert clock.now() - began == pytest.approx(wait, abs=0.1)
        monkeypatch.undo()
    with store.lease(GRANT, lasts=60, wait=0):
        assert os.stat(lock).st_mtime >= taken


def in_another_queue(store):
    """As another process: not behind the thread of this one that holds the lease."""
    file_lock._queues.clear()
    return store.lease(GRANT, lasts=60, wait=2.0)


OF_ALICE = GRANT._replace(owner="alice")


def linked(store, below):
    """Put a folder of the store elsewhere, and a link in its place; return where it is now."""
    path, there = os.path.join(store.tokens, below).rstrip("/"), f"{store.tokens}-elsewhere"
    os.rename(path, there)
    os.symlink(there, path)
    return there


@pytest.mark.parametrize(("name", "below"), [(GRANT, "google"), (OF_ALICE, "@alice"), (OF_ALICE, "@alice/google")])
def test_a_link_among_the_folders_is_followed_by_no_read_and_no_write(store, name, below):
    """R26, ADR 5: only the tokens as a whole may be elsewhere. The account is listed all the same."""
    version = store.save(name, b"one", replaces=None)
    there = linked(store, below)
    before = sorted(everything(there))
    with store.lease(name, lasts=1, wait=1):
        for act in (
            lambda: store.load(name),
            lambda: store.save(name, b"two", replaces=version),
            lambda: store.save(name, None, replaces=version),
        ):
            with pytest.raises(FileRefused, match="is a symlink, not a folder") as raised:
                act()
            assert raised.value.hint.startswith(f"cp -RpL {store.tokens}/{below} ")
    assert sorted(everything(there)) == before
    assert list(store.names("grant", name.owner)) == [name]
    assert os.system(raised.value.hint) == 0
    assert store.load(name).data == b"one"


def test_of_many_people_no_folders_are_remembered_for_ever(store):
    """R37: an owner who was asked for once takes no memory afterwards."""
    names = [Name("grant", f"owner-{number}", "google/me") for number in range(MOST_PLAIN + 1)]
    for name in names:
        store.save(name, b"x", replaces=None)
        assert store.load(name).data == b"x"
    assert len(store._plain) <= MOST_PLAIN
    assert store.load(names[0]).data == b"x"


def test_a_link_among_the_locks_or_the_notes_is_not_followed(store):
    """R26: a link lets somebody else choose where we write."""
    with store.lease(GRANT, lasts=1, wait=1) as lease:
        lease.write_note(b"newest")
    os.rename(os.path.join(store.notes, "google"), f"{store.notes}-elsewhere")
    os.symlink(f"{store.notes}-elsewhere", os.path.join(store.notes, "google"))
    with pytest.raises(FileRefused, match="symlink"):
        store.note(GRANT)
    linked(store, ".locks")
    with pytest.raises(FileRefused, match="symlink"), store.lease(GRANT, lasts=1, wait=1):
        pass


def test_the_tokens_as_a_whole_may_be_elsewhere(store):
    """ADR 5: people keep a whole folder on another disk."""
    version = store.save(GRANT, b"one", replaces=None)
    linked(store, "")
    assert store.load(GRANT).data == b"one"
    assert store.save(GRANT, b"two", replaces=version) is not None


@pytest.mark.parametrize("place", [leads_nowhere, is_a_file])
@pytest.mark.parametrize(("owner", "below"), [("", "google"), ("alice", "@alice"), ("alice", "@alice/google")])
def test_what_lies_in_the_place_of_accounts_is_told_and_hides_no_other(tmp_path, store, place, owner, below):
    """R30: vanished is not signed out."""
    other = Name("grant", owner, "spotify/me")
    for name in (GRANT._replace(owner=owner), other):
        store.save(name, b"x", replaces=None)
    path = tmp_path / "home" / "tokens" / below
    path.rename(tmp_path / "moved")
    place(path)
    found = []
    with pytest.raises(FileRefused) as raised:
        found.extend(store.names("grant", owner))
    assert str(raised.value).startswith(f"{path} ")
    assert raised.value.hint.startswith("findmnt" if place is leads_nowhere else f"mv {path} ")
    assert found == ([] if below == "@alice" else [other])
    if below != "@alice":
        assert list(store.names("grant", owner, prefix="spotify/")) == [other]
    with pytest.raises(FileRefused):
        list(store.names("grant", owner, prefix="google/"))


def test_a_stray_beside_the_folders_of_providers_hides_nothing(store):
    """A name that could be a provider's, or an owner's, which had no account here."""
    store.save(GRANT, b"x", replaces=None)
    for stray in ("thumbs.db", "@desktop.ini"):
        with open(os.path.join(store.tokens, stray), "w") as file:
            file.write("?")
    os.symlink("nowhere", os.path.join(store.tokens, "old"))
    assert [*store.names("grant")] == [GRANT]
    assert [*store.names("grant", "desktop.ini")] == []


@pytest.mark.parametrize("look", ["load", "version"])
def test_a_file_in_the_place_of_a_folder_is_named_with_what_helps(store, look):
    os.makedirs(store.tokens)
    with open(os.path.join(store.tokens, "google"), "w") as file:
        file.write("?")
    with pytest.raises(StoreUnavailable, match=r"google is a file, not a folder") as raised:
        getattr(store, look)(GRANT)
    assert raised.value.hint == f"mv {store.tokens}/google {store.tokens}/google.odd"
