"""Run pyright on each file for which its answer may be another than when it was last clean.

That is so for a file that has changed, for each file that imports it, through any number of others, and for all of them
after a change of the settings or of what is installed. pyright keeps no cache, and takes half a minute for all.
`make check` runs this with the Python of the environment that is looked at; `make lint`, and so CI, looks at all files.
"""

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
CLEAN = TOP / ".cache" / "types.json"
"""What each file was like when it was clean last."""

FOLDERS = {"tokenkit": TOP / "tokenkit", "tokenkit_providers": TOP / "providers" / "tokenkit_providers"}


def modules() -> dict[str, Path]:
    """Return the file of each module that pyright looks at, by its dotted name."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            name = ".".join((package, *path.relative_to(folder).with_suffix("").parts))
            found[name.removesuffix(".__init__")] = path
    return found


def imported(text: str) -> Iterator[tuple[str, str]]:
    """Yield the modules that a text imports, each with the name that is taken from it, if any."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((str(node.module), alias.name) for alias in node.names)


def needs(text: str, known: dict[str, Path]) -> set[str]:
    """Return the modules whose types a text uses: `from a import b` is the module a.b, or something that a knows."""
    names = {f"{module}.{name}" if f"{module}.{name}" in known else module for module, name in imported(text)}
    return names & known.keys()


def with_all_below(name: str, direct: dict[str, set[str]]) -> set[str]:
    """Return a module and all that it needs, through any number of others."""
    found, new = set[str](), {name}
    while new:
        found |= new
        new = set[str]().union(*(direct[each] for each in new)) - found
    return found


def environment() -> str:
    """Return what else decides: the settings of the project, and what is installed."""
    installed = sorted(f"{each.name} {each.version}" for each in distributions())
    return "\n".join((sys.version, (TOP / "pyproject.toml").read_text(encoding="utf-8"), *installed))


def states() -> dict[str, str]:
    """Return a digest for each file, which changes with all that pyright's answer may depend on."""
    known = modules()
    texts = {name: path.read_text(encoding="utf-8") for name, path in known.items()}
    direct = {name: needs(text, known) for name, text in texts.items()}
    around = environment()
    below = {name: sorted(with_all_below(name, direct)) for name in known}
    return {
        str(path.relative_to(TOP)): digest(around, *(f"{each}\0{texts[each]}" for each in below[name]))
        for name, path in known.items()
    }


def digest(*texts: str) -> str:
    """Return a short name for what all of them say."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def main() -> int:
    """Check what may have changed; remember it where nothing is wrong."""
    now = states()
    before = json.loads(CLEAN.read_text()) if CLEAN.exists() else {}
    changed = sorted(file for file in now if before.get(file) != now[file])
    print(f"pyright: {len(changed)} of {len(now)} files may have changed", flush=True)
    if changed:
        everything = len(changed) == len(now)
        command = [str(Path(sys.executable).with_name("pyright")), "--pythonpath", sys.executable]
        code = subprocess.run([*command, *(() if everything else changed)], cwd=TOP, check=False).returncode
        if code:
            return code
    CLEAN.parent.mkdir(exist_ok=True)
    CLEAN.write_text(json.dumps(now, indent=0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
