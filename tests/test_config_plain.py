"""What is plainly right in config.toml is taken without pydantic, and just as pydantic takes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tokenkit.config import Config, load_config
from tokenkit.config.plain import NotPlain, plainly

PYDANTIC = TypeAdapter(Config)
WORDS = st.sampled_from(["", "google", "ha.lan:8123", "a/b", "postgresql://x", "1"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-1, 70000), st.floats(), WORDS)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))
ALL_WORDS = st.lists(WORDS, max_size=3)


def _often(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The right kind, and now and then any other."""
    return st.one_of(right, right, right, VALUES)


PROVIDER = st.fixed_dictionaries(
    {},
    optional={
        "shadow": _often(st.booleans()),
        "unverified": _often(st.booleans()),
        "redirect_port": _often(st.integers(1, 65535)),
        "client_id": _often(WORDS),
        "client_secret_command": _often(ALL_WORDS),
        "options": _often(st.dictionaries(WORDS, VALUES, max_size=3)),
        "other": VALUES,
    },
)
ACCOUNT = st.fixed_dictionaries({}, optional={"insecure_hosts": _often(ALL_WORDS), "other": VALUES})
DOCUMENT = st.fixed_dictionaries(
    {},
    optional={
        "defaults": _often(st.dictionaries(WORDS, _often(WORDS), max_size=2)),
        "providers": _often(st.dictionaries(WORDS, _often(PROVIDER), max_size=2)),
        "accounts": _often(st.dictionaries(WORDS, _often(ACCOUNT), max_size=2)),
        "asks": _often(st.dictionaries(WORDS, _often(ALL_WORDS), max_size=2)),
        "activity": _often(st.booleans()),
        "notify": _often(ALL_WORDS),
        "store": _often(WORDS),
        "store_direct": _often(WORDS),
        "other": VALUES,
    },
)


KINDS: tuple[object, ...] = (
    None, True, 0, 80, 1.5, "", "google", [], ["google"], [1], {}, {"google": "x"}, {"google": ["x"]},
)  # fmt: skip
MEMBERS = ("defaults", "providers", "accounts", "asks", "activity", "notify", "store", "store_direct", "other")
OF_A_PROVIDER = ("shadow", "unverified", "redirect_port", "client_id", "client_secret_command", "options", "other")


@pytest.mark.parametrize("name", MEMBERS)
def test_each_member_of_each_kind_is_taken_as_pydantic_takes_it(name: str) -> None:
    for value in KINDS:
        assert_same({name: value})
        assert_same({"accounts": {"google/me": {name: value}}})


@pytest.mark.parametrize("name", OF_A_PROVIDER)
def test_each_member_of_a_provider_of_each_kind_is_taken_as_pydantic_takes_it(name: str) -> None:
    for value in KINDS:
        assert_same({"providers": {"google": {"client_id": "x", name: value}}})
        assert_same({"accounts": {"google/me": {"insecure_hosts": value}}})


@given(DOCUMENT)
def test_both_take_the_same_and_pydantic_takes_nothing_else(document: dict[str, Any]) -> None:
    assert_same(document)


def assert_same(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    found = _taken(lambda: plainly(Config, json.loads(text)), NotPlain)
    assert repr(found) == repr(_taken(lambda: PYDANTIC.validate_json(text), ValidationError)), text


def _taken(read: Callable[[], Config], refusal: type[Exception]) -> Config | None:
    try:
        return read()
    except refusal:
        return None


def test_a_file_that_is_right_is_read_without_pydantic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydantic.TypeAdapter", None)
    (tmp_path / "config.toml").write_text("[providers.google]\nredirect_port = 8765\nsince = 2026-11-28\n")
    settings = load_config(str(tmp_path)).settings("google")
    assert (settings.redirect_port, settings.options) == (8765, {"since": "2026-11-28"})
