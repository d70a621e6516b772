"""What a machine remembers of its saves: it tells each loss, once, and nothing that is none."""

import pytest

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

from tokenkit.store import Name
from tokenkit.store.postgres import high_water
from tokenkit.store.postgres.high_water import REMEMBERED, HighWater, Server

NAME = Name("grant", "alice", "google/me@example.com")
SLOT = HighWater.slot(NAME)
SERVER = Server("7", 1)


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "shared" / "id")


@pytest.fixture
def memory(folder):
    memory = HighWater(folder)
    for count in (1, 2, 3):
        memory.saved(NAME, count, f"v{count - 1}", deleted=False)
    return memory


def compare(memory, count, before=None):
    memory.compare(memory.marks() if before is None else before, {SLOT: count}, SERVER)
    return [each.replaced for each in memory.lost]


def reported(memory):
    """Return what is given to be written down for other machines."""
    given = []
    memory.report(given.extend)
    return given


def test_a_count_that_went_back_says_which_saves_are_gone(memory):
    assert compare(memory, 1) == ["v1", "v2"]
    assert [each.name for each in reported(memory)] == [NAME, NAME]
    assert reported(memory) == []


@pytest.mark.parametrize("count", [3, 4, 100])
def test_a_count_that_others_have_moved_on_is_no_loss(memory, count):
    """Another process of this machine saves between the look at the files and that at the database."""
    assert compare(memory, count) == []


def test_what_processes_save_in_turn_is_remembered_of_all(memory, folder):
    """Each keeps what it wrote last in mind, and sees that another has written since."""
    other = HighWater(folder)
    for count in (4, 6, 8):
        other.saved(NAME, count, f"v{count - 1}", deleted=False)
        memory.saved(NAME, count + 1, f"v{count}", deleted=False)
    assert compare(HighWater(folder), 2) == [f"v{number}" for number in range(2, 9)]


def test_a_process_that_saves_alone_reads_its_memory_once(folder, monkeypatch):
    """R37: to read what it has written itself would cost a refresh as much as a statement."""
    read, parsed = [], high_water._parsed
    monkeypatch.setattr(high_water, "_parsed", lambda data: read.append(data) or parsed(data))
    memory = HighWater(folder)
    for count in range(1, 20):
        memory.saved(NAME, count, "", deleted=False)
    assert len(read) <= 1


def test_a_loss_is_told_once_and_to_every_process(memory, folder):
    compare(memory, 2)
    other = HighWater(folder)
    assert compare(other, 2) == compare(memory, 2) == ["v2"]


def test_a_loss_is_given_once_to_be_written_down_for_others(memory, folder):
    """By whichever process asks first: not again at the start of each for a month."""
    compare(memory, 2)
    other = HighWater(folder)
    compare(other, 2)
    assert [each.replaced for each in reported(other)] == ["v2"]
    late = HighWater(folder)
    compare(late, 2)
    assert reported(memory) == reported(late) == reported(other) == []
    assert len(late.lost) == 1


def test_a_loss_that_could_not_be_written_down_is_given_again(memory):
    """The connection ended meanwhile: the next one does it."""
    compare(memory, 2)
    with pytest.raises(ZeroDivisionError):
        memory.report(lambda _: 1 / 0)
    assert [each.replaced for each in reported(memory)] == ["v2"]


def test_saves_after_a_loss_are_none_of_it(memory, folder):
    """Two processes find it at once: the slower one must not take the new saves of the faster one for lost."""
    slow, before = HighWater(folder), memory.marks()
    compare(memory, 1)
    for count in (2, 3, 4):
        memory.saved(NAME, count, f"new{count}", deleted=False)
    assert compare(slow, 1, before) == ["v1", "v2"]
    assert compare(slow, 4) == ["v1", "v2"]


def test_a_database_that_knows_nothing_of_the_machine_has_lost_all_of_it(memory):
    memory.compare(memory.marks(), {}, SERVER)
    assert len(memory.lost) == 3


def test_the_memory_is_bounded(memory):
    for count in range(4, 4 + 2 * REMEMBERED):
        memory.saved(NAME, count, f"v{count - 1}", deleted=False)
    assert len(compare(memory, 0)) == REMEMBERED


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"saves": "x", "at": []}', b'{"last": 5, "saves": 9, "at": 9e9}']
)
def test_a_damaged_memory_fails_no_save(memory, folder, damage):
    """It reports, and that is all: it is not worth a refresh."""
    with open(f"{folder}/saves-{SLOT:02}.json", "wb") as file:
        file.write(damage)
    memory.saved(NAME, 4, "v3", deleted=False)


def test_a_folder_that_cannot_be_written_fails_no_save(tmp_path):
    (tmp_path / "file").write_text("")
    HighWater(str(tmp_path / "file" / "below")).saved(NAME, 1, None, deleted=False)


def test_the_memory_of_long_ago_is_none(memory, monkeypatch):
    """The database forgets the counts of a machine that was away for half a year: that is no loss."""
    from tokenkit.store.postgres import high_water

    later = high_water.time.time() + high_water.KEPT
    monkeypatch.setattr(high_water.time, "time", lambda: later)
    memory.compare(memory.marks(), {}, SERVER)
    assert memory.lost == ()


def test_the_id_of_a_machine_is_drawn_once(memory, folder):
    assert HighWater(folder).machine == memory.machine
    assert HighWater(folder + "2").machine != memory.machine


def test_an_owner_who_is_deleted_is_forgotten_and_the_others_are_not(memory):
    other = NAME._replace(owner="bob")
    memory.saved(other, 4, "b", deleted=False)
    counts = {SLOT: 2, HighWater.slot(other): 3}
    memory.compare(memory.marks(), counts, SERVER)
    assert {each.name.owner for each in memory.lost} == {"alice", "bob"}
    memory.saved(NAME, 3, "v", deleted=False)
    memory.forget("alice")
    assert {each.name.owner for each in memory.lost} == {"bob"}
    memory.compare(memory.marks(), {}, SERVER)
    assert "alice" not in {each.name.owner for each in memory.lost}
