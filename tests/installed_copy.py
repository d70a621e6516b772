"""The program as it is installed, copied to where every user of this machine may run it.

The interpreter of a virtual environment may lie in a home that nobody else can read, and its packages with it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
import tokenkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tokenkit_providers
from another_user import NOBODY

ROOT = 0


class Installed:
    """The program in a folder, for processes of any user."""

    def __init__(self, folder: Path, python: str) -> None:
        self.program = folder / "bin" / "tokenkit"
        self.program.parent.mkdir()
        site = folder / "site"
        for each in _closure("tokenkit-oauth", {}).values():
            _link(each, site)
        for package in (tokenkit, tokenkit_providers):
            source = Path(str(package.__file__)).parent
            compiling = shutil.ignore_patterns("*.pyc.*")  # by another process, and gone when it is done
            shutil.copytree(source, site / source.name, ignore=compiling)  # what is compiled saves seconds
        self.program.write_text(
            f"#!{python} -sB\nimport sys\nsys.path.insert(0, {str(site)!r})\n"
            "from tokenkit.cli.fast_path import main\nsys.exit(main())\n"
        )
        self.program.chmod(0o755)

    def run(self, uid: int, home: Path, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command line in a process of that user, with `home` for HOME."""
        return subprocess.run(
            [str(self.program), *arguments], input=stdin, capture_output=True, text=True, check=False, cwd="/",
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"}, user=uid, group=uid, extra_groups=[],
        )  # fmt: skip


def interpreter_for_all() -> str:
    """Return an interpreter of our version that every user may start; skip where there is none."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in dict.fromkeys((os.path.realpath(sys.executable), f"/usr/bin/{name}", f"/usr/local/bin/{name}")):
        try:
            subprocess.run([python, "-c", ""], check=True, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip(f"no {name} that every user may start, such as /usr/bin/{name}: apt-get install {name}")


def _closure(name: str, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """Return what is needed to run the distribution of that name, itself included."""
    found[canonicalize_name(name)] = installed = distribution(name)
    for wanted in map(Requirement, installed.requires or []):
        if canonicalize_name(wanted.name) not in found and (
            wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        ):
            try:
                _closure(wanted.name, found)
            except PackageNotFoundError:
                continue  # the program would say what it lacks
    return found


def _link(installed: Distribution, site: Path) -> None:
    """Make the files of a distribution known in another folder, without a copy where that can be."""
    for source, relative in _files(installed):
        target = site / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copy2(source, target)


def _files(installed: Distribution) -> Iterator[tuple[str, str]]:
    for file in installed.files or []:
        relative = str(file)
        if not relative.startswith("..") and not relative.endswith(".pth"):
            yield str(installed.locate_file(file)), relative
