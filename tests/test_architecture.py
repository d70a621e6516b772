"""The house holds: imports run one way, the light modules stay light, plugins see only what is public."""

import ast
import graphlib
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import tokenkit

import tokenkit_providers
from statements import statements

HOUSE = Path(tokenkit.__path__[0])
PROVIDERS = Path(tokenkit_providers.__path__[0])

ROWS = """
    account duration fork_lock parsing token
    confidential core_dumps errors nearest
    arguments
    elapsed listing request shell signals
    context frames os_errors packages paths
    private_file toml_file wrong_value
    durable_file use_markers
    store
    seal
    keys
    grant
    pending
    provider
    net flows
    variables
    settled
    declaration
    discovering
    api_key oauth2
    provider_file unknown_provider
    plugins
    config chained_log uses_later
    activity consent
    grants
    signing_in
    configured
    kit
    awaited importing moving worker
    async_kit
    adapters sandbox audit
    testing
    web
    cli
    __main__ pocketpaw
"""
"""A room (a module, or a package) imports only rooms of rows above its own; what stands in one row is independent."""

FACADE = ("configured", "kit", "async_kit", "cli")
"""These may import anything inside function bodies: it is heavy, or needs them in turn."""

LIGHT = [
    "account",
    "use_markers",
    "errors",
    "os_errors",
    "shell",
    "token",
    "paths",
    "private_file",
    "seal",
    "keys.jwks",
    "keys.file",
    "cli.fast_path",
]
LIGHT_PACKAGES = ("", "keys", "cli")
LIGHT_IMPORTS = {
    "binascii", "collections.abc", "cryptography.exceptions", "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.keywrap", "errno", "json", "os", "re", "stat", "sys", "time", "typing",
}  # fmt: skip
HEAVY = {"asyncio", "base64", "dataclasses", "hashlib", "httpx", "logging", "pathlib", "platformdirs", "pydantic",
         "rich", "secrets", "tomllib", "typer"}  # fmt: skip

PUBLIC = ("tokenkit", "tokenkit.errors", "tokenkit.provider")


class Import(NamedTuple):
    """One imported module or name, and where it stands: at the top, in a function's body, or for type checkers only."""

    name: str
    place: str
    line: int


def modules(folder: Path, package: str) -> dict[str, Path]:
    """Every module below the folder, by its dotted name."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = [package, *path.relative_to(folder).with_suffix("").parts]
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> list[Import]:
    return list(imports_below(parsed(path)))


def imports_below(node: ast.AST, place: str = "top") -> Iterator[Import]:
    """All imports of a node; ``from a import b`` is ``a.b``, which may be a module or a name (see `module_of`)."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, place, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: imports are absolute here"
            yield from (Import(f"{child.module}.{alias.name}", place, child.lineno) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            yield from imports_below(child, "types")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports_below(child, "body")
        elif not isinstance(child, ast.expr):
            yield from imports_below(child, place)


MODULES = modules(HOUSE, "tokenkit")


def module_of(name: str) -> str:
    """The module that an imported dotted name is, or lies in."""
    return name if name in MODULES or not name.startswith("tokenkit.") else name.rpartition(".")[0]


def room(module: str) -> str:
    return module.split(".")[1]


def edges(*, free: tuple[str, ...] = ()) -> Iterator[tuple[str, str, int]]:
    """Which module of the house imports which, and in what line, lazily and for type checkers too.

    Left out is what the rooms named in `free` import inside function bodies.
    """
    for module, path in MODULES.items():
        if module == "tokenkit":
            continue  # the table of public names: `test_the_public_names_are_the_same_in_all_three_lists`
        for name, place, line in imports(path):
            target = module_of(name)
            if target.startswith("tokenkit.") and target != module and not (place == "body" and room(module) in free):
                yield module, target, line


def test_every_module_has_its_row() -> None:
    """Whoever adds a room says where it stands."""
    assert {room(module) for module in MODULES if module != "tokenkit"} <= set(ROWS.split())


def test_imports_run_one_way() -> None:
    row = {name: number for number, names in enumerate(ROWS.strip().splitlines()) for name in names.split()}
    against = [
        f"{module}:{line} imports {target}"
        for module, target, line in edges(free=FACADE)
        if room(module) != room(target) and row[room(target)] >= row[room(module)]
    ]
    assert against == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even inside a function, or for type checkers only."""
    graph: dict[str, set[str]] = {module: set() for module in MODULES}
    for module, target, _ in edges():
        graph[module].add(target)
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names them


def test_nothing_behind_the_facade_imports_it() -> None:
    behind = {*ROWS.split("kit\n")[0].split()}
    assert "signing_in" in behind
    assert [edge for edge in edges() if edge[1] == "tokenkit.kit" and room(edge[0]) in behind] == []


def light_modules() -> list[str]:
    names = [".".join(filter(None, ("tokenkit", name))) for name in (*LIGHT_PACKAGES, *LIGHT)]
    return [name for name in names if name in MODULES]


@pytest.mark.parametrize("module", light_modules())
def test_a_light_module_imports_only_what_is_cheap(module: str) -> None:
    """Each of the others costs `tokenkit token` 0.5x to 2x of the interpreter's start."""
    for name, place, line in imports(MODULES[module]):
        owner = module_of(name) if name.startswith("tokenkit.") else name.rpartition(".")[0] or name
        if place == "top" and not {name, owner} & LIGHT_IMPORTS:
            assert owner in light_modules(), f"{module}:{line} imports {name}"


def test_the_fast_path_loads_nothing_heavy() -> None:
    """What the light modules import, looked at from outside: in a new process, after the fast path is loaded."""
    program = "import sys; before = set(sys.modules); import tokenkit.cli.fast_path; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY == set()


def test_a_provider_uses_only_public_names() -> None:
    """Our plugins have no privilege that a stranger's has not."""
    inside = [
        f"{provider}:{line} imports {name}"
        for provider, path in modules(PROVIDERS, "tokenkit_providers").items()
        for name, _, line in imports(path)
        if name.split(".")[0] == "tokenkit" and not is_public(*name.rsplit(".", 1))
    ]
    assert inside == []


def is_public(module: str, name: str) -> bool:
    return module in PUBLIC and name in importlib.import_module(module).__all__


def test_the_public_names_are_the_same_in_all_three_lists() -> None:
    """The lazy table, what type checkers see, and `__all__`; and each can be had."""
    for_types = {name for name in imports(MODULES["tokenkit"]) if name.place == "types"}
    assert {tuple(name.name.rsplit(".", 1)) for name in for_types} == {
        (module, name) for name, module in tokenkit._EXPORTS.items()
    }
    assert sorted(tokenkit.__all__) == sorted(tokenkit._EXPORTS)
    for name in tokenkit.__all__:
        assert getattr(tokenkit, name).__module__.startswith("tokenkit.")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchName"):
        tokenkit.NoSuchName  # noqa: B018


def test_a_library_does_not_print() -> None:
    printing = [
        f"{module}:{node.lineno}"
        for module, path in MODULES.items()
        if not module.startswith("tokenkit.cli")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_no_except_is_bare() -> None:
    """One around the saving of a rotated token has cost people their session."""
    assert [
        f"{module}:{node.lineno}"
        for module, path in {**MODULES, **modules(PROVIDERS, "tokenkit_providers")}.items()
        for node in statements(parsed(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ] == []
