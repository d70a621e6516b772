"""Accidents and partial edits of a log show, and writers in any number of processes keep it whole."""

import multiprocessing
import os
import stat
import threading

import pytest
from tokenkit import chained_log
from tokenkit.errors import FileRefused, StoreUnavailable
from tokenkit.store.file_lock import locked

from patience import PATIENCE

HOUR = 3600.0


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "log")


def write(log, *texts, now=1_000_000.0):
    writer = chained_log.Writer(log)
    for text in texts:
        writer.do(lambda log, text=text: log.append({"text": text}, now))


def told(log):
    return [line.entry["text"] if line.entry else None for line in chained_log.lines(log)]


def unsound(log):
    return [line.number for line in chained_log.lines(log) if not line.sound]


def edit(log, change):
    path = chained_log.segments(log)[0]
    with open(path) as file:
        lines = file.read().split("\n")
    change(lines)
    with open(path, "w") as file:
        file.write("\n".join(lines))


def test_what_was_appended_is_read_in_order_and_is_sound(log):
    write(log, "a", "b", "c")
    assert told(log) == ["a", "b", "c"]
    assert unsound(log) == []


def test_of_many_lines_those_with_some_members_are_parsed_alone(log, monkeypatch):
    """R37: a page of one person's accounts reads the log of everybody's."""
    write(log, "a", "b\u00e9", "c", "b\u00e9")
    edit(log, lambda lines: lines.insert(1, lines[1][:-20]))
    parsed, original = [], chained_log._parsed
    monkeypatch.setattr(chained_log, "_parsed", lambda body: parsed.append(body) or original(body))
    assert [entry["text"] for entry in chained_log.entries(log, text="b\u00e9")] == ["b\u00e9", "b\u00e9"]
    assert len(parsed) == 3, "the third is the one that is torn"
    assert list(chained_log.entries(log, text="b")) == list(chained_log.entries(log, more="a")) == []


def test_a_log_that_was_never_written_has_no_lines(log):
    assert list(chained_log.lines(log)) == []


def test_a_changed_line_shows(log):
    write(log, "a", "b", "c")
    edit(log, lambda lines: lines.__setitem__(1, lines[1].replace('"b"', '"x"')))
    assert unsound(log) == [2]


def test_a_changed_first_line_shows(log):
    write(log, "a", "b")
    edit(log, lambda lines: lines.__setitem__(0, lines[0].replace('"a"', '"x"')))
    assert unsound(log) == [1]


def test_a_removed_line_shows(log):
    write(log, "a", "b", "c")
    edit(log, lambda lines: lines.pop(1))
    assert unsound(log) == [2]


def test_an_inserted_line_shows(log):
    write(log, "a", "b", "c")
    edit(log, lambda lines: lines.insert(1, lines[2]))
    assert unsound(log) == [2, 3]


def test_what_a_killed_writer_left_shows_and_the_next_line_is_whole(log):
    write(log, "a", "b")
    path = chained_log.segments(log)[0]
    os.truncate(path, os.path.getsize(path) - 9)
    write(log, "c")
    assert told(log) == ["a", None, "c"]
    assert unsound(log) == [2]


def test_a_full_segment_is_followed_by_another_that_is_chained_to_it(log, monkeypatch):
    monkeypatch.setattr(chained_log, "SEGMENT_SIZE", 200)
    write(log, *"abcdefgh")
    assert len(chained_log.segments(log)) > 2
    assert told(log) == list("abcdefgh")
    assert unsound(log) == []


def test_one_batch_of_lines_goes_through_several_segments(log, monkeypatch):
    monkeypatch.setattr(chained_log, "SEGMENT_SIZE", 200)
    chained_log.Writer(log).do(lambda log: [log.append({"text": text}, 1_000_000.0) for text in "abcdefgh"])
    assert len(chained_log.segments(log)) > 2
    assert told(log) == list("abcdefgh")
    assert unsound(log) == []


def test_a_line_that_found_no_room_shows_and_the_next_of_its_batch_is_whole(log, monkeypatch):
    whole = os.write

    def batch(log):
        log.append({"text": "a"}, 1_000_000.0)
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda fd, line: whole(fd, line[:9]))
            log.append({"text": "b"}, 1_000_000.0)
        log.append({"text": "c"}, 1_000_000.0)

    chained_log.Writer(log).do(batch)
    assert told(log) == ["a", None, "c"]
    assert unsound(log) == [2]


def test_an_old_segment_is_followed_by_another(log):
    write(log, "a", now=0.0)
    write(log, "b", now=chained_log.SEGMENT_LASTS)
    assert len(chained_log.segments(log)) == 2
    assert unsound(log) == []


def test_a_lost_segment_shows(log, monkeypatch):
    monkeypatch.setattr(chained_log, "SEGMENT_SIZE", 1)
    write(log, "a", "b", "c")
    os.unlink(chained_log.segments(log)[1])
    assert [line.sound for line in chained_log.lines(log)] == [True, False]


def test_the_oldest_segment_goes_and_the_rest_is_sound(log, monkeypatch):
    monkeypatch.setattr(chained_log, "SEGMENT_SIZE", 1)
    monkeypatch.setattr(chained_log, "SEGMENTS", 3)
    write(log, *"abcdef")
    assert told(log) == ["d", "e", "f"]
    assert unsound(log) == []


def test_nothing_is_kept_beyond_its_time(log):
    for month in range(20):
        write(log, str(month), now=month * chained_log.SEGMENT_LASTS)
    assert told(log)[0] != "0"
    begun = [int(os.path.basename(path).split(".")[0]) for path in chained_log.segments(log)]
    assert begun[1] >= 19 * chained_log.SEGMENT_LASTS - chained_log.KEPT


def test_a_clock_that_went_back_neither_breaks_the_chain_nor_begins_a_segment(log):
    write(log, "a", now=1_000_000.0)
    write(log, "b", now=10.0)
    assert told(log) == ["a", "b"]
    assert unsound(log) == []


def test_files_and_folders_are_private_under_any_umask(log):
    before = os.umask(0)
    try:
        write(log, "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(log).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(chained_log.segments(log)[0]).st_mode) == 0o600


def _write_many(log, who):
    write(log, *(f"{who}-{number}" for number in range(25)))


def test_many_processes_at_once_lose_no_line_and_break_no_chain(log, monkeypatch):
    monkeypatch.setattr(chained_log, "SEGMENT_SIZE", 4000)
    monkeypatch.setattr(chained_log, "LOCK_WAIT", 60.0)
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_write_many, args=(log, who)) for who in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(told(log)) == sorted(f"{who}-{number}" for who in range(6) for number in range(25))
    assert unsound(log) == []


def test_who_comes_while_another_thread_writes_leaves_the_line_to_that_one(log):
    """A crowd that is refreshed at once does not queue up for a log."""
    writer = chained_log.Writer(log)
    writing, go_on = threading.Event(), threading.Event()

    def slow(log):
        writing.set()
        assert go_on.wait(PATIENCE)
        log.append({"text": "first"}, 1_000_000.0)

    thread = threading.Thread(target=writer.do, args=(slow,))
    thread.start()
    assert writing.wait(PATIENCE)
    writer.do(lambda log: log.append({"text": "second"}, 1_000_000.0))
    assert told(log) == []
    go_on.set()
    thread.join()
    assert told(log) == ["first", "second"]
    assert unsound(log) == []


def test_work_that_fails_takes_nobody_elses_line_along(log):
    """A file in the place of one account's marker loses no line of another account."""
    writer = chained_log.Writer(log)

    def fail(_log):
        writer.do(lambda log: log.append({"text": "behind"}, 1_000_000.0))
        raise FileRefused("it is a folder")

    with pytest.raises(FileRefused, match="a folder"):
        writer.do(fail)
    writer.do(lambda log: log.append({"text": "next"}, 1_000_000.0))
    assert told(log) == ["behind", "next"]


def test_without_the_lock_what_waits_is_lost_and_does_not_pile_up(log, monkeypatch):
    monkeypatch.setattr(chained_log, "LOCK_WAIT", 0.0)
    writer = chained_log.Writer(log)
    write(log, "first")
    with locked(os.path.join(log, ".lock"), wait=0), pytest.raises(StoreUnavailable):
        writer.do(lambda log: log.append({"text": "lost"}, 1_000_000.0))
    writer.do(lambda log: log.append({"text": "next"}, 1_000_000.0))
    assert told(log) == ["first", "next"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_a_line_is_written_writes_its_own_lines_and_not_the_parents(log):
    """R7: a child holds no lock of a thread that it does not have."""
    writer = chained_log.Writer(log)
    (ready, go), children = os.pipe(), []

    def fork(log):
        writer.do(lambda log: log.append({"text": "of the parent"}, 1_000_000.0))
        children.append(os.fork())
        if children == [0]:
            os.read(ready, 1)
            writer.do(lambda log: log.append({"text": "of the child"}, 1_000_000.0))
            os._exit(0)

    writer.do(fork)
    os.write(go, b"!")
    assert os.waitpid(*children, 0)[1] == 0
    assert told(log) == ["of the parent", "of the child"]


def test_a_segment_that_was_begun_and_has_no_line_breaks_no_chain(log):
    """The disk was full, or a kill came, between its creation and its first line, which names what came before it."""
    write(log, "a", "b")
    os.close(os.open(os.path.join(log, "000009999999.jsonl"), os.O_CREAT | os.O_WRONLY, 0o600))
    write(log, "c")
    assert told(log) == ["a", "b", "c"]
    assert unsound(log) == []


def test_a_link_in_the_place_of_the_logs_folder_is_told_and_not_taken_for_an_empty_log(log):
    """R26: no writer follows it, so nothing has been written since it is there."""
    write(log, "a")
    os.rename(log, f"{log}.aside")
    os.symlink(f"{log}.aside", log)
    for look in (lambda: write(log, "b"), lambda: told(log)):
        with pytest.raises(FileRefused, match="is a symlink, not a folder") as raised:
            look()
        assert raised.value.hint.startswith(f"cp -RpL {log} ")
    assert os.system(raised.value.hint) == 0
    assert told(log) == ["a"]
