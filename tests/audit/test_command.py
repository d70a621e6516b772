"""``tokenkit audit``: what it prints, what it ends with, and that it asks before it hints."""

import json
import re
import stat

import pytest
from faults import spoil
from house import GOOGLE, SPOTIFY
from tokenkit.activity import Activity
from tokenkit.audit import inventory
from tokenkit.cli import app
from tokenkit.cli.app import SECTIONS, main

pytestmark = pytest.mark.slow


@pytest.fixture
def audit(house, monkeypatch, capsys):
    """Run the command in this process; returns exit code, stdout and stderr."""
    monkeypatch.chdir(house.cwd)
    monkeypatch.setattr(inventory, "mounted", tuple)
    monkeypatch.setattr(inventory, "_core_limit", lambda: 0)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        code = 0
        try:
            main(["audit", *arguments])
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_clean_installation_ends_with_0(audit):
    code, out, _ = audit("--fail-on", "note")
    assert (code, out.endswith("nothing found.\n")) == (0, True)


def test_a_working_folder_that_is_gone_is_no_fault(audit, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert audit()[0] == 0


def test_an_error_ends_with_1_and_a_warning_only_where_that_is_asked_for(house, audit):
    house.record(SPOTIFY).chmod(0o644)
    assert audit()[0] == 0
    assert audit("--fail-on", "warning")[0] == 1
    house.keys.chmod(0o644)
    assert audit()[0] == 1


def test_a_note_fails_only_where_that_is_asked_for(house, audit):
    house.old(house.keys, 500)
    assert [audit("--fail-on", severity)[0] for severity in ("error", "warning", "note")] == [0, 0, 1]


def test_json_is_the_whole_of_stdout(house, audit):
    house.record(SPOTIFY).chmod(0o644)
    code, out, err = audit("--json")
    assert (code, err) == (0, "")
    assert [finding["id"] for finding in json.loads(out)["findings"]] == ["TK103"]


def test_sarif_is_the_whole_of_stdout(house, audit):
    house.record(SPOTIFY).chmod(0o644)
    _, out, err = audit("--sarif")
    assert err == ""
    assert [result["ruleId"] for result in json.loads(out)["runs"][0]["results"]] == ["TK103"]


def test_fix_shows_its_plan_mends_and_looks_again(house, audit):
    house.record(SPOTIFY).chmod(0o666)
    code, out, err = audit("--fix", "--yes", "--json")
    assert code == 0
    assert f"  give {house.record(SPOTIFY)} the mode 0600\n" in err
    document = json.loads(out)
    assert document["findings"] == []
    assert [done["failure"] for done in document["fixed"]] == [""]
    assert stat.S_IMODE(house.record(SPOTIFY).stat().st_mode) == 0o600


def test_fix_asks_nobody_where_nobody_can_answer(house, audit):
    house.record(SPOTIFY).chmod(0o666)
    code, _, err = audit("--fix")
    assert code == 2
    assert "tokenkit audit --fix --yes" in err
    assert stat.S_IMODE(house.record(SPOTIFY).stat().st_mode) == 0o666


def test_fix_changes_nothing_where_the_person_says_no(house, audit, monkeypatch):
    house.record(SPOTIFY).chmod(0o666)
    monkeypatch.setattr("tokenkit.cli.auditing.agree", lambda question, otherwise: False)
    assert audit("--fix")[0] == 1
    assert stat.S_IMODE(house.record(SPOTIFY).stat().st_mode) == 0o666


def test_fix_says_when_there_is_nothing_that_it_can_fix(house, audit):
    house.sign_in(GOOGLE, state="needs_consent", reason="ended")
    code, _, err = audit("--fix", "--yes")
    assert (code, err) == (1, "Nothing was found that --fix can fix.\n")


@pytest.mark.parametrize("arguments", [["--json", "--sarif"], ["--yes"], ["--refresh"]])
def test_options_that_make_no_sense_together_are_refused(audit, arguments):
    assert audit(*arguments)[0] == 2


def test_secrets_in_histories_are_looked_for_only_when_asked(house, audit):
    house.write(".bash_history", "export GOOGLE_CLIENT_SECRET=GOCSPX-abcdefghijklmnopqrstuv\n")
    assert json.loads(audit("--json")[1])["findings"] == []
    assert [finding["id"] for finding in json.loads(audit("--json", "--deep")[1])["findings"]] == ["TK231"]


def test_a_template_of_an_env_file_holds_no_secret(house):
    house.write("project/.env.example", "GOOGLE_CLIENT_SECRET=your-secret-here\n")
    assert house.found(deep=True) == set()


def test_every_command_that_mends_is_one_that_there_is(house):
    """Each `tokenkit ...` in a finding is a command of the program, with options that it has."""
    spoil(house)
    hints = [fault.hint for _, fault in house.audit(deep=True).findings]
    known = {name for section in SECTIONS.values() for name in section}
    named = [each for hint in hints for each in re.findall(r"tokenkit (?:--\w+ \S+ )*([a-z]+)", hint)]
    assert set(named) <= known
    assert len(named) > 20
    assert app is not None


def test_another_owner_and_another_app_are_named_in_the_command(house):
    inventory = house.inventory()
    assert inventory.command("login google", "alice smith") == "tokenkit --owner 'alice smith' login google"
    house.environ["POCKETPAW_HOME"] = str(house.home / ".pocketpaw")
    assert house.inventory(app="pocketpaw").command("audit --fix") == "tokenkit --app pocketpaw audit --fix"


NO_STORE = {
    "a file that is no TOML": ('store = "postgresql:', "TK406"),
    "a key that is not known": ('store = "postgresql://me@/db"\ndefault = 1\n', "TK406"),
    "no address": ('store = "mysql://me@host/db"\n', "TK601"),
    "no address of a server": ('store_direct = "postgresql://me@/db"\n', "TK601"),
}


@pytest.mark.parametrize(("config", "id"), NO_STORE.values(), ids=NO_STORE)
@pytest.mark.parametrize("options", [(), ("--online", "--refresh")], ids=["plain", "online"])
def test_a_store_that_cannot_be_told_is_a_finding_and_the_files_are_looked_at(house, audit, config, id, options):
    """No shared store is said to have been looked at, and nothing that lies here, perhaps outdated, is used."""
    house.record(SPOTIFY).chmod(0o644)
    house.write(".config/tokenkit/config.toml", config, 0o644)
    code, out, err = audit("--json", *options)
    report = json.loads(out)
    assert (code, err, house.answers) == (1, "", [])
    assert {id, "TK103"} <= {finding["id"] for finding in report["findings"]}
    assert any("anything but the files of this machine" in words for words in report["not_checked"])


def test_accounts_of_a_store_that_cannot_be_told_are_not_called_gone(house, audit):
    """They lie in the database, and the log of this machine knows of them."""
    Activity(house.folders, now=house.clock.now).record("signed_in", GOOGLE)
    for path in house.tokens.rglob("*.jwe"):
        path.unlink()
    assert "TK128" in audit()[1]
    house.write(".config/tokenkit/config.toml", 'store = "mysql://me@host/db"\n', 0o644)
    assert "TK128" not in audit()[1]


def test_without_a_home_there_is_nothing_to_look_at(audit, monkeypatch):
    monkeypatch.setenv("TOKENKIT_HOME", "relative")
    code, out, err = audit()
    assert (code, out) == (3, "")
    assert "relative path" in err
