"""The reference page of the declaration has every field, and no other."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from tokenkit import AnswerShape, Ended, OAuth2, RevocationRequest, UserinfoRequest, Variable

PAGE = (Path(__file__).parents[1] / "docs/reference/declaration.md").read_text(encoding="utf-8")
FIELDS = re.sub(r"^###.*?(?=^## |\Z)", "", PAGE, flags=re.DOTALL | re.MULTILINE)
"""The page without the sections of its groups."""

HEADINGS = {
    "answer": AnswerShape,
    "ended": Ended,
    "userinfo": UserinfoRequest,
    "revocation": RevocationRequest,
    "variables": Variable,
}


def rows(text: str) -> list[str]:
    """The first column of the tables in the text."""
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def test_the_page_has_every_field_once() -> None:
    described = rows(FIELDS)
    assert sorted(described) == sorted(field.name for field in fields(OAuth2) if field.init)


def test_every_field_has_an_example() -> None:
    """Whoever reads the table recognises their service in it."""
    lines = [line for line in FIELDS.splitlines() if line.startswith("| `")]
    assert [line for line in lines if len(line.strip("|").split(" | ")) != 3] == []


@pytest.mark.parametrize("name", HEADINGS)
def test_the_page_has_every_field_of_a_group(name: str) -> None:
    section = PAGE.partition(f"### `{name}`\n")[2].partition("\n#")[0]
    assert sorted(rows(section)) == sorted(field.name for field in fields(HEADINGS[name]))
