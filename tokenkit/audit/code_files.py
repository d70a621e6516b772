"""Which files run as code where tokens are handled, and whether others can change them."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from tokenkit.audit.inventory import Inventory
from tokenkit.audit.look import Changeable, Look

DEPENDENCIES = (
    "tokenkit", "tokenkit_providers", "certifi", "cryptography", "h11", "httpcore", "httpx", "platformdirs", "pydantic",
    "rich", "typer",
)  # fmt: skip
"""The packages that are looked through whether they are loaded or not: ours, and those that ours need."""

PROGRAMS = ("tokenkit", "python", "python3")
"""What is started in the folder of scripts."""


def changeable(inventory: Inventory) -> Iterator[list[Changeable]]:
    """Yield what others can change, what lies in one package together; each is looked at once."""
    look, packages = Look(), sorted(_packages(inventory))
    for package in packages:
        found = [*look.below(package)]
        if found:
            yield found
    single = {*packages, *_loaded(), *_started(inventory), *_commands(inventory)}
    for path in sorted(single):
        yield from ([found] for found in look.at_and_above(path))


def trusted(environ: Mapping[str, str]) -> Iterator[list[Changeable]]:
    """Yield what others can change of the certificate authorities that the environment names."""
    look = Look()
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = environ.get(variable, "")
        if os.path.isabs(path):
            yield from ([found] for found in look.below(path))
            yield from ([found] for found in look.at_and_above(path))


def _packages(inventory: Inventory) -> set[str]:
    """Return the folders and files of our packages, of what they need, and of plugins; none of their code is run."""
    points = (point for group in inventory.entry_points.values() for point in group)
    names = {*DEPENDENCIES, *(point.module.partition(".")[0] for point in points)}
    return {path for name in names for path in _places(_spec(name))}


def _spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None


def _places(spec: ModuleSpec | None) -> list[str]:
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return list(spec.submodule_search_locations)
    return [spec.origin] if spec.origin and os.path.isabs(spec.origin) else []


def _loaded() -> Iterator[str]:
    """Yield the files of all modules in this process, and the folders that modules are searched in."""
    for module in list(sys.modules.values()):
        for name in ("__file__", "__cached__"):
            path: object = getattr(module, name, None)
            if isinstance(path, str) and os.path.isabs(path):
                yield path
    for folder in filter(os.path.isabs, sys.path):
        yield folder
        yield from _read_at_start(folder)


def _read_at_start(folder: str) -> Iterator[str]:
    """Yield what Python runs at its start, and what says which packages add providers."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        if name.endswith(".pth") or name in ("sitecustomize.py", "usercustomize.py"):
            yield os.path.join(folder, name)
        elif name.endswith((".dist-info", ".egg-info")):
            yield os.path.join(folder, name, "entry_points.txt")


def _started(inventory: Inventory) -> Iterator[str]:
    """Yield the interpreter, and the scripts that start it."""
    yield os.path.realpath(sys.executable)
    yield from (os.path.join(inventory.scripts, name) for name in PROGRAMS)


def _commands(inventory: Inventory) -> Iterator[str]:
    """Yield the programs of ``client_secret_command``, and the files among their arguments."""
    for settings in inventory.config.providers.values():
        for word in settings.client_secret_command[:1]:
            yield shutil.which(word) or word
        yield from (word for word in settings.client_secret_command[1:] if os.path.isabs(word))
