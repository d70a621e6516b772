"""A command that mends something is there to be pasted: whatever people name in it is quoted for the shell (R35)."""

import ast
import re
from pathlib import Path

import tokenkit

HOUSE = Path(tokenkit.__path__[0])

COMMAND = re.compile(r"tokenkit (?:login|logout|token|request|refresh|status|import|client [a-z]+|--owner) $")
"""The text before what people name; the name of an app holds nothing that a shell acts upon."""

SAFE = re.compile(r"quoted\(|provider|^made\.name$|^(whose|wanted)$")
"""A provider's name is ours or has been looked up; the two others are quoted a line above."""


def commands(path: Path) -> list[str]:
    """The f-strings of a module in which what people name stands as it is in a command."""
    found: list[str] = []
    text = path.read_text(encoding="utf-8")
    nodes = ast.walk(ast.parse(text if "tokenkit " in text else ""))  # to take all apart takes a second
    for node in (node for node in nodes if isinstance(node, ast.JoinedStr)):
        text = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value)
            elif isinstance(part, ast.FormattedValue):
                value = ast.unparse(part.value)
                if COMMAND.search(text) and not SAFE.search(value):
                    found.append(f"line {node.lineno}: {text}{{{value}}}")
                text += "VALUE"
    return found


def test_no_command_holds_an_unquoted_name() -> None:
    found = {str(path.relative_to(HOUSE)): commands(path) for path in sorted(HOUSE.rglob("*.py"))}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_the_search_finds_one(tmp_path: Path) -> None:
    """Or the rest would prove nothing."""
    path = tmp_path / "hints.py"
    path.write_text('hint = f"tokenkit logout {account} --local"\nwell = f"tokenkit login {quoted(str(account))}"\n')
    assert commands(path) == ["line 1: tokenkit logout {account}"]
