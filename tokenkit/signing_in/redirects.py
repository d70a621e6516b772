"""Where the answer to a sign-in is awaited: one path a server, else one's answer could pass for another's (R23)."""

from typing import cast
from urllib.parse import urlsplit

from tokenkit.consent.redirect import fixed_redirect_uri
from tokenkit.errors import UsageError
from tokenkit.grants.bound_to import at, settled
from tokenkit.grants.refresher import Refresher
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import Provider
from tokenkit.signing_in.pending_names import digest, expiry
from tokenkit.signing_in.pendings import load_pending


def callback_name(refresher: Refresher, provider: Provider) -> str:
    """Return the end of our own redirect URIs for the provider: its name, and a hash for another server than usual."""
    here = _server(provider)
    usual = not here or here == _server(refresher.provider(provider.name))
    return provider.name if usual else f"{provider.name}/{digest(here)[:12]}"


def provider_of(refresher: Refresher, pending: PendingAuthorization) -> Provider:
    """Return the provider as the sign-in was begun with it."""
    return at(refresher.provider(pending.provider), pending.settled)


def check_redirect_uri(refresher: Refresher, provider: Provider, redirect_uri: str, *, shared_path: bool) -> None:
    """Refuse an address at which another server's answer could pass for this one's; raises `UsageError`.

    `shared_path` allows a path that does not name the provider.
    """
    parts = urlsplit(redirect_uri) if isinstance(cast(object, redirect_uri), str) else urlsplit("")
    if not parts.scheme or parts.fragment:
        raise UsageError(
            "the redirect URI is no whole address without a fragment (RFC 6749 section 3.1.2)",
            hint=f"https://YOUR-HOST/callback/{provider.name}, as it is registered at {provider.title}",
        )
    if redirect_uri == fixed_redirect_uri(provider):
        return _check_shared(refresher, provider, redirect_uri)
    path, name = parts.path, callback_name(refresher, provider)
    if shared_path or ("/" in name and path.endswith(f"/callback/{name}")):
        return None
    if not path.endswith(f"/callback/{provider.name}"):
        raise UsageError(
            f"the path of the redirect URI does not end in /callback/{name}",
            hint="give each provider a callback path of its own, at the provider and here",
        )
    return _check_shared(refresher, provider, redirect_uri) if _server(provider) else None


def _check_shared(refresher: Refresher, provider: Provider, redirect_uri: str) -> None:
    """Refuse an address at which another authorization server's answer is awaited, but where both name themselves.

    Else one server's answer could pass for the other's (RFC 9700 section 4.4, R23).
    """
    for name in refresher.records.pendings():
        found = load_pending(refresher.records, name) if expiry(name) > refresher.context.now() else None
        other = None if found is None else found[0]
        if other is None or other.redirect_uri != redirect_uri or _same(other, provider):
            continue
        if not (_names_itself(provider) and _names_itself(provider_of(refresher, other))):
            where = other.provider if other.provider != provider.name else f"another {provider.title}"
            raise UsageError(
                f"a sign-in at {where} awaits its answer at {redirect_uri}, too, and the answers of both "
                "could not be told apart",
                hint="finish that one first, wait ten minutes, or register an address of its own for each",
            )


def _same(pending: PendingAuthorization, provider: Provider) -> bool:
    """Tell whether a sign-in is under way at that very server of the provider."""
    return pending.provider == provider.name and dict(pending.settled) == settled(provider)


def _server(provider: Provider) -> str:
    return str(getattr(provider, "server", ""))


def _names_itself(provider: Provider) -> bool:
    """Tell whether each answer of the provider must say whose it is (RFC 9207)."""
    return getattr(provider, "iss", "") == "required"
