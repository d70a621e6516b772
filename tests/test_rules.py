"""The pages that explain the house are true: a rule that is cited is written down, and one that holds has a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import tokenkit

import tokenkit_providers
from documents import TOP
from statements import statements
from test_architecture import ROWS

CODE = [Path(tokenkit.__path__[0]), Path(tokenkit_providers.__path__[0])]
TESTS = TOP / "tests"
RULES = (TOP / "docs" / "explanation" / "rules.md").read_text(encoding="utf-8")
MAP = (TOP / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")

NUMBER = re.compile(r"\bR([1-9][0-9]?)\b")
HEADINGS = re.findall(r"^### R(\d+)( \(not yet\))?: \S", RULES, re.MULTILINE)


def sources(folder: Path) -> Iterator[tuple[Path, str]]:
    """Return what we wrote below a folder: code, and transcripts of the program."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".txt") and "node_modules" not in path.parts:
            yield path, path.read_text(encoding="utf-8")


def cited(folder: Path) -> set[int]:
    return {int(number) for _, text in sources(folder) for number in NUMBER.findall(text)}


def test_each_rule_has_one_heading_in_order() -> None:
    assert [int(number) for number, _ in HEADINGS] == list(range(1, len(HEADINGS) + 1))


def test_each_rule_says_why_and_where_it_comes_from() -> None:
    for rule in re.split(r"^### ", RULES, flags=re.MULTILINE)[1:]:
        assert "- **Why.** " in rule, rule
        assert "- **Source.** " in rule, rule
        assert ("(not yet)" in rule.partition("\n")[0]) == ("*Not yet: " in rule), rule


def test_a_rule_that_is_cited_is_written_down() -> None:
    everywhere = set[int]().union(*map(cited, [*CODE, TESTS]), map(int, NUMBER.findall(RULES)))
    assert everywhere <= {int(number) for number, _ in HEADINGS}


def test_a_rule_that_holds_is_named_by_a_test() -> None:
    assert {int(number) for number, not_yet in HEADINGS if not not_yet} <= cited(TESTS)


def test_a_rules_number_stands_beside_its_reason() -> None:
    """A reader must not have to look the number up to understand the line."""
    bare = [
        f"{path.relative_to(path.parents[1])}: {docstring}"
        for folder in (*CODE, TESTS)
        for path, text in sources(folder)
        if path.suffix == ".py" and NUMBER.search(text)  # else there is no need to take it apart
        for docstring in docstrings(ast.parse(text))
        if NUMBER.search(docstring) and len(words_beside_numbers(docstring)) < 3
    ]
    assert bare == []


def docstrings(tree: ast.Module) -> Iterator[str]:
    for node in statements(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def words_beside_numbers(docstring: str) -> list[str]:
    rest = re.sub(r"\bR\d+\b|\bRFC \d+( (section|appendix) [\w.]+)?", "", docstring)
    return [word for word in re.findall(r"[A-Za-z']+", rest) if word not in ("and", "or", "to")]


def test_readme_and_security_say_what_is_not_protected() -> None:
    """R36: whoever believes in a protection that is not there takes a risk without knowing it."""
    for document in ("README.md", "docs/security.md"):
        text = " ".join((TOP / document).read_text(encoding="utf-8").replace("*", "").split())
        assert re.search(r"does not protect against code that runs as you", text), document
        assert "not adversaries" in text, document
        assert "Python cannot wipe memory" in text, document


def test_the_drawing_of_the_architecture_is_the_table_of_imports() -> None:
    """Each row of the drawing, from below, is a row of `test_architecture.ROWS`."""
    drawing = MAP.partition("```text\n")[2].partition("```")[0]
    rows = [set(found.split()) for found in re.findall(r"│([^│]*)│", drawing)]
    assert rows[::-1] == [set(row.split()) for row in ROWS.strip().splitlines()]
