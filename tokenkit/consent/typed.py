"""What a person types in place of a consent screen: at a terminal, where a secret is not shown, or in a notebook."""

import os
from collections.abc import Mapping

from tokenkit.consent.keyboard import Keyboard, input_is_replaced
from tokenkit.consent.terminal import Say, printable
from tokenkit.errors import UsageError
from tokenkit.provider import Field
from tokenkit.token import Secret


def read_fields(title: str, fields: Mapping[str, Field], say: Say) -> dict[str, Secret]:
    """Ask for each of the fields, and return what was typed, by name. A script pipes them in, a line each.

    Raises `UsageError` where stdin ends before.
    """
    return {name: Secret(_read(title, field, say)) for name, field in fields.items()}


def _read(title: str, field: Field, say: Say) -> str:
    if input_is_replaced() or Keyboard.is_a_terminal():
        for line in filter(None, (field.about, field.where)):
            say(printable(line))
    prompt = f"{printable(field.label)} of {printable(title)}: "
    if field.secret and (input_is_replaced() or os.name != "posix"):
        from getpass import getpass

        return getpass(prompt)
    with Keyboard(prompt=prompt, hidden=field.secret) as keyboard:
        line = keyboard.read() or ""
    if not line:
        raise UsageError(
            f"stdin ended before the {field.label} of {title}",
            hint="pipe it in, a line for each field, or run this in a terminal",
        )
    return line
