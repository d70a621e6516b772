"""How sign-ins under way are named in the store: by digests of binding and state, and by when they expire (R21)."""

import hashlib

from tokenkit.store import Name


def digest(value: str) -> str:
    """Return what stands for a secret value in a name."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()  # a cookie of any bytes


def pending_prefix(binding: str, state: str) -> str:
    """Return how the name of that sign-in begins: without both values nothing is found (R22)."""
    return f"{digest(binding)[:32]}.{digest(state)[:32]}."


def pending_id(binding: str, state: str, expires_at: float) -> str:
    """Return the name of a sign-in, in the folder of its owner."""
    return f"{pending_prefix(binding, state)}{int(expires_at):x}"


def expiry(name: Name) -> float:
    """Return when a sign-in expires, Unix time in seconds; 0 where its name does not say."""
    try:
        return float(int(name.id.rpartition(".")[2], 16))
    except ValueError:
        return 0.0
