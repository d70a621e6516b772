"""Those who seal hold their lock from the first record on, also many that begin at once on a new machine (R29)."""

import errno
import os
import threading
from pathlib import Path

import pytest
from tokenkit import Account
from tokenkit.errors import StoreUnavailable
from tokenkit.grant import Grant
from tokenkit.keys import file
from tokenkit.os_errors import unavailable
from tokenkit.store import file_lock
from tokenkit.store.files import FileStore
from tokenkit.token import AccessToken, Secret

from scripted import ScriptedKit


def test_a_folder_that_another_makes_in_between_fails_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R29: one caller of fifty was refused, for the data folder was missing when it looked and there a moment later."""
    folder = tmp_path / "share" / "tokenkit"
    really_open = file_lock.open_lock
    tries: list[str] = []

    def open_lock(path: str) -> int:
        tries.append(path)
        if len(tries) == 1:
            folder.mkdir(parents=True, mode=0o700)  # by another, just after this one has looked
            raise unavailable(path, OSError(errno.ENOENT, "No such file or directory"))
        return really_open(path)

    monkeypatch.setattr(file_lock, "open_lock", open_lock)
    with file.sealing(str(folder), alone=False):
        pass
    assert len(tries) == 2


def test_the_lock_is_held_while_the_first_record_of_a_machine_is_sealed(tmp_path: Path) -> None:
    """R29: no key is dropped under it, though the folder of the keys is made by it."""
    folder = str(tmp_path / "share" / "tokenkit")
    with file.sealing(folder, alone=False):
        with (
            pytest.raises(StoreUnavailable, match="locked"),
            file_lock.locked(f"{folder}/.sealing.lock", wait=0.0),
        ):
            pass
        assert os.stat(folder).st_mode & 0o777 == 0o700


def test_many_that_save_first_on_a_new_machine_are_all_saved(tmp_path: Path, home: Path) -> None:
    """R29: real files, and no folder of ours there before."""
    kit = ScriptedKit(tmp_path, store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")))
    begin = threading.Barrier(16)
    failed: list[Exception] = []

    def save(number: int) -> None:
        begin.wait()
        grant = Grant("scripted", {"": AccessToken(f"token-{number}")}, Secret("refresh"))
        try:
            kit.records.save(Account("scripted", f"me{number}"), grant, replaces=None)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(kit.accounts()) == 16
