"""A provider that a user describes in a TOML file: the fields of `OAuth2`, checked strictly.

The schema is `OAuth2` itself, so that a field which it has can be written, and one which it has not is an error. A file
that says what a person is asked for, in ``[provider.fields.NAME]``, has that of `ApiKey`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import date, time
from types import new_class
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tokenkit.api_key import ApiKey
from tokenkit.errors import ConfigurationError
from tokenkit.flows.answer import AnswerShape
from tokenkit.flows.identity import UserinfoRequest
from tokenkit.flows.refusal import Ended
from tokenkit.flows.revoke import RevocationRequest
from tokenkit.nearest import meant, nearest
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import Field, Scope
from tokenkit.toml_file import read_toml_file
from tokenkit.variables import Variable
from tokenkit.wrong_value import wrong_value

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_UNKNOWN = "unexpected_keyword_argument"  # as pydantic calls a key that there is not
_GROUPS: Mapping[str, type[Any]] = {
    "scopes": Scope,
    "answer": AnswerShape,
    "ended": Ended,
    "fields": Field,
    "userinfo": UserinfoRequest,
    "revocation": RevocationRequest,
    "variables": Variable,
}

_HEADER = re.compile(r"\s*\[(\[?)([^\[\]]+)\]")
_MISSING = "missing"
_READERS: "dict[str, TypeAdapter[Any]]" = {}

_ALL = "docs/reference/declaration.md"
_ENDPOINTS: Mapping[str, str] = {
    "auth": "authorization", "authorize": "authorization", "revoke": "revocation", "logout": "revocation",
    "introspect": "introspection", "device": "device_authorization", "profile": "userinfo", "user": "userinfo",
    "me": "userinfo", "identity": "userinfo", "access_token": "token",
}  # fmt: skip
"""What endpoints are called elsewhere, and by the RFCs."""

_ELSEWHERE: Mapping[str, str] = {
    "api_base_url": "resource_hosts", "api_hosts": "resource_hosts", "api_url": "resource_hosts",
    "auth_method": "client_auth", "base_url": "resource_hosts", "code_challenge_method": "pkce",
    "discovery_url": "issuer", "expires_in": "default_expires_in", "hosts": "resource_hosts",
    "issuer_url": "issuer", "metadata_url": "issuer", "openid_configuration": "issuer",
    "scope_delimiter": "scope_separator", "server_metadata_url": "issuer",
    "token_endpoint_auth_method": "client_auth", "token_endpoint_auth_methods": "client_auth",
    "token_lifetime": "default_expires_in", "use_pkce": "pkce", "well_known": "issuer",
}  # fmt: skip
"""What other libraries and the metadata of servers call a key."""

T = TypeVar("T", OAuth2, ApiKey)


def read_provider_file(path: str, name: str, options: Mapping[str, object]) -> OAuth2 | ApiKey:
    """Read the file of the provider `name`; `options` are the values of its variables where an account has no other.

    Raises `ConfigurationError`, which names the file, the key at fault and, for an unknown one, the nearest known.
    """
    document = read_toml_file(path)
    if document is None:
        raise ConfigurationError(
            f"there is no file {path}", hint="tokenkit providers, for the names of those there are"
        )
    table = document.pop("provider", None)
    if document or not isinstance(table, dict):
        hint = _shape(table, document)
        raise ConfigurationError(f"{path} must hold one table, [provider], and nothing beside it", hint=hint)
    members = cast(dict[str, Any], table)
    if members.get("name") != name:
        raise ConfigurationError(
            f'{path} must say name = "{name}": a provider is called as its file is',
            hint=f'write name = "{name}" below [provider], or give the file its name',
        )
    made = _checked(path, ApiKey, members) if "fields" in members else _checked(path, OAuth2, members)
    return made.configured(options)


def _shape(table: object, beside: Mapping[str, object]) -> str:
    """Return what makes the file one table of the right name."""
    other = next(iter(beside), "")
    if isinstance(table, dict):
        return f"put {other} below [provider], or take it out"
    if isinstance(table, list):
        return "write [provider], with one pair of brackets"
    if isinstance(beside.get(other), dict) and nearest(other, ("provider",)):
        return f"write [provider] in place of [{other}]"
    return "write the line [provider] above all others"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a provider file, for editors that complete and check TOML."""
    kinds: list[dict[str, Any]] = []
    definitions: dict[str, Any] = {}
    for kind in (OAuth2, ApiKey):
        described = _reader(kind).json_schema(ref_template="#/$defs/{model}")
        definitions |= described.pop("$defs", {})
        written = {field.name for field in fields(kind) if field.init}
        described["properties"] = {name: each for name, each in described["properties"].items() if name in written}
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


def _reader(kind: type[Any]) -> "TypeAdapter[Any]":
    """Return what reads a value of the dataclass, every key and type checked; it is made once, which takes longest.

    `kind` itself stays as it is.
    """
    if kind.__name__ not in _READERS:
        _READERS[kind.__name__] = _made_reader(kind)
    return _READERS[kind.__name__]


def _made_reader(kind: type[Any]) -> "TypeAdapter[Any]":
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.dataclasses import dataclass as checked_dataclass

    config = ConfigDict(extra="forbid", strict=True)
    beside = new_class(kind.__name__, (kind,))  # pydantic would change one that inherits all its fields in place
    return TypeAdapter(checked_dataclass(beside, frozen=True, kw_only=True, config=config))


def _checked(path: str, kind: type[T], members: object) -> T:
    """Make a value of the dataclass `kind`, every key and type checked."""
    from pydantic import ValidationError

    try:
        checked = _reader(kind).validate_json(json.dumps(members))
        return kind(**checked.declared)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        first = next((fault for fault in found if fault["type"] == _UNKNOWN), found[0])  # it is why another is missing
        wrong = _wrong(path, kind, first["loc"], first["type"], members)
    except TypeError:
        key, written = next(_dates(members), ("a field", ""))
        where = f"{path}{_at_line(path, key)}"
        wrong = ConfigurationError(f"{where}: {key} holds a date or time, which no field takes", hint=written)
    except ConfigurationError as error:
        wrong = ConfigurationError(f"{path}: {error}", hint=error.hint)
    raise wrong  # out here, for the validator's error holds what was written (R35)


def _dates(value: object, way: str = "") -> Iterator[tuple[str, str]]:
    """Yield the keys that hold a date or time, and how each is written as a text."""
    if isinstance(value, dict):
        for name, item in cast(dict[str, object], value).items():
            yield from _dates(item, f"{way}.{name}".strip("."))
    elif isinstance(value, list):
        for item in cast(list[object], value):
            yield from _dates(item, way)
    elif isinstance(value, date | time):
        yield way, f'write {way.rpartition(".")[2]} = "{value.isoformat()}"'


def _given(members: object, loc: Sequence[int | str]) -> object:
    """Return what the file has at that place."""
    for part in loc:
        try:
            members = cast(Any, members)[part]
        except (TypeError, LookupError):
            break
    return members


def _wrong(path: str, kind: type[Any], loc: Sequence[int | str], fault: str, members: object) -> ConfigurationError:
    key = ".".join(map(str, loc))
    if fault == _MISSING:
        return ConfigurationError(f"{path}: {key} is missing", hint=f"add {key} to the file")
    if fault != _UNKNOWN:
        wrong = wrong_value(kind, loc, "provider")
        where = f"{path}{_at_line(path, key)}"
        return ConfigurationError(
            f"{where}: {wrong.key} must be {wrong.must_be}", hint=wrong.written_for(_given(members, loc))
        )
    if loc[-1] in ("client_id", "client_secret"):
        hint = "the client registration is kept apart from its provider: tokenkit client set PROVIDER"
    elif kind is ApiKey and len(loc) == 1 and str(loc[0]).removesuffix("_endpoint") in ("authorization", "token"):
        hint = f"[provider.fields] says that the service has no OAuth: take that out, or {loc[0]}"
    else:
        group = _GROUPS.get(str(loc[0]), kind) if len(loc) > 1 else kind
        known = [field.name for field in fields(group) if field.init]
        hint = meant(str(loc[-1]), known, *_called_here(str(loc[-1])), too_many=_ALL)
    return ConfigurationError(f"{path}: there is no key {key}", hint=hint)


def _at_line(path: str, key: str) -> str:
    """Return ``, line 7`` for the line that sets the key, or the table that it stands in; empty where none does."""
    table, best, line = "", "", 0
    begun: dict[str, int] = {}
    with suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8-sig") as file:
        for number, text in enumerate(file, 1):
            header = _HEADER.match(text)
            if header is None:
                here = f"{table}.{_bare(text.partition('=')[0])}"
            else:
                here = table = _bare(header[2])
                if header[1]:  # [[...]] begins the next of a list
                    begun[table] = begun.get(table, -1) + 1
                    here = table = f"{table}.{begun[table]}"
            if len(here) > len(best) and f"provider.{key}.".startswith(f"{here}."):
                best, line = here, number
    return f", line {line}" if best.count(".") else ""


def _bare(written: str) -> str:
    """Return a dotted name without the quotes and spaces that it may be written with."""
    return ".".join(name.strip(" \"'") for name in written.strip().split("."))


def _called_here(key: str) -> Iterator[str]:
    """Yield what the key may be called here: elsewhere endpoints are called URLs, and some of them by a verb."""
    yield _ELSEWHERE.get(key, key)
    endpoint = key.replace("_url", "_endpoint").replace("_uri", "_endpoint")
    yield endpoint
    verb = endpoint.removesuffix("_endpoint")
    if verb in _ENDPOINTS:
        yield f"{_ENDPOINTS[verb]}_endpoint"
