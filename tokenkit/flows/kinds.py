"""What kind each field of a declaration is: one that is written in code has been checked by nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

from tokenkit.errors import ConfigurationError
from tokenkit.provider import Provider

_EXAMPLES = {
    "Scope": 'Scope("files.read", "read your files")',
    "Field": 'Field(label="API key")',
    "Variable": 'Variable(about="the address of your server", kind="server")',
    "Ended": 'Ended(code="token_revoked")',
    "AnswerShape": 'AnswerShape(path="authed_user")',
    "UserinfoRequest": 'UserinfoRequest(method="POST")',
    "RevocationRequest": 'RevocationRequest(which="access")',
}
"""How a value of each group is written."""


def check_kinds(declared: object) -> None:
    """Check what a type checker would, for those that run none, in all fields of a declaration and all that they hold.

    `ConfigurationError` names the field. A text where several are meant would be taken letter by letter.
    """
    _check_members(str(getattr(declared, "name", "")), "", declared)


def check_members(provider: object) -> None:
    """Check the members of a provider that is no declaration, and that a stranger has written without a type checker.

    `ConfigurationError` names the member. What a call returns is judged where the call is made.
    """
    name = str(getattr(provider, "name", ""))
    for member, declared in vars(Provider).items():
        getter = declared.fget if isinstance(declared, property) else None
        kind: Any = None if getter is None else getter.__annotations__["return"]
        origin: Any = get_origin(kind)
        power = kind is None or origin is UnionType or origin is Union
        if not power and hasattr(provider, member):  # one that is older lacks what was not asked for then
            _check(name, member, kind, getattr(provider, member))


def check_names(kind: type[Any], written: Mapping[str, object]) -> None:
    """Refuse a field that a declaration of this kind has not; `ConfigurationError` names the nearest."""
    known = [each.name for each in fields(kind) if each.init]
    unknown = next((name for name in written if name not in known), None)
    if unknown is not None:
        from tokenkit.nearest import meant

        raise ConfigurationError(
            f"{kind.__name__} has no field {unknown!r}", hint=meant(unknown, known, too_many=f"help({kind.__name__})")
        )


def _check_members(provider: str, field: str, value: Any) -> None:
    for each in fields(value):
        if each.init:
            _check(provider, f"{field}.{each.name}" if field else each.name, each.type, getattr(value, each.name))


def _check(provider: str, field: str, kind: Any, value: object) -> None:
    """Refuse a value that is not of the kind with which its field is annotated."""
    if kind is str and isinstance(value, str):
        return  # first, for most are texts
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        _check_choice(provider, field, value, parts)
    elif origin is UnionType or origin is Union:
        _check_one_of(provider, field, value, parts)
    elif not _is(origin or kind, value):
        found = type(value).__name__
        raise ConfigurationError(
            f"{field} of {provider} is {found}, and not {_called(origin or kind)}", hint=f"correct {field}"
        )
    elif origin in (tuple, Sequence):
        for number, item in enumerate(cast("Sequence[object]", value)):
            _check(provider, f"{field}.{number}", parts[0], item)
    elif origin is Mapping:
        for key, item in cast("Mapping[object, object]", value).items():
            _check(provider, f"a key of {field}", parts[0], key)
            _check(provider, f"{field}.{key}", parts[1], item)
    elif is_dataclass(kind):
        _check_members(provider, field, value)


def _check_one_of(provider: str, field: str, value: object, kinds: Sequence[Any]) -> None:
    """Check a value that may be nothing, a word, or of one more kind."""
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    if not (value in words or (value is None and type(None) in kinds)):
        others = [kind for kind in kinds if kind is not type(None) and get_origin(kind) is not Literal]
        _check(provider, field, others[0] if others else Literal[tuple(words)], value)


def _check_choice(provider: str, field: str, value: object, choices: Sequence[str]) -> None:
    """Refuse a word that is none of the choices; `ConfigurationError` names the nearest."""
    if value in choices:
        return
    from tokenkit.nearest import meant

    hint = meant(str(value), choices, show=repr)
    raise ConfigurationError(f"{field} of {provider} cannot be {value!r}", hint=hint)


def _is(kind: type[Any], value: object) -> bool:
    if kind in (tuple, Sequence):  # a list is as good
        return isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    return isinstance(value, kind)


def _called(kind: type[Any]) -> str:
    known = {tuple: 'a tuple, such as ("...",)', Sequence: "a list", Mapping: "a mapping", bool: "True or False"}
    if kind in known:
        return known[kind]
    if kind in (int, float):
        return "a whole number" if kind is int else "a number"
    name = kind.__name__
    return f"{'an' if name[0] in 'AE' else 'a'} {name}{f', such as {_EXAMPLES[name]}' if name in _EXAMPLES else ''}"
