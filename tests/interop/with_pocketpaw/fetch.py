"""Make an environment for PocketPaw 0.4.4 and one for the newest release, with its own tests: ``make pocketpaw``.

Argument: the folder to make them in. Each has PocketPaw, what its sign-ins need, and this checkout of tokenkit.
"""

import subprocess
import sys
import tarfile
import venv
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parents[2]
VERSIONS = {"0.4.4": "pocketpaw==0.4.4", "newest": "pocketpaw"}


def fetch(folder: Path, requirement: str) -> None:
    """Make the environment, and unpack the tests of the source archive of that very version beside it."""
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "install", "--no-deps", requirement], check=True)
    subprocess.run([*pip, "install", "-r", HERE / "requirements.txt", "-e", TOP], check=True)
    asked = "from importlib.metadata import version; print(version('pocketpaw'))"
    version = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout.strip()
    sources = ["--no-deps", "--no-binary", "pocketpaw", "-d", folder, f"pocketpaw=={version}"]
    subprocess.run([*pip, "download", *sources], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        tests = [member for member in source if member.name.split("/")[1:2] == ["tests"]]
        for member in tests:
            member.name = member.name.partition("/")[2]
        source.extractall(folder, tests, filter="data")
    archive.unlink()


if __name__ == "__main__":
    for name, requirement in VERSIONS.items():
        fetch(Path(sys.argv[1], name).absolute(), requirement)
