"""The one check of a text that somebody gives as a client id or a client secret."""

import re

from tokenkit.errors import ConfigurationError
from tokenkit.flows.sanitize import without_hidden

_VSCHAR = re.compile(r"[ -~]+")


def credential_text(value: object, what: str) -> str:
    """Return the value, without what nobody sees of it, if RFC 6749 appendix A allows it as a client id or secret.

    It is never shown.
    """
    text = without_hidden(value) if isinstance(value, str) else ""
    if not _VSCHAR.fullmatch(text):
        raise ConfigurationError(f"{what} is not a text of printable ASCII characters", hint="copy it again")
    return text


def stands_in_quotes(value: str) -> bool:
    """Tell whether quotes stand around it, which are seldom part of it."""
    return len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"


def printed_text(value: str, what: str) -> str:
    """Check a text that a program has written down: many keep the quotes around it, which would be sent with it."""
    if stands_in_quotes(value):
        raise ConfigurationError(
            f"{what} stands in quotes",
            hint="take them off (docker --env-file keeps them, and jq without -r); one that has quotes of its own: "
            "tokenkit client set",
        )
    return credential_text(value, what)
