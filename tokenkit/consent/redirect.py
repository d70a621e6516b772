"""Which redirect URI a provider takes: one of our own on loopback, or the one that a client is registered with."""

from urllib.parse import urlsplit

from tokenkit.provider import Provider

_LITERALS = {"127.0.0.1": "localhost", "localhost": "127.0.0.1", "::1": "localhost"}


def fixed_redirect_uri(provider: Provider) -> str:
    """Return the whole redirect URI that the provider's clients are registered with; empty for one of our own."""
    return str(getattr(provider, "redirect_uri", ""))


def loopback_parts(redirect_uri: str) -> tuple[str, int, str] | None:
    """Return host, port and path of a redirect URI at which this machine can listen, or None."""
    parts = urlsplit(redirect_uri)
    host = parts.hostname or ""
    if parts.scheme != "http" or host not in _LITERALS:
        return None
    return host, parts.port or 80, parts.path


def other_loopback(redirect_uri: str) -> str:
    """Return the other spelling of a redirect URI's loopback host; empty where it is none of loopback.

    Notion and Microsoft take ``localhost`` alone, Spotify and Atlassian the IP address alone.
    """
    return _LITERALS.get(urlsplit(redirect_uri).hostname or "", "")
