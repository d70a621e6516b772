"""Whose code handles the tokens: packages that are installed for the test."""

import json
import os
import sys
from importlib.metadata import entry_points

import pytest
from tokenkit.audit import Severity

ACME = "[tokenkit.providers]\nacme = acme:provider\n"
GIT = {"vcs": "git", "commit_id": "0f"}
HEAD = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n"


@pytest.fixture
def install(house, tmp_path, monkeypatch):
    """Install a package that registers something: its metadata, and one file."""
    monkeypatch.setattr("tokenkit.audit.inventory.entry_points", entry_points)
    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(name, points, *, code="", origin=None):
        info = site / f"{name}-1.2.dist-info"
        info.mkdir()
        module = site / f"{name}.py"
        module.write_text(code)
        sys.modules.pop(name, None)
        (info / "METADATA").write_text(HEAD.format(name=name))
        (info / "entry_points.txt").write_text(points)
        (info / "RECORD").write_text(f"{name}.py,,\n")
        if origin:
            (info / "direct_url.json").write_text(json.dumps(origin))
        return module

    return install


def test_a_package_that_adds_a_provider_is_named(house, install):
    install("acme", ACME)
    (finding,) = house.audit().findings
    assert (finding.check.id, finding.fault.where) == ("TK401", "acme")
    assert finding.fault.what == "version 1.2 adds acme"


@pytest.mark.parametrize(
    "origin",
    [
        {"url": "file:///src/acme", "dir_info": {"editable": True}},
        {
            "url": "https://git.example/acme",
            "vcs_info": {**GIT, "requested_revision": "main"},
        },
        {"url": "https://git.example/acme", "vcs_info": GIT},
    ],
)
def test_a_package_whose_code_may_change_under_its_version_is_not_pinned(house, install, origin):
    install("acme", ACME, origin=origin)
    assert house.found() == {"TK401", "TK402"}


def test_a_package_from_a_commit_is_pinned(house, install):
    vcs = {"vcs": "git", "commit_id": "0f", "requested_revision": "0f"}
    install("acme", ACME, origin={"url": "https://x.example", "vcs_info": vcs})
    assert house.found() == {"TK401"}


def test_code_that_others_can_change_is_found(house, install):
    module = install("acme", ACME)
    os.chmod(module, 0o666)
    assert house.found() == {"TK401", "TK403"}


def test_two_packages_with_one_name_are_found(house, install):
    install("acme", ACME)
    install("emca", "[tokenkit.providers]\nacme = emca:provider\n")
    assert house.found() == {"TK401", "TK405"}


CHECK = """
from tokenkit.audit import Fault, Severity, check

@check("ACME1", Severity.WARNING, "An account has a silly name", "Nobody finds it again.")
def silly(inventory):
    for record in inventory.records:
        yield Fault(record.where, "its name is silly", "tokenkit logout", str(record.account))
"""


def test_a_plugin_adds_checks_of_its_own(house, install):
    install("silly_checks", "[tokenkit.checks]\nsilly = silly_checks:silly\n", code=CHECK)
    found = [finding for finding in house.audit().findings if finding.check.id == "ACME1"]
    assert len(found) == 3
    assert found[0].check.severity is Severity.WARNING


@pytest.mark.parametrize("code", ["raise ValueError('1//0secret')", "silly = 1", CHECK.replace("ACME1", "TK999")])
def test_a_plugin_that_cannot_be_used_is_told_and_hides_no_other(house, install, code):
    """Ids that begin with TK are ours."""
    install("silly_checks", "[tokenkit.checks]\nsilly = silly_checks:silly\n", code=code)
    report = house.audit()
    assert {finding.check.id for finding in report.findings} == {"TK001", "TK401"}
    assert "1//0secret" not in str(report.findings)
