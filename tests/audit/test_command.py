"""``tokenkit audit``: what it prints, what it ends with, and that it asks before it hints."""

import json
import re
import stat

import pytest
from faults import spoil
from house import GOOGLE, SPOTIFY
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
