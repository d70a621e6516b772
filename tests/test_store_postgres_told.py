"""What a process remembers of the saves that it was told of (R10)."""

import pytest

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

from tokenkit.store.postgres import told as told_module
from tokenkit.store.postgres.told import Told


def known(told):
    values = told.values()
    return [*zip(values["digests"], values["dates"], values["deleted"], strict=True)]


def test_the_newest_save_of_a_record_is_kept_and_its_digests_are_returned():
    told = Told()
    assert told.add("aa bb 1795.25") == ["aa", "bb"]
    told.add("cc bb 1796 -")
    told.add("aa bb 1794.5")
    assert known(told) == [("cc", 1796.0, True), ("aa", 1795.25, False)]


@pytest.mark.parametrize("odd", ["", "aa", "aa bb", "aa bb -", "aa bb soon"])
def test_what_has_no_date_is_a_change_all_the_same(odd):
    """Every role of the database may send messages."""
    told = Told()
    assert told.add(odd) == odd.split()[:2]
    assert known(told) == []


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(told_module, "MOST", 2)
    told = Told()
    for digest in ("aa", "bb", "cc"):
        told.add(f"{digest} all 1.0")
    assert [digest for digest, *_ in known(told)] == ["bb", "cc"]
