"""The one check of a text that somebody gives as a client id or a client secret."""

import re

from tokenkit.errors import ConfigurationError

_VSCHAR = re.compile(r"[ -~]+")


def credential_text(value: object, what: str) -> str:
    """Return the value if RFC 6749 appendix A allows it as a client id or secret. It is never shown."""
    if not isinstance(value, str) or not _VSCHAR.fullmatch(value):
        raise ConfigurationError(f"{what} is not a text of printable ASCII characters", hint="copy it again")
    return value
