"""What a person installs: the distribution, its entry points, its types; and that no document misleads them."""

import ast
import re
import sys
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

import pytest

from statements import statements

DISTRIBUTION = "tokenkit-oauth"
TOP = Path(__file__).resolve().parent.parent

PLACES = ("*.md", "docs/**/*.md", "pyproject.toml", ".github/**/*.yml", "tokenkit/**/*.py", "providers/**/*.py")
DOCUMENTS = sorted(path for pattern in PLACES for path in TOP.glob(pattern))

IF_THERE = {"google", "httpx2", "pytest"}
"""Imported only for callers who have them already: adapters for httpx2 and google-auth, fixtures for pytest."""


def entry_points(group: str) -> dict[str, str]:
    return {entry.name: entry.value for entry in distribution(DISTRIBUTION).entry_points if entry.group == group}


def test_the_command_is_the_fast_lane() -> None:
    assert entry_points("console_scripts") == {"tokenkit": "tokenkit.cli.fast_path:main"}


def test_our_own_providers_come_through_the_entry_points_that_a_stranger_uses() -> None:
    installed = Path(str(files("tokenkit_providers")))
    modules = {path.stem for path in installed.glob("*.py")} - {"__init__", "index"}
    assert entry_points("tokenkit.providers") == {name: f"tokenkit_providers.{name}:provider" for name in modules}


@pytest.mark.parametrize("group", ["console_scripts", "tokenkit.providers"])
def test_every_entry_point_loads(group: str) -> None:
    entries = distribution(DISTRIBUTION).entry_points.select(group=group)
    assert entries
    for entry in entries:
        assert callable(entry.load())


@pytest.mark.parametrize("package", ["tokenkit", "tokenkit_providers"])
def test_the_package_ships_its_types(package: str) -> None:
    assert files(package).joinpath("py.typed").is_file()


def test_the_metadata_says_what_it_runs_on() -> None:
    metadata = distribution(DISTRIBUTION).metadata
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"


def test_everything_that_is_imported_is_declared() -> None:
    """A package that comes along with another one today may stay away tomorrow."""
    requirements = distribution(DISTRIBUTION).requires or []
    declared = {re.split(r"[^\w-]", line)[0] for line in requirements if "extra == 'test'" not in line}
    imported = set()
    for package in ("tokenkit", "tokenkit_providers"):
        for path in Path(str(files(package))).rglob("*.py"):
            for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    imported.add(str(node.module).partition(".")[0])
    foreign = imported - sys.stdlib_module_names - {"tokenkit", "tokenkit_providers"}
    assert foreign - declared <= IF_THERE


def test_the_changelog_names_the_version_or_says_unreleased() -> None:
    changelog = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    version = distribution(DISTRIBUTION).version
    assert re.search(rf"^## (Unreleased|\[?{re.escape(version)}\]?)", changelog, re.MULTILINE)


def test_no_document_says_to_install_the_strangers_distribution() -> None:
    """`tokenkit` on the package index is somebody else's project; ours is `tokenkit-oauth`."""
    install = r"(?:pip|pipx|uv tool|uv|poetry)\s+(?:install|add)\s+(?:-\S+\s+)*['\"]?tokenkit(?!-oauth)(?![-\w])"
    found = {str(path.relative_to(TOP)): re.findall(install, path.read_text(encoding="utf-8")) for path in DOCUMENTS}
    assert {path: lines for path, lines in found.items() if lines} == {}
