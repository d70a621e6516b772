"""``tokenkit request``: what depends on where its output goes, and on where an answer points."""

import io
import sys

import httpx
import pytest
from tokenkit.cli import request

JSON = {"Content-Type": "application/json; charset=utf-8"}


class Terminal(io.TextIOWrapper):
    def __init__(self, *, there: bool) -> None:
        super().__init__(io.BytesIO(), "utf-8", write_through=True)
        self._there = there

    def isatty(self) -> bool:
        return self._there


@pytest.mark.parametrize(
    ("content", "headers", "terminal", "shown"),
    [
        (b'{"a":["\xc3\xbc"]}', JSON, True, '{\n  "a": [\n    "ü"\n  ]\n}\n'),
        (b'{"a":1}', JSON, False, '{"a":1}'),
        (b'{"a":"\\u009b2J"}', JSON, True, '{\n  "a": "?2J"\n}\n'),
        (b"no json", JSON, True, "no json\n"),
        (b"[" * 5000, JSON, True, "[" * 5000 + "\n"),
        (b"text", {}, True, "text\n"),
        (b"text\n", {}, True, "text\n"),
        (b"text", {}, False, "text"),
        (b"", {}, True, ""),
    ],
)
def test_on_a_terminal_json_is_indented_and_a_line_is_ended(
    content: bytes, headers: dict[str, str], terminal: bool, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or a pipe gets the bytes as they came."""
    stdout = Terminal(there=terminal)
    monkeypatch.setattr(sys, "stdout", stdout)
    request._show(httpx.Response(200, content=content, headers=headers))
    assert stdout.buffer.getvalue().decode() == shown


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (200, {}, ""),
        (204, {}, ""),
        (404, {}, "api.example answered 404 Not Found"),
        (304, {}, "api.example answered 304 Not Modified"),
        (302, {"Location": "https://b.example/?secret=1"}, "api.example answered 302 Found, and points to b.example"),
        (799, {}, "api.example answered 799"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_success_is_told_with_where_it_points(
    status: int, headers: dict[str, str], said: str
) -> None:
    """The command ends with 1 then."""
    asked = httpx.Request("GET", "https://api.example/v1")
    assert request._trouble(httpx.Response(status, headers=headers, request=asked)) == said
