"""No test holds what cannot fail: a condition that is always true, or any exception in the place of the one meant."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MINE = [*TESTS.glob("*.py"), *TESTS.glob("*/*.py")]
ANY = {"Exception", "BaseException"}


def in_vain(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of what cannot fail, and why."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert):
            test = node.test
            parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
            if isinstance(test, ast.IfExp):
                yield node.lineno, "`assert a < b if c else d` holds `d` by itself: put the condition into parentheses"
            elif any(isinstance(part, ast.Tuple) and part.elts for part in parts):
                yield node.lineno, "a tuple is always true"
            elif any(isinstance(part, ast.Constant) and part.value for part in parts):
                yield node.lineno, "a constant is always true"
            elif isinstance(test, ast.GeneratorExp):
                yield node.lineno, "a generator is always true: all(...) or any(...) was meant"
        elif isinstance(node, ast.Call) and ANY & _awaited(node):
            yield node.lineno, "any error passes, that of a misspelled name too: say which one is meant"


def _awaited(call: ast.Call) -> set[str]:
    """The names of the errors that a `pytest.raises` takes."""
    if not call.args or not ast.unparse(call.func).endswith("raises"):
        return set()
    return {name.id for name in ast.walk(call.args[0]) if isinstance(name, ast.Name)}


RISKY = re.compile(
    r"^ *assert (.* else |.* or [\"'\d(]|\(|[\"'\d]|True)|raises\(.*Exception\b|^ *assert$", re.MULTILINE
)
"""What a file must have to be parsed, since to parse all of them takes seconds."""


def test_no_test_holds_what_cannot_fail() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line}: {why}"
        for path in MINE
        if RISKY.search(text := path.read_text(encoding="utf-8"))
        for line, why in in_vain(text)
    ]
    assert len(MINE) > 200
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "assert took < 4 if options else 10",
        "assert (took, 'is too long')",
        "assert took < 4 or 'is too long'",
        "assert (each for each in found)",
        "with pytest.raises(Exception, match='x'): f()",
        "with pytest.raises((ValueError, Exception)): f()",
    ],
)
def test_each_kind_is_found(line: str) -> None:
    assert RISKY.search(line)
    assert len(list(in_vain(line))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "assert took < (4 if options else 10)",
        "assert (a, b) == (1, 2)",
        "assert a or b == ()",
        "with pytest.raises(OSError): f()",
    ],
)
def test_what_can_fail_is_not_found(line: str) -> None:
    assert list(in_vain(line)) == []
