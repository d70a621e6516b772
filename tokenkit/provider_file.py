"""A provider that a user describes in a TOML file: the fields of `OAuth2`, checked strictly, and variables in its URLs.

The schema is `OAuth2` itself, so that a field which it has can be written, and one which it has not is an error. A file
that says what a person is asked for, in ``[provider.fields.NAME]``, has that of `ApiKey`. What a file says besides is
in ``[provider.variables.NAME]``: values that are chosen in ``config.toml``, such as a region.
"""

import json
import re
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Any, TypeVar, cast

from tokenkit.api_key import ApiKey
from tokenkit.errors import ConfigurationError
from tokenkit.flows.answer import AnswerShape
from tokenkit.flows.identity import UserinfoRequest
from tokenkit.flows.refusal import Ended
from tokenkit.flows.revoke import RevocationRequest
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import Field, Scope
from tokenkit.toml_file import read_toml_file

_VARIABLE = re.compile(r"\{([A-Za-z0-9_]+)\}")
_UNKNOWN = "unexpected_keyword_argument"  # as pydantic calls a key that there is not
_LATER = frozenset({"client_id", "token"})
"""Names that a flow fills in, in a header or a URL."""

_VERBATIM = frozenset({"query", "body", "token_headers", "token_query"})
"""Keys of texts in which braces stand for themselves."""

_GROUPS: Mapping[str, type[Any]] = {
    "scopes": Scope,
    "answer": AnswerShape,
    "ended": Ended,
    "fields": Field,
    "userinfo": UserinfoRequest,
    "revocation": RevocationRequest,
}

_HEADER = re.compile(r"\s*\[\[?([^\[\]]+)\]")
_MISSING = "missing"
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]{1,5})?")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of the provider's URLs that differs from user to user: one of the `choices`, or any host name or label."""

    choices: tuple[str, ...] = ()
    default: str = ""


def read_provider_file(path: str, name: str, options: Mapping[str, object]) -> OAuth2 | ApiKey:
    """Read the file of the provider `name`; `options` give its variables their values.

    Raises `ConfigurationError`, which names the file, the key at fault and, for an unknown one, the nearest known.
    """
    document = read_toml_file(path)
    if document is None:
        raise ConfigurationError(f"{path} cannot be read: it is not there any more", hint="tokenkit providers")
    table = document.pop("provider", None)
    if document or not isinstance(table, dict):
        raise ConfigurationError(f"{path} must hold one table, [provider], and nothing beside it")
    members = cast(dict[str, Any], table)
    if members.get("name") != name:
        raise ConfigurationError(f'{path} must say name = "{name}": a provider is called as its file is')
    values = _values(path, name, members.pop("variables", {}), options)
    filled = _filled(path, members, values, later=_LATER | _table(members.get("fields")).keys())
    return _checked(path, ApiKey, filled) if "fields" in members else _checked(path, OAuth2, filled)


def first_choices(path: str) -> dict[str, str]:
    """Return a value for each variable of the file that has no default: its first choice, to look at the file with."""
    document = read_toml_file(path)
    if document is None:
        raise ConfigurationError(f"there is no file {path}", hint="tokenkit providers check FILE")
    tables = _table(_table(document.get("provider")).get("variables"))
    lacking = {key: _table(given) for key, given in tables.items() if not _table(given).get("default")}
    return {key: str(next(iter(given.get("choices") or ()), "example.com")) for key, given in lacking.items()}


def _table(value: object) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _values(path: str, name: str, table: object, options: Mapping[str, object]) -> dict[str, str]:
    """Return the value of each variable: the option of that name, else its default."""
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: variables are tables of their own, such as [provider.variables.region]")
    declared = cast(dict[str, object], table)
    variables = {key: _checked(path, Variable, given, f"variables.{key}.") for key, given in declared.items()}
    for option in options.keys() - variables.keys():
        raise ConfigurationError(
            f"{name} has no option {option!r}", hint=f"its options are the variables of {path}: {', '.join(variables)}"
        )
    return {key: _value(name, key, variable, options.get(key)) for key, variable in variables.items()}


def _value(name: str, key: str, variable: Variable, given: object) -> str:
    value = variable.default if given is None else str(given)
    if value in variable.choices or (not variable.choices and _VALUE.fullmatch(value)):
        return value
    expected = f"one of {', '.join(variable.choices)}" if variable.choices else "a host name or a part of one"
    raise ConfigurationError(
        f"{name} needs {key}: {expected}",
        hint=f'in config.toml, under [providers.{name}], write {key} = "{next(iter(variable.choices), "...")}"',
    )


def _filled(path: str, value: object, values: Mapping[str, str], *, later: Set[str]) -> object:
    """Return the same table with the variables in all of its texts replaced, but for the names filled in `later`."""
    if isinstance(value, dict):
        members = cast(dict[str, object], value)
        return {
            key: item if key in _VERBATIM else _filled(path, item, values, later=later) for key, item in members.items()
        }
    if isinstance(value, list):
        return [_filled(path, item, values, later=later) for item in cast("list[object]", value)]
    if not isinstance(value, str):
        return value
    unknown = [key for key in _VARIABLE.findall(value) if key not in values and key not in later]
    if unknown:
        raise ConfigurationError(
            f"{path} uses {{{unknown[0]}}}, and declares no such variable",
            hint=f"add a table [provider.variables.{unknown[0]}]",
        )
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), value)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a provider file, for editors that complete and check TOML."""
    from pydantic import TypeAdapter

    variable = TypeAdapter(_strict(Variable)).json_schema()
    kinds: list[dict[str, Any]] = []
    definitions: dict[str, Any] = {}
    for kind in (OAuth2, ApiKey):
        described = TypeAdapter(_strict(kind)).json_schema(ref_template="#/$defs/{model}")
        definitions |= described.pop("$defs", {})
        described["properties"]["variables"] = {"type": "object", "additionalProperties": variable}
        kinds.append(described)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A provider file of tokenkit",
        "type": "object",
        "properties": {"provider": {"anyOf": kinds}},
        "required": ["provider"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _strict(kind: type[Any]) -> type[Any]:
    """Return the dataclass with every key and type checked."""
    from pydantic import ConfigDict
    from pydantic.dataclasses import dataclass as checked_dataclass

    config = ConfigDict(extra="forbid", strict=True)
    return cast("type[Any]", checked_dataclass(kind, frozen=True, kw_only=True, config=config))


def _checked(path: str, kind: type[T], members: object, where: str = "") -> T:
    """Make a value of the dataclass `kind`, every key and type checked."""
    from pydantic import TypeAdapter, ValidationError

    strict = _strict(kind)
    try:
        checked = TypeAdapter(strict).validate_json(json.dumps(members))
        return kind(**{field.name: getattr(checked, field.name) for field in fields(strict)})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        first = next((fault for fault in found if fault["type"] == _UNKNOWN), found[0])  # it is why another is missing
        wrong = _wrong(path, kind, where, first["loc"], first["type"], first["msg"])
    except TypeError:
        wrong = ConfigurationError(f"{path} holds a date or time, which no field takes")
    except ConfigurationError as error:
        wrong = ConfigurationError(f"{path}: {error}", hint=error.hint)
    raise wrong  # out here, for the validator's error holds what was written (R35)


def _wrong(
    path: str, kind: type[Any], where: str, loc: Sequence[int | str], fault: str, message: str
) -> ConfigurationError:
    key = where + ".".join(map(str, loc))
    if fault == _MISSING:
        published = "; where the server publishes its metadata: tokenkit providers add URL"
        hint = f"add {key} to the file{published if key.endswith('_endpoint') else ''}"
        return ConfigurationError(f"{path}: {key} is missing", hint=hint)
    if fault != _UNKNOWN:
        return ConfigurationError(f"{path}{_at_line(path, key)}: {key}: {message}", hint=f"correct {key} in {path}")
    if loc[-1] in ("client_id", "client_secret"):
        hint = "the client registration is kept apart from its provider: tokenkit client set PROVIDER"
    else:
        known = [field.name for field in fields(_GROUPS.get(str(loc[0]), kind) if len(loc) > 1 else kind)]
        hint = f"did you mean {_nearest(str(loc[-1]), known)}?"
    return ConfigurationError(f"{path}: there is no key {key}", hint=hint)


def _at_line(path: str, key: str) -> str:
    """Return ``, line 7`` for the line that sets the key; empty where none is found, as for one that is missing."""
    names = [name for name in key.split(".") if not name.isdecimal()]
    table: list[str] = []
    best = ""
    with suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            header = _HEADER.match(line)
            if header:
                table = [name.strip(" \"'") for name in header[1].split(".")]
                continue
            set_here = [*table, *(name.strip(" \"'") for name in line.partition("=")[0].split("."))]
            if set_here == ["provider", *names]:
                return f", line {number}"
            if set_here == ["provider", names[0]]:
                best = f", line {number}"
    return best


def _nearest(key: str, known: Sequence[str]) -> str:
    """Return the known key most like this one, or like what it would be here: elsewhere endpoints are called URLs."""
    spellings = (key, key.replace("_url", "_endpoint"))
    return max(known, key=lambda name: max(SequenceMatcher(None, name, spelling).ratio() for spelling in spellings))
