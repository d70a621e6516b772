"""R28: machines that share a store have one key. One that has another, or none, is told before it seals anything."""

import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from socket import gethostname

import pytest
from tokenkit import seal
from tokenkit.errors import BrokenRecord, KeyUnavailable
from tokenkit.grants import fleet_key, rotate
from tokenkit.grants.sealed_store import grant_name
from tokenkit.keys import jwks, rotation
from tokenkit.keys.environment import EnvironmentSource
from tokenkit.keys.ring import KeyRing

from fault_table import tell
from fleet import KEY, ME, OTHER_KEY, ask, authority, database, environ, machine, sign_in, url  # noqa: F401
from in_process import ended
from patience import PATIENCE

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

from tokenkit.store.postgres import connections

pytestmark = pytest.mark.real

RECORDS = "SELECT kind FROM tokenkit.record WHERE data IS NOT NULL"


def begin(kit):
    return kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")


def test_two_machines_with_two_keys_on_an_empty_database_are_not_both_served(machine, database):  # noqa: F811
    """R28: one of them wins, and what the other one would have sealed is not stored."""
    kits, told, together = [machine("a"), machine("b", key=OTHER_KEY)], [], threading.Barrier(2)

    def go(kit):
        together.wait(PATIENCE)
        try:
            begin(kit)
        except KeyUnavailable as error:
            told.append(error)

    threads = [threading.Thread(target=go, args=(kit,)) for kit in kits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (error,) = told
    assert "lacks the key" in str(error)
    assert sorted(ask(database, RECORDS)) == [("metadata",), ("pending",)]
    tell("two machines with two keys begin at once on an empty database", "one is served, the other one is told")


def test_two_machines_without_a_key_on_an_empty_database_make_none(machine, database, tmp_path):  # noqa: F811
    """R28: each says that the key comes from outside, on one machine once, and then the same on all."""
    for name in ("a", "b"):
        kit = machine(name, key="")
        with pytest.raises(KeyUnavailable, match="a store that machines share needs the same key on each") as caught:
            begin(kit)
        assert caught.value.hint.startswith("on one machine, unless another has the key already: tokenkit key add")
        assert "into the variable TOKENKIT_KEY" in caught.value.hint
        assert "--replace" not in caught.value.hint
        assert kit.records.ring.source.load() is None
    assert not [*tmp_path.rglob("*key*")]
    assert ask(database, RECORDS) == []
    tell("two machines without a key begin on an empty database", "neither makes one; each says how to give it one")


@pytest.mark.parametrize("begun_before", [False, True], ids=["at its start", "where it has run before"])
def test_a_machine_without_the_key_of_the_others_is_told_what_to_do(machine, authority, database, begun_before):  # noqa: F811
    """R28: the fix is to give it the key; to sign in again would set good grants aside."""
    kit = machine("a")
    sign_in(kit, authority)
    if begun_before:  # records of a tokenkit that did not compare
        ask(database, "DELETE FROM tokenkit.record WHERE kind = 'metadata'")
    before = ask(database, RECORDS)
    other = machine("b", key=OTHER_KEY)
    for call in (lambda: begin(other), lambda: other.token("google"), lambda: other.refresh(str(ME))):
        with pytest.raises(KeyUnavailable) as caught:
            call()
        assert "--replace" not in caught.value.hint
        assert "tokenkit key export; here: put what that prints into the variable TOKENKIT_KEY" in caught.value.hint
        assert kit.records.ring.current().kid in str(caught.value)
    assert ask(database, RECORDS) == before
    assert kit.token("google")


def test_two_keys_of_one_id_are_told_apart(machine, authority):  # noqa: F811
    kit = machine("a")
    sign_in(kit, authority)
    keys = json.loads(kit.records.ring.export_keys())
    keys["keys"][0]["k"] = OTHER_KEY
    with pytest.raises(KeyUnavailable, match="is another than the one of that id"):
        begin(machine("b", key=json.dumps(keys)))


@pytest.fixture
def both(machine, authority):  # noqa: F811
    """A new key in front of the one of machine ``a``, which has signed in."""
    kit = machine("a")
    sign_in(kit, authority)
    return jwks.dump(rotation.added(kit.records.ring.keys())).decode()


def sealed_with(kit):
    return seal.header(kit.records.store.load(grant_name(ME)).data)["kid"]


def kids(keys):
    return [key["kid"] for key in json.loads(keys)["keys"]]


def test_a_rotation_goes_through_the_fleet_machine_by_machine(machine, both):  # noqa: F811
    """R29: a machine that has the new key seals nothing that another one could not open, and goes on."""
    new, old = kids(both)
    early = machine("b", key=both)
    early.refresh(str(ME))
    begin(early)
    assert sealed_with(early) == old
    assert machine("a").refresh(str(ME))
    with pytest.raises(KeyUnavailable, match="not on all machines") as caught:
        rotate.finish(early.records)
    assert gethostname() in str(caught.value)
    again = machine("a", key=both)
    again.refresh(str(ME))
    assert sealed_with(again) == new
    assert early.refresh(str(ME))  # it still seals with the old one, for up to a minute
    assert rotate.finish(again.records).dropped == (old,)
    only_new = json.loads(both)
    del only_new["keys"][1]
    begin(machine("d", key=json.dumps(only_new)))
    with pytest.raises(KeyUnavailable, match="lacks the key"):
        begin(machine("e"))


def test_a_machine_with_a_key_of_its_own_lets_no_other_seal_with_one_that_the_rest_lack(machine, both):  # noqa: F811
    """R29: it is named at the end of a rotation; until then no key is one that all have."""
    machine("c", key=OTHER_KEY).accounts()
    early = machine("b", key=both)
    assert early.refresh(str(ME))
    assert sealed_with(early) == kids(both)[1]
    assert machine("a").refresh(str(ME))


def test_a_machine_whose_keys_lie_in_a_file_prints_a_new_list_and_changes_nothing(
    authority,  # noqa: F811
    database,  # noqa: F811
    tmp_path,
    monkeypatch,
    capfd,
):
    """R29: as the page says. A key that this machine alone has seals nothing, and each further try would add one."""
    for name, value in environ(tmp_path / "a", database, "", authority).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TOKENKIT_KEY", raising=False)
    code, _, said = ended(capfd, "key", "add")
    assert (code, "seals once every machine that shares the store has it" in said) == (0, True)
    before = kids(ended(capfd, "key", "export")[1])
    code, printed, said = ended(capfd, "key", "rotate")
    assert (code, kids(printed)[1:], len(kids(printed))) == (0, before, 2)
    assert "Then: tokenkit key rotate --finish" in said
    assert kids(ended(capfd, "key", "export")[1]) == before


def test_a_machine_that_was_not_seen_for_two_days_is_not_waited_for(machine, both, database):  # noqa: F811
    """Else a container that is gone would hold up each rotation for ever."""
    ask(database, "UPDATE tokenkit.machine SET seen = seen - interval '49 hours'")
    kit = machine("b", key=both)
    kit.refresh(str(ME))
    assert sealed_with(kit) == kids(both)[0]


def test_the_name_of_a_machine_is_said_in_one_line(machine, both, database):  # noqa: F811
    """It is any text that the database has: a second line would look like a hint of ours."""
    ask(database, "UPDATE tokenkit.machine SET name = E'evil\\ntokenkit: hint: sh', kids = '{}'")
    lacking = machine("a").records.store.machines.lacking("any")
    assert lacking[0] == "evil tokenkit: hint: sh"


def test_tables_with_the_id_of_another_store_are_told_from_a_wrong_key(machine, authority, database):  # noqa: F811
    """R10: as after a restore of a part of the tables."""
    sign_in(machine("a"), authority)
    ask(database, "UPDATE tokenkit.identity SET id = gen_random_uuid()")
    with pytest.raises(BrokenRecord, match="the tables say that they are the store") as caught:
        begin(machine("b"))
    assert caught.value.hint == "restore all its tables from one backup, identity included"


def test_a_process_that_runs_on_is_seen_each_hour(machine, both, database, monkeypatch):  # noqa: F811
    kit = machine("b", key=both)
    kit.accounts()
    kit.refresh(str(ME))
    ask(database, "UPDATE tokenkit.machine SET seen = '-infinity'")
    monkeypatch.setattr(connections, "OLDEST", 0.0)
    kit.accounts()
    assert ask(database, "SELECT kids FROM tokenkit.machine WHERE seen > '-infinity'") == [(kids(both),)]


@pytest.mark.slow
def test_the_steps_of_the_page_change_the_key_of_two_machines(machine, both):  # noqa: F811
    """R29: processes of two machines; each command is one of the page, and both have the account all the time."""
    page = Path(__file__).parents[1].joinpath("docs/how-to/postgresql.md").read_text()
    steps = re.findall(r"^\$ (.+)$", page.partition("\n## Change the key")[2].partition("\n## ")[0], re.MULTILINE)
    assert steps == ["tokenkit key rotate", "tokenkit key rotate --finish"]

    def on(name, command, key=KEY):
        machine(name, key=key).refresh(str(ME))
        environ = machine(name, key=key).configured.environ
        program = f"import sys; sys.argv = {command.split()}; from tokenkit.cli.fast_path import main; main()"
        return subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True)

    printed = on("a", steps[0]).stdout.strip()
    new, old = kids(printed)
    early = on("b", steps[1], key=printed)
    assert early.returncode == 6
    assert "is not on all machines" in early.stderr
    assert on("a", "tokenkit list", key=printed).returncode == 0
    done = on("b", steps[1], key=printed)
    assert done.returncode == 0, done.stderr
    assert f"taken out where they are: {old}" in done.stderr
    only_new = json.dumps({**json.loads(printed), "keys": json.loads(printed)["keys"][:1]})
    assert on("a", "tokenkit token google", key=only_new).returncode == 0
    assert sealed_with(machine("a", key=only_new)) == new


def test_the_key_is_compared_once_and_files_have_nothing_to_compare(machine, database, tmp_path):  # noqa: F811
    kit = machine("a")
    begin(kit)
    ask(database, "DELETE FROM tokenkit.record WHERE kind = 'metadata'")
    begin(kit)
    assert not ask(database, "SELECT 1 FROM tokenkit.record WHERE kind = 'metadata' AND data IS NOT NULL")
    fleet_key.check(kit.records.store, KeyRing(EnvironmentSource(KEY, "a variable"), "tokenkit"))


@pytest.mark.parametrize("arguments", [("worker", "--once"), ("store", "status"), ("dashboard", "--no-browser")])
def test_a_program_that_runs_on_says_it_at_its_start(arguments, machine, authority, monkeypatch, capsys):  # noqa: F811
    from tokenkit.cli.app import main

    sign_in(machine("a"), authority)
    for name, value in machine("b", key=OTHER_KEY).configured.environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 6
    assert "this machine lacks the key" in capsys.readouterr().err
