"""The words of the code and the documents: as far as a machine can tell, one reading is enough."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import tokenkit

import tokenkit_providers
from documents import DOCUMENTS, TOP

HOUSE = Path(tokenkit.__path__[0])
PROVIDERS = Path(tokenkit_providers.__path__[0])

GENERATED = ("checks.md", "cli.md", "json.md")
"""Pages whose words are those of modules, and are read there."""

VERBS = """
    accept add allow answer append ask await begin build call carry change check close compare complete compute
    connect convert copy count create cut decide decode delete describe do draw drop encode end exchange fetch find
    fix follow forget free get give hold import issue join keep lead leave let list listen load lock log look make mark
    measure merge move name note open play print put raise read receive redirect refresh refuse register release
    remember remove render replace report require reserve return revoke run save say script seal search send
    serve set share show sign sort speak spell split start step stop store take tell tie try turn unlock unpack unwrap
    update use verify wait watch withdraw wrap write yield bind stand
"""
"""The imperatives that a docstring may begin with. Add yours, if it says what the function does."""

HARD_WORDS = re.compile(r"\b(lest|whoever|whomever|whence|of whom|mend(s|ed|ing)?|heretofore|thereof)\b", re.IGNORECASE)
"""Words that send a reader to a dictionary."""


def modules() -> list[tuple[str, Path]]:
    """Return all modules, each by its path below `tokenkit`, or below the providers."""
    found = [(str(path.relative_to(folder)), path) for folder in (HOUSE, PROVIDERS) for path in folder.rglob("*.py")]
    return sorted(found)


def functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public functions and methods; a property or an overload is none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = " ".join(map(ast.unparse, child.decorator_list))
            if not child.name.startswith("_") and "property" not in decorators:
                yield child
        elif not isinstance(child, ast.expr):
            yield from functions(child)


def words_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield comments and strings, each with its line: what people read of a module, and what it says to them."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield token.start[0], token.string


def document_name(document: Path) -> str:
    return str(document.relative_to(TOP))


def test_the_docstring_of_a_function_begins_with_an_imperative() -> None:
    """`Return the token`, not `The token`, `Returns the token` or `What is returned`."""
    verbs = set(VERBS.split())
    wrong = [
        f"{name}:{function.lineno} {docstring.splitlines()[0]}"
        for name, path in modules()
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if (docstring := ast.get_docstring(function)) and docstring.split()[0].strip(",.:").lower() not in verbs
    ]
    assert wrong == []


def test_a_module_needs_no_dictionary() -> None:
    hard = [
        f"{name}:{line} {text[:80]}"
        for name, path in modules()
        if HARD_WORDS.search(path.read_text(encoding="utf-8"))  # else there is no need to take it apart
        for line, text in words_of(path)
        if HARD_WORDS.search(text)
    ]
    assert hard == []


def test_a_document_needs_no_dictionary() -> None:
    hard = [
        f"{document_name(document)}: {word}"
        for document in DOCUMENTS
        if document.name not in GENERATED
        for word in HARD_WORDS.findall(document.read_text(encoding="utf-8"))
    ]
    assert hard == []
