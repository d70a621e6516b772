"""Whose code handles the tokens: packages that are installed for the test."""

import dataclasses
import json
import os
import re
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from tokenkit.audit import Severity, audit, code_files

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

    before = {*sys.modules}

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

    yield install
    for name in sys.modules.keys() - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(site)):
            del sys.modules[name]


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


@pytest.mark.parametrize("above", [None, 0, 1], ids=["the source", "the folder of packages", "the folder above"])
def test_code_of_a_plugin_that_others_can_change_is_found(house, install, above):
    module = install("acme", ACME)
    path = module if above is None else module.parents[above]
    path.chmod(0o666 if above is None else 0o777)
    (finding,) = (found for found in house.audit().findings if found.check.id == "TK403")
    assert (finding.fault.where, finding.fault.hint) == (str(path), f"chmod go-w {path}")


@pytest.fixture
def package(house, tmp_path, monkeypatch):
    """A package, installed in a folder that Python searches: what ours need, and an installer has put there."""
    site = tmp_path / "site"
    (site / "needed" / "__pycache__").mkdir(parents=True, mode=0o755)
    (site / "needed" / "__init__.py").write_text("")
    (site / "needed" / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"")
    (site / "needed" / "native.so").write_bytes(b"")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr("tokenkit.audit.code_files.DEPENDENCIES", ("needed",))
    return site / "needed"


@pytest.mark.parametrize(
    "inside", [".", "__init__.py", "__pycache__", "__pycache__/__init__.cpython-311.pyc", "native.so", ".."]
)
def test_whatever_of_a_package_others_can_change_is_found(house, package, inside):
    """Sources, compiled copies, libraries, and the folders of them: each is code that gets every token."""
    path = (package / inside).resolve()
    path.chmod(0o777 if path.is_dir() else 0o666)
    (finding,) = house.audit().findings
    assert (finding.check.id, finding.fault.where) == ("TK403", str(path))


@pytest.mark.parametrize("name", ["start.pth", "sitecustomize.py", "acme-1.dist-info/entry_points.txt"])
def test_what_python_runs_at_its_start_is_looked_at(house, package, name):
    """And what says which packages add providers: both make Python run code of somebody's choice."""
    path = package.parent / name
    path.parent.mkdir(exist_ok=True, mode=0o755)
    path.touch(0o644)
    assert house.found() == set()
    path.chmod(0o646)
    (finding,) = house.audit().findings
    assert (finding.check.id, finding.fault.where) == ("TK403", str(path))


@pytest.mark.parametrize("what", ["SSL_CERT_FILE", "SSL_CERT_DIR", "the folder above"])
def test_certificate_authorities_that_others_can_change_are_found(house, tmp_path, monkeypatch, what):
    """Whose authority is trusted can answer as the provider, and gets the refresh token."""
    (tmp_path / "trusted").mkdir(mode=0o755)
    path = tmp_path / "trusted" / "ca.pem"
    path.touch(0o644)
    monkeypatch.setenv(
        "SSL_CERT_DIR" if what == "SSL_CERT_DIR" else "SSL_CERT_FILE", str(path.parent if "DIR" in what else path)
    )
    assert house.found() == set()
    spoiled = path.parent if what == "the folder above" else path
    spoiled.chmod(0o777)
    (finding,) = house.audit().findings
    assert (finding.check.id, finding.fault.where) == ("TK407", str(spoiled))


def test_a_package_that_others_can_change_as_a_whole_is_one_finding(house, package):
    for path in (package, *package.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (finding,) = house.audit().findings
    assert (finding.fault.where, finding.fault.hint) == (str(package), f"chmod -R go-w {package}")
    assert finding.fault.what.startswith("5 of the files and folders in it")


def test_code_of_another_user_is_found(house, package):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(package / "native.so", 12345, -1)
    (finding,) = house.audit().findings
    assert finding.fault.what == "it belongs to user 12345"
    assert finding.fault.hint == f"sudo chown 0 {package / 'native.so'}"


@pytest.mark.parametrize("what", ["the folder", "the program", "the program behind the link"])
def test_a_script_that_others_can_change_is_found(house, tmp_path, what):
    """``bin/``: whoever replaces the program gets all that is typed into it."""
    scripts = tmp_path / "bin"
    scripts.mkdir(mode=0o755)
    (tmp_path / "elsewhere").touch(0o755)
    if what == "the program behind the link":
        (scripts / "tokenkit").symlink_to(tmp_path / "elsewhere")
    else:
        (scripts / "tokenkit").touch(0o755)
    path = scripts if what == "the folder" else (scripts / "tokenkit").resolve()
    path.chmod(0o777)
    report = audit(dataclasses.replace(house.inventory(), scripts=str(scripts)))
    (finding,) = report.findings
    assert (finding.check.id, finding.fault.where) == ("TK403", str(path))


@pytest.mark.parametrize("what", ["program", "script"])
def test_the_program_that_prints_a_client_secret_is_looked_at(house, tmp_path, what):
    program, script = tmp_path / "program", tmp_path / "script"
    for path in (program, script):
        path.write_text("")
        path.chmod(0o755)
    command = f'client_id = "c"\nclient_secret_command = ["{program}", "{script}"]\n'
    house.write(".config/tokenkit/config.toml", f"[providers.acme]\n{command}", 0o644)
    assert house.found() == set()
    {"program": program, "script": script}[what].chmod(0o757)
    (finding,) = house.audit().findings
    assert (finding.check.id, finding.fault.where) == ("TK403", str({"program": program, "script": script}[what]))


def test_all_that_tokenkit_needs_is_looked_through():
    """A dependency that is added is added to the list, too."""
    with open(Path(__file__).parents[2] / "pyproject.toml", "rb") as file:
        needed = tomllib.load(file)["project"]["dependencies"]
    assert {re.match(r"[\w-]+", each)[0].replace("-", "_") for each in needed} <= set(code_files.DEPENDENCIES)


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
