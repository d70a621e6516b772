"""What kind each field of a declaration is: one that is written in code has been checked by nobody."""

from collections.abc import Mapping, Sequence
from typing import cast

from tokenkit.errors import ConfigurationError


def check_kind(provider: str, field: str, usual: object, value: object) -> None:
    """Refuse a value that is not of the kind of `usual`, the field's default: `ConfigurationError` names the field.

    A text where several are meant would be taken letter by letter.
    """
    found = type(value).__name__
    if isinstance(usual, tuple):
        right, wanted = isinstance(value, Sequence) and not isinstance(value, str | bytes), 'a tuple, such as ("...",)'
        right = right and (field == "ended" or _all_text(cast(Sequence[object], value)))  # that alone holds no texts
    elif isinstance(usual, Mapping):
        right, wanted = isinstance(value, Mapping), "a mapping"
    elif isinstance(usual, bool):
        right, wanted = isinstance(value, bool), "True or False"
    elif isinstance(usual, int | float):
        right, wanted = (isinstance(value, int | float) and not isinstance(value, bool)) or value == "never", "a number"
    else:
        right, wanted = usual is None or isinstance(value, type(usual)), f"a {type(usual).__name__}"
    if not right:
        raise ConfigurationError(f"{field} of {provider} is {found}, and not {wanted}", hint=f"correct {field}")


def check_choice(provider: str, field: str, value: object, choices: Sequence[str]) -> None:
    """Refuse a word that is none of the choices; `ConfigurationError` names the nearest."""
    if value in choices:
        return
    from tokenkit.nearest import meant

    hint = meant(str(value), choices, show=repr)
    raise ConfigurationError(f"{field} of {provider} cannot be {value!r}", hint=hint)


def _all_text(values: Sequence[object]) -> bool:
    return all(isinstance(each, str) for each in values)
