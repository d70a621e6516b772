"""What a person reads of a wrong value in a provider file or ``config.toml`` is in our words, and shows the form."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from tokenkit import ApiKey, ConfigurationError, OAuth2
from tokenkit.config import load_config
from tokenkit.config.file import Config
from tokenkit.provider_file import read_provider_file
from tokenkit.wrong_value import wrong_value

THEIRS = ("Input", "input", "valid", "object", "array", "boolean", "dictionary", "instance", "literal[", ".float")
"""Words of the validator's."""

LEAST: Mapping[type[Any], Mapping[str, object]] = {
    OAuth2: {"authorization_endpoint": "https://acme.example/a", "token_endpoint": "https://acme.example/t"},
    ApiKey: {"resource_hosts": ["https://api.acme.example"], "fields": {"key": {"label": "API key"}}},
}


def toml(value: object) -> str:
    """Write a value in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def wrong(kind: Any) -> Iterator[object]:
    """Yield values that are wrong in one place each, wherever the kind holds something."""
    parts = [part for part in get_args(kind) if part is not type(None)]
    origin = get_origin(kind)
    if kind is Any:
        return
    if origin is tuple:
        yield from (5, "text", {"a": 5})
        yield from ([each] for each in wrong(parts[0]))
    elif origin is Mapping:
        yield from (5, "text", [5])
        yield from ({"a.b": each} for each in wrong(parts[1]))
    elif is_dataclass(kind):
        yield from (5, "text", [5])
        for member in fields(kind):
            yield from ({member.name: each} for each in wrong(member.type))
    elif parts and origin is not Literal:
        yield from ([5], {"a": 5}, "text that is none")
    else:
        yield from ([5], {"a": 5}, 5 if kind is str or origin is Literal else "text")


IN_A_PROVIDER = [
    pytest.param(kind, field.name, value, id=f"{kind.__name__}: {field.name} = {toml(value)}")
    for kind in LEAST
    for field in fields(kind)
    if field.init and field.name != "name"
    for value in wrong(field.type)
]
IN_THE_CONFIG = [
    pytest.param(field.name, value, id=f"{field.name} = {toml(value)}")
    for field in fields(Config)
    for value in wrong(field.type)
    if "options" not in toml(value)
]


def in_our_words(error: ConfigurationError, name: str) -> None:
    said = str(error).rpartition(".toml")[2]
    assert name in said
    assert not [word for word in THEIRS if word in said.replace(name, "") or word in error.hint], (said, error.hint)
    assert error.hint


@pytest.mark.parametrize(("kind", "name", "value"), IN_A_PROVIDER)
def test_a_wrong_value_in_a_provider_file_is_said_in_our_words(
    kind: type[Any], name: str, value: object, tmp_path: Path
) -> None:
    path = tmp_path / "acme.toml"
    members = {"name": "acme", "title": "Acme", **LEAST[kind], name: value}
    path.write_text("[provider]\n" + "".join(f"{key} = {toml(each)}\n" for key, each in members.items()))
    with pytest.raises(ConfigurationError) as caught:
        read_provider_file(str(path), "acme", {})
    in_our_words(caught.value, name)


@pytest.mark.parametrize(("name", "value"), IN_THE_CONFIG)
def test_a_wrong_value_in_the_configuration_is_said_in_our_words(name: str, value: object, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f"{name} = {toml(value)}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_config(str(tmp_path))
    in_our_words(caught.value, name)


@pytest.mark.parametrize(
    ("kind", "loc", "key", "must_be", "written"),
    [
        (
            ApiKey,
            ["fields", "label"],
            "fields",
            "tables, one for each",
            "write a table for each: [provider.fields.key]",
        ),
        (ApiKey, ["fields", "token"], "fields.token", "a table", "write a table: [provider.fields.token]"),
        (ApiKey, ["fields"], "fields", "a table", "write a table for each: [provider.fields.key]"),
        (OAuth2, ["answer"], "answer", "a table", "write a table: [provider.answer]"),
        (OAuth2, ["ended"], "ended", "a list of tables", "write [[provider.ended]] above each"),
        (OAuth2, ["ended", 0], "ended.0", "a table", "write [[provider.ended]] above each"),
        (OAuth2, ["pkce"], "pkce", "true or false", "write pkce = true"),
        (OAuth2, ["name_paths"], "name_paths", "a list", 'write name_paths = ["..."]'),
        (OAuth2, ["name_paths", 0], "name_paths.0", "a text in quotes", 'write name_paths = ["..."]'),
        (OAuth2, ["headers", "X.Y"], "headers.X.Y", "a text in quotes", 'write "X.Y" = "..."'),
        (OAuth2, ["default_expires_in", "float"], "default_expires_in", 'a number of seconds, or "never"', None),
        (OAuth2, ["iss"], "iss", 'one of "required", "if_present"', 'write iss = "required"'),
    ],
)
def test_the_form_that_is_wanted_is_shown(
    kind: type[Any], loc: list[int | str], key: str, must_be: str, written: str | None
) -> None:
    found = wrong_value(kind, loc, "provider")
    assert (found.key, found.must_be) == (key, must_be)
    assert found.written == (written or "write default_expires_in = 7200")


def test_a_table_whose_name_has_a_slash_is_quoted() -> None:
    assert wrong_value(Config, ["accounts", "acme/me"]).written == 'write a table: [accounts."acme/me"]'
