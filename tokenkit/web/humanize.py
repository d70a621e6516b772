"""Times, lists and states as people say them."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime

from tokenkit.duration import ago, within
from tokenkit.grants.status import Active, Broken, Expired, Expiring, Moved, NeedsConsent, State, Unavailable

HUES = 8


def day(time: float) -> str:
    """Return a Unix time as a date in UTC."""
    moment = datetime.fromtimestamp(time, UTC)
    return f"{moment.day} {moment:%B %Y}"


def iso(time: float) -> str:
    """Return a Unix time for the ``datetime`` attribute (RFC 3339), from which a script makes the reader's own time."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def away(time: float, now: float) -> str:
    """Return how far off `time` is: ``in 6 months``, ``3 days ago``."""
    return within(time - now) if time > now else ago(now - time)


def hue(name: str) -> int:
    """Return the colour of a provider: always the same for a name."""
    return zlib.crc32(name.encode()) % HUES


def sentence(text: str) -> str:
    """Return the text with a capital at its beginning and a full stop at its end."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?:" else ".")


def listed(items: Sequence[str]) -> str:
    """Return the items as a sentence has them: ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def state_words(state: State, title: str, now: float) -> tuple[str, str]:
    """Say how an account stands, and why: ``connected``, ``attention`` (only the person can help), ``unavailable``."""
    match state:
        case Active() | Expiring() | Expired():
            return "connected", ""
        case NeedsConsent(reason):
            return "attention", sentence(reason)
        case Unavailable(retry_at, _):
            return "unavailable", f"{title} cannot be reached at the moment. The next try is {away(retry_at, now)}."
        case Broken(message, _) | Moved(message, _):
            return "attention", sentence(message)
