"""Who asked for an account's token on which machine of a fleet can be read on each of them."""

import json
import os
import time

import pytest
from tokenkit.activity import Activity
from tokenkit.cli.app import main
from tokenkit.errors import StoreUnavailable
from tokenkit.grants.owner_erasure import erase_owner
from tokenkit.store.postgres.activity import KEPT, MOST

from fleet import ME, ask, authority, database, expire, machine, sign_in, url  # noqa: F401

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

pytestmark = pytest.mark.real


def told(kit, owner=None):
    return [(line["event"], line.get("owner", "")) for line in kit.activity.others.lines(owner)]


def test_what_happened_on_one_machine_is_read_on_another(machine, authority):  # noqa: F811
    first, second = machine("a"), machine("b")
    sign_in(first, authority)
    first.token("google")
    first.logout(str(ME))
    assert told(second) == [("signed_in", ""), ("used", ""), ("signed_out", "")]
    (line, *_) = second.activity.others.lines()
    assert line["account"] == str(ME)
    assert line["machine"]


def test_each_owner_reads_their_own(machine, authority):  # noqa: F811
    """R37: and who asks for all is who keeps them all."""
    kit = machine("a")
    for owner in ("alice", "bob"):
        sign_in(kit.for_owner(owner), authority)
    assert told(machine("b"), "alice") == [("signed_in", "alice")]
    assert told(machine("b")) == [("signed_in", "alice"), ("signed_in", "bob")]


def test_of_what_happens_again_and_again_the_last_is_kept(machine, authority, database):  # noqa: F811
    kit = machine("a")
    sign_in(kit, authority)
    for at in (1.0, 2.0, 3.0):
        kit.activity.others.tell({"event": "used", "account": str(ME), "program": "agenda", "at": at})
    kit.activity.others.tell({"event": "refreshed", "account": str(ME), "program": "agenda", "at": 4.0})
    uses = [line["at"] for line in kit.activity.others.lines() if line["event"] == "used"]
    assert uses == [3.0]
    assert "refreshed" not in dict(told(kit))


def test_the_database_sees_no_line_in_clear(machine, authority, database):  # noqa: F811
    kit = machine("a")
    kit.activity.others.tell({"event": "used", "account": str(ME), "program": "secretive", "at": time.time()})
    (row,) = ask(database, "SELECT convert_from(line, 'UTF8') FROM tokenkit.activity")
    assert "secretive" not in row[0]


def test_a_line_that_is_moved_to_another_owner_is_left_out(machine, authority, database):  # noqa: F811
    kit = machine("a")
    sign_in(kit.for_owner("alice"), authority)
    assert len(kit.activity.others.lines("alice")) == 1
    ask(database, "UPDATE tokenkit.activity SET owner = 'bob'")
    assert kit.activity.others.lines("bob") == []


def test_many_are_told_at_once_in_the_background_and_none_is_lost_at_the_end(machine, authority, database):  # noqa: F811
    from tokenkit import TokenKit

    kit = TokenKit(environ=machine("a").configured.environ)
    for number in range(50):
        kit.activity.others.tell({"event": "signed_in", "account": f"google/{number}", "at": time.time()})
    kit.close()
    assert len(told(machine("b"))) == 50


def test_old_lines_are_deleted_and_a_question_brings_the_newest(machine, database):  # noqa: F811
    kit = machine("a")
    ask(
        database,
        "INSERT INTO tokenkit.activity SELECT '', '', convert_to(n::text, 'UTF8'), "
        f"now() - interval '{int(KEPT) + 60} seconds', '' FROM generate_series(1, 5) AS n",
    )
    kit.activity.others.tell({"event": "signed_in", "account": str(ME), "at": 9e9})
    assert ask(database, "SELECT count(*) FROM tokenkit.activity") == [(1,)]
    ask(
        database,
        "INSERT INTO tokenkit.activity SELECT '', '', convert_to(n::text, 'UTF8'), now(), '' "
        f"FROM generate_series(1, {MOST + 10}) AS n",
    )
    assert len(kit.records.store.activity.recent()) == MOST
    assert told(kit) == [("signed_in", "")]  # what does not open is left out


def test_a_database_that_is_away_fails_no_caller(machine, monkeypatch):  # noqa: F811
    kit = machine("a")

    def away(*_):
        raise StoreUnavailable("away")

    monkeypatch.setattr(kit.records.store.activity, "add", away)
    kit.activity.record("signed_in", ME)
    kit.activity.flush()


def test_nothing_is_told_where_the_log_is_switched_off(machine, authority):  # noqa: F811
    kit = machine("a")
    kit.configured.environ["TOKENKIT_ACTIVITY"] = "off"
    sign_in(kit, authority)
    assert told(kit) == []


def test_an_owner_that_is_deleted_leaves_no_line(machine, authority):  # noqa: F811
    kit = machine("a")
    alice = kit.for_owner("alice")
    sign_in(alice, authority)
    list(erase_owner(alice.refresher, kit.context))
    assert told(kit, "alice") == []


def test_what_other_machines_say_of_an_owner_after_that_leaves_none_either(machine, authority, database, run):  # noqa: F811
    """Nor does the line that says so: nothing that names the owner would be erased by a command again."""
    kit, other = machine("a"), machine("b")
    for owner in ("alice", "bob"):
        sign_in(kit.for_owner(owner), authority)
    assert run(kit, "owner", "delete", "alice", "--yes")[0] == 0
    for owner in ("alice", "bob"):
        other.for_owner(owner).activity.record("refresh_failed", ME._replace(owner=owner), error="ProviderUnavailable")
    assert set(ask(database, "SELECT owner FROM tokenkit.activity")) == {(b"bob",)}
    sign_in(kit.for_owner("alice"), authority)
    assert told(kit, "alice") == [("signed_in", "alice")], "who comes back begins anew"


@pytest.fixture
def run(machine, monkeypatch, capfd):  # noqa: F811
    def run(kit, *arguments):
        for name, value in kit.configured.environ.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return ended.value.code or 0, *capfd.readouterr()

    return run


def test_the_command_shows_what_all_machines_have_told(machine, authority, run):  # noqa: F811
    sign_in(machine("a"), authority)
    other = machine("b")
    assert "signed_in" not in run(other, "log")[1]
    code, out, _ = run(other, "log", "--all-machines", "--json")
    assert code == 0
    assert json.loads(out)["event"] == "signed_in"
    assert f"machine={os.uname().nodename}" in run(other, "log", "--all-machines")[1]


def test_the_command_says_where_there_is_only_one_machine(machine, run):  # noqa: F811
    code, _, err = run(machine("a", url=""), "log", "--all-machines")
    assert code == 2
    assert "the records are files" in err


def test_the_dashboard_knows_the_last_use_on_any_machine(machine, authority):  # noqa: F811
    pytest.importorskip("starlette")
    from tokenkit.web.last_use import last_uses

    first, second = machine("a"), machine("b")
    sign_in(first, authority)
    first.token("google")
    assert last_uses(second)[str(ME)].at == last_uses(first)[str(ME)].at


def test_a_machine_alone_tells_nobody(home):
    from tokenkit import TokenKit

    kit = TokenKit()
    assert isinstance(kit.activity, Activity)
    assert kit.activity.others is None
