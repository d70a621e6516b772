"""What a process remembers of the saves that it was told of (R10)."""

from hashlib import sha256

import pytest

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

from tokenkit.store.postgres import told as told_module
from tokenkit.store.postgres.told import Told

STORE = "3b241101-e2bb-4255-8caf-4136c566a962"


def proved(said, store=STORE):
    """What the tables tell, with the proof that they append."""
    return f"{said} {sha256(f'{store} {said} {store}'.encode()).hexdigest()[:24]}"


def known(told):
    values = told.values()
    return [*zip(values["digests"], values["dates"], values["deleted"], strict=True)]


def test_the_newest_save_of_a_record_is_kept_and_its_digests_are_returned():
    told = Told()
    assert told.add(proved("aa bb 1795.25"), STORE) == ["aa", "bb"]
    told.add(proved("cc bb 1796 -"), STORE)
    told.add(proved("aa bb 1794.5"), STORE)
    assert known(told) == [("cc", 1796.0, True), ("aa", 1795.25, False)]


@pytest.mark.parametrize("odd", ["", "aa", "aa bb", "aa bb -", "aa bb soon"])
def test_what_has_no_date_is_a_change_all_the_same(odd):
    told = Told()
    assert told.add(odd, STORE) == odd.split()[:2]
    told.add(proved(odd), STORE)
    assert known(told) == []


OTHER = "9d2a2ed1-e092-4255-8caf-4136c566a962"


@pytest.mark.parametrize(
    "odd",
    [
        "aa bb 1795.25",
        "aa bb 1795.25 -",
        "aa bb 1795.25 " + "0" * 24,
        "aa bb 1795.25 é",
        proved("aa bb 1795.25", OTHER),
        proved("aa bb 1795.25").replace("5.25", "9.25"),
        proved("aa bb 1795.25").replace("aa", "cc"),
        proved("aa bb 1795.25 -").replace(" -", ""),
    ],
)
def test_a_date_without_its_proof_is_not_believed_and_a_change_all_the_same(odd):
    """R10: every role of the database may send messages."""
    told = Told()
    assert told.add(odd, STORE) == odd.split()[:2]
    assert known(told) == []


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(told_module, "MOST", 2)
    told = Told()
    for digest in ("aa", "bb", "cc"):
        told.add(proved(f"{digest} all 1.0"), STORE)
    assert [digest for digest, *_ in known(told)] == ["bb", "cc"]
