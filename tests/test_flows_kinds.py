"""A declaration in code that holds a value of another kind says so where it is written, with the field's name."""

import copy
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

import pytest
from tokenkit import ApiKey, ConfigurationError, Field, OAuth2, ProviderBroken, Scope
from tokenkit.plugins import guarded

LEAST: dict[type[Any], dict[str, Any]] = {
    OAuth2: {"authorization_endpoint": "https://acme.example/a", "token_endpoint": "https://acme.example/t"},
    ApiKey: {"resource_hosts": ("https://api.acme.example",), "fields": {"key": Field(label="API key")}},
}
EXAMPLES: dict[str, dict[str, Any]] = {"Scope": {"value": "read"}, "Field": {"label": "API key"}}


class Wrong:
    """A value that no field takes."""


def wrong(kind: Any, field: str) -> Iterator[tuple[str, object]]:
    """Yield values of that kind with a wrong one in each place, and what that place is called."""
    yield field, Wrong()
    parts = get_args(kind)
    if get_origin(kind) is tuple:
        yield from ((place, [each]) for place, each in wrong(parts[0], f"{field}.0"))
    elif get_origin(kind) is Mapping:
        yield f"a key of {field}", {1: Wrong()}
        yield from ((place, {"a.b": each}) for place, each in wrong(parts[1], f"{field}.a.b"))
    elif is_dataclass(kind):
        usual = EXAMPLES.get(str(getattr(kind, "__name__", "")), {})
        for member in fields(kind):
            for place, each in wrong(member.type, f"{field}.{member.name}"):
                yield place, kind(**{**usual, member.name: each})  # type: ignore[operator]


EACH = [
    pytest.param(kind, field.name, value, place, id=f"{kind.__name__}: {place}")
    for kind in LEAST
    for field in fields(kind)
    if field.init
    for place, value in wrong(field.type, field.name)
]


@pytest.mark.parametrize(("kind", "field", "value", "place"), EACH)
def test_a_value_of_another_kind_is_named_in_whatever_it_stands(
    kind: type[Any], field: str, value: object, place: str
) -> None:
    members: dict[str, Any] = {"name": "acme", "title": "Acme", **LEAST[kind], field: value}
    with pytest.raises(ConfigurationError) as caught:
        kind(**members)
    assert str(caught.value).startswith(f"{place} of "), str(caught.value)
    assert caught.value.hint


def test_all_fields_are_tried() -> None:
    assert len(EACH) > 100
    assert {"scopes.a.b", "ended.0.code", "token_headers.a.b", "variables.a.b.choices.0"} <= {
        str(each.values[3]) for each in EACH
    }


@pytest.mark.parametrize(
    ("kind", "members", "told"),
    [
        (
            OAuth2,
            {"scopes": {"files.read": "files.read"}},
            'scopes.files.read of quillbox is str, and not a Scope, such as Scope("files.read", "read your files")',
        ),
        (
            ApiKey,
            {"fields": {"key": "API key"}},
            'fields.key of quillbox is str, and not a Field, such as Field(label="',
        ),
        (OAuth2, {"refresh_lifetime": "never"}, "refresh_lifetime of quillbox is str, and not a number"),
    ],
)
def test_the_message_shows_how_it_is_written(kind: type[Any], members: dict[str, Any], told: str) -> None:
    written: dict[str, Any] = {"name": "quillbox", "title": "Quillbox", **LEAST[kind], **members}
    with pytest.raises(ConfigurationError) as caught:
        kind(**written)
    assert str(caught.value).startswith(told)


def test_a_word_inside_a_group_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"scopes\.a\.strength of acme cannot be 'raed'") as caught:
        OAuth2(name="acme", title="Acme", **LEAST[OAuth2], scopes={"a": Scope("a", strength="raed")})  # type: ignore[arg-type]
    assert caught.value.hint == "did you mean 'read'?"


@pytest.mark.parametrize("kind", list(LEAST))
def test_a_misspelled_field_names_the_class_and_the_nearest_field(kind: type[Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"{kind.__name__} has no field 'subject'") as caught:
        kind(name="acme", title="Acme", **LEAST[kind], subject="sub")
    assert caught.value.hint == "did you mean subject_path?"


def test_a_misspelled_field_in_a_package_is_said_and_not_called_a_failure_of_the_plugin() -> None:
    """A `TypeError` of a plugin is shown without its words (R35), so that its author would learn nothing."""
    acme = OAuth2(name="acme", title="Acme", **LEAST[OAuth2])

    def provider() -> OAuth2:
        return OAuth2(name="acme", title="Acme", **LEAST[OAuth2], subject="sub")  # type: ignore[call-arg]

    with pytest.raises(ConfigurationError, match="has no field 'subject'") as caught:
        guarded(acme, "load", provider)
    assert not isinstance(caught.value, ProviderBroken)


@pytest.mark.parametrize("kind", list(LEAST))
def test_a_declaration_is_copied_and_pickled(kind: type[Any]) -> None:
    made = kind(name="acme", title="Acme", **LEAST[kind])
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == copy.copy(made) == made
