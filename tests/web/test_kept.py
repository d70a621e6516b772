"""A dashboard whose disk fails while a person is at the provider says so, and keeps what they granted (R9)."""

import pytest
from tokenkit.errors import StoreUnavailable
from tokenkit.store.files import FileStore
from world_of_web import World


@pytest.fixture
def failing(monkeypatch):
    """Let no grant be written; call it to make the disk well again."""
    save = FileStore.save

    def refuse(self, name, data, *, replaces, due=None):
        if name.kind == "grant" and data is not None:
            raise StoreUnavailable("the disk failed", hint="dmesg | tail")
        return save(self, name, data, replaces=replaces)

    def fail():
        monkeypatch.setattr(FileStore, "save", refuse)

    def heal():
        monkeypatch.setattr(FileStore, "save", save)

    yield fail, heal
    heal()


def test_the_person_is_told_and_the_account_is_there_once_the_disk_is_well(world: World, failing) -> None:
    """R9: nobody has to consent again."""
    fail, heal = failing
    me = world.visitor()
    back = world.authority.approve(me.start("google"))
    fail()
    answer = me.come_back(back)
    assert answer.status_code == 503
    assert "It is kept in memory, and stored as soon as that works" in answer.text
    assert "do not stop this program before" in answer.text
    assert "Not stored yet" in answer.text
    assert "You can begin again" not in answer.text
    assert world.accounts() == []
    heal()
    world.kit.refresher.unsaved.try_all()
    assert world.accounts() == ["google/me@example.com"]
    assert world.kit.token("google")
    assert world.kit.refresher.unsaved.accounts == []


def test_where_nothing_waits_the_person_is_told_that_nothing_was_stored(world: World, failing) -> None:
    """The answer was not used: the disk failed before anything was exchanged."""
    me = world.visitor()
    back = world.authority.approve(me.start("google"))

    def away(*_, **__):
        raise StoreUnavailable("the disk failed")

    world.kit.records.store.names = away  # type: ignore[method-assign]
    answer = me.come_back(back)
    assert answer.status_code == 503
    assert "The account could not be stored on this computer." in answer.text
    assert "kept in memory" not in answer.text
