"""The members of an answer, JSON or a form, as far as they can be read (R12).

A rotated refresh token that stands in an answer is the session, whatever else is wrong with that answer: a byte that
is no UTF-8, a number too long, a name given twice, an end that is missing. What is strict JSON is read by `json`; for
the rest a tokenizer goes from member to member, keeps each that was closed, and stops where the text is no JSON.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from json import JSONDecoder, detect_encoding
from typing import Any, cast
from urllib.parse import parse_qsl

from tokenkit.confidential import Confidential
from tokenkit.provider import Response

_DEEPEST = 50
_LONGEST_NUMBER = 300


class Unreadable:
    """Stands where an answer has a member of which the value cannot be told: damaged, or given twice."""

    __slots__ = ()


UNREADABLE = Unreadable()


@dataclass(frozen=True, slots=True)
class Members(Confidential):
    """The `values` by name, nested as they came; `whole` is False where the answer broke off: more may be missing."""

    values: dict[str, Any] = field(repr=False)
    whole: bool


NONE = Members({}, whole=False)


def read_members(response: Response) -> Members:
    """Read the first JSON object of an answer, or its form; no values where there is neither.

    A page is neither, whatever its scripts hold: it may be a proxy's. One that says that it is JSON may begin with a
    warning of the server's.
    """
    best = NONE
    declared = response.header("content-type") or ""
    for text in _texts(response.body):
        if text.lstrip("\ufeff \t\r\n\0").startswith("<") and "json" not in declared.lower():
            continue
        found = _form(response, text) or _object(text)
        if found.whole:
            return found
        best = best if best.values else found
    return best


def _texts(body: bytes) -> Sequence[str]:
    """Return the body as text, in the encoding that JSON lets one detect (RFC 8259 section 8.1), and as UTF-8.

    A byte that is none of UTF-8 becomes a lone surrogate, so that it damages no other member.
    """
    encodings = dict.fromkeys((detect_encoding(body), "utf-8"))
    return [body.decode(name, "surrogateescape" if name.startswith("utf-8") else "replace") for name in encodings]


def _form(response: Response, text: str) -> Members | None:
    """Return the fields of a form, where the answer says that it is one or has the names of a token answer."""
    text = text.strip()
    declared = "form-urlencoded" in (response.header("content-type") or "")
    if text[:1] in ("{", "[") or not (declared or _FORM.fullmatch(text)):
        return None
    pairs = parse_qsl(text, keep_blank_values=True)
    if not declared and not {"access_token", "refresh_token", "error"} & {name for name, _ in pairs}:
        return None
    values = _once(pairs)
    if pairs and not response.complete:
        values[pairs[-1][0]] = UNREADABLE  # there may have been more of it
    return Members(values, whole=response.complete) if values else None


def _object(text: str) -> Members:
    """Return the first object in the text: some put it into a list of one, a string, or behind words of their own."""
    start = text.find("{")
    if start < 0:
        return NONE
    try:
        if text.lstrip()[:1] == '"':
            return _object(str(json.loads(text, strict=False)))
        return Members(cast(dict[str, Any], _JSON.raw_decode(text, start)[0]), whole=True)
    except (ValueError, RecursionError):
        return read_open_object(text, start)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        _put(values, name, value)
    return values


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    """Put a value under its name. A name that comes twice, with two values, says nothing."""
    values[name] = value if name not in values or values[name] == value else UNREADABLE


def _number(text: str) -> Any:
    """Return the number in a text of JSON, else `UNREADABLE`."""
    if len(text) > _LONGEST_NUMBER:
        return UNREADABLE
    return int(text) if _INTEGER.fullmatch(text) else float(text) if _FLOAT.fullmatch(text) else UNREADABLE


_FORM = re.compile(r"[A-Za-z0-9%+&=_.~*-]+")
_INTEGER = re.compile(r"-?\d+")
_FLOAT = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_JSON = JSONDecoder(strict=False, object_pairs_hook=_once, parse_int=_number, parse_float=_number)

_WORDS = {"true": True, "false": False, "null": None}
_TOKEN = re.compile(
    r"[\s\0]*(?:(?P<mark>[{}\[\]:,])"
    r'|(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")'
    r'|(?P<word>[^\s\0{}\[\]:,"]+)(?=[\s\0{}\[\]:,]))',  # what ends with the text may be a part of a number
    re.DOTALL,
)


def read_open_object(text: str, start: int) -> Members:
    """Read the JSON object that begins at `start`, token by token, up to its end or to what is no JSON."""
    return _Reader().read(text, start)


class _Reader:
    """Goes through an object without recursion; `_expects` is the kind of token that may come next."""

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._open: list[dict[str, Any] | list[Any]] = []
        self._names: list[str] = []
        self._expects = "value"

    def read(self, text: str, at: int) -> Members:
        while True:
            token = _TOKEN.match(text, at)
            if token is None or not self._take(token):
                return Members(self._top, whole=False)
            if not self._open:
                return Members(self._top, whole=True)
            at = token.end()

    def _take(self, token: "re.Match[str]") -> bool:
        """Take the token in; False where it may not stand here."""
        mark, string, word = token["mark"], token["string"], token["word"]
        match self._expects:
            case "name" if string:
                self._names[-1] = str(_string(string))
                self._expects = "colon"
            case "colon" if mark == ":":
                self._expects = "value"
            case "value" if string or word:
                self._add(_string(string) if string else _word(word))
                self._expects = "next"
            case "value" if mark in ("{", "["):
                self._begin({} if mark == "{" else [])
            case "next" if mark == ",":
                self._expects = "name" if isinstance(self._open[-1], dict) else "value"
            case "next" | "name" | "value" if mark in ("}", "]"):
                return self._end(mark)
            case _:
                return False
        return True

    def _begin(self, inner: dict[str, Any] | list[Any]) -> None:
        if self._open:
            self._add(inner if len(self._open) < _DEEPEST else UNREADABLE)
        elif isinstance(inner, dict):
            self._top = inner
        self._open.append(inner)
        self._names.append("")
        self._expects = "name" if isinstance(inner, dict) else "value"

    def _end(self, mark: str) -> bool:
        if isinstance(self._open[-1], dict) != (mark == "}"):
            return False
        self._open.pop()
        self._names.pop()
        self._expects = "next"
        return True

    def _add(self, value: Any) -> None:
        inner = self._open[-1]
        if isinstance(inner, dict):
            _put(inner, self._names[-1], value)
        else:
            inner.append(value)


def _string(token: str) -> Any:
    try:
        return _JSON.decode(token)
    except ValueError:
        return UNREADABLE  # an escape that there is not


def _word(token: str) -> Any:
    return _WORDS[token] if token in _WORDS else _number(token)
