"""What a plugin returns, looked at before it is used: a stranger's code need not be typed (R9)."""

import math
from typing import cast

from tokenkit.errors import ProviderBroken, TokenKitError
from tokenkit.flows.answer import access_token_value, vschar
from tokenkit.grant import Grant, grant_from_bytes, grant_to_bytes
from tokenkit.parsing import parse
from tokenkit.pending import PendingAuthorization, pending_to_bytes
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Identity, Provider, Revocation
from tokenkit.provider.values import Identify, Revoke
from tokenkit.token import AccessToken, Secret

LATEST = 32503680000.0
"""The year 3000, Unix time in seconds: what lies beyond is no time, but milliseconds."""


def is_time(value: object) -> bool:
    """Tell whether that is a Unix time in seconds, or None where there is none."""
    return value is None or (isinstance(value, int | float) and math.isfinite(value) and 0 <= value < LATEST)


def whole_grant(provider: Provider, step: str, returned: Grant) -> Grant:
    """Return the grant. Raises `ProviderBroken` for what is none, is empty, or could not be written and read again."""
    value = cast(object, returned)
    if not isinstance(value, Grant):
        fault = f"it returned {type(value).__name__}, and no Grant"
    elif not _is_written(value):
        fault = "it returned a Grant that cannot be stored: a member is not what help(tokenkit.Grant) says"
    elif value.provider != provider.name or not (value.access_tokens or value.refresh_token):
        fault = "it returned a Grant of another provider, or one without a token"
    else:
        return value
    raise ProviderBroken(provider.name, step, hint=fault)


def _is_written(grant: Grant) -> bool:
    try:
        read = grant_from_bytes(grant_to_bytes(grant))
    except (TokenKitError, AttributeError, TypeError, ValueError):
        return False
    times = (grant.authorized_at, grant.refresh_expires_at)
    return (
        all(isinstance(scope, str) for scope in (*(read.scopes or ()), *read.asked))
        and read.access_tokens.keys() == grant.access_tokens.keys()
        and all(map(_is_token, grant.access_tokens.values()))
        and all(map(is_time, times))
    )


def _is_token(token: AccessToken) -> bool:
    kind = cast(object, token.type)
    return (
        access_token_value(token.value) != ""
        and isinstance(kind, str)
        and vschar(kind)
        and is_time(token.expires_at)
        and is_time(token.obtained_at)
    )


def drawn(provider: Provider, returned: PendingAuthorization) -> PendingAuthorization:
    """Return where to send the person. Raises `ProviderBroken` for what says nothing of the kind or cannot be kept."""
    value = cast(object, returned)
    if not isinstance(value, PendingAuthorization):
        fault = f"it returned {type(value).__name__}, and no PendingAuthorization"
    elif not isinstance(cast(object, value.url), str) or not isinstance(cast(object, value.state), Secret):
        fault = "it returned a PendingAuthorization whose url is no text or whose state is no Secret"
    else:
        broken = ProviderBroken(provider.name, "begin", hint="it returned a PendingAuthorization that cannot be kept")
        parse(lambda: pending_to_bytes(value), lambda _: broken)
        return value
    raise ProviderBroken(provider.name, "begin", hint=fault)


def revoked(provider: Provider, revoke: Revoke, ctx: Context, client: ClientRegistration, grant: Grant) -> Revocation:
    """Ask the provider to revoke. Raises what it raises, and `ProviderBroken` for what is no `Revocation`."""
    value = cast(object, guarded(provider, "revoke", revoke, ctx, client, grant))
    if not isinstance(value, Revocation) or not isinstance(cast(object, value.note), str):
        raise ProviderBroken(provider.name, "revoke", hint=f"it returned {type(value).__name__}, and no Revocation")
    return value


def whose(provider: Provider, identify: Identify, ctx: Context, client: ClientRegistration, grant: Grant) -> Identity:
    """Ask the provider whose account it is. Raises what it raises, and `ProviderBroken` for what is no `Identity`.

    A name may be any text: a digest stands in the place of one that cannot be written.
    """
    value = cast(object, guarded(provider, "identify", identify, ctx, client, grant))
    if not isinstance(value, Identity) or not _is_text(value.subject) or not isinstance(cast(object, value.name), str):
        raise ProviderBroken(provider.name, "identify", hint=f"it returned {type(value).__name__}, and no Identity")
    return value


def _is_text(value: object) -> bool:
    """Tell whether it is a text that can be written: half a pair of surrogates cannot."""
    return isinstance(value, str) and value.encode(errors="replace").decode() == value
