"""What a plugin returns, looked at before it is used: a stranger's code need not be typed (R9)."""

from typing import cast

from tokenkit.errors import ProviderBroken, TokenKitError
from tokenkit.grant import Grant, grant_from_bytes, grant_to_bytes
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Identity, Provider
from tokenkit.provider.values import Identify


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
    return all(isinstance(scope, str) for scope in (*(read.scopes or ()), *read.asked))


def whose(provider: Provider, identify: Identify, ctx: Context, client: ClientRegistration, grant: Grant) -> Identity:
    """Ask the provider whose account it is. Raises what it raises, and `ProviderBroken` for what is no `Identity`."""
    value = cast(object, guarded(provider, "identify", identify, ctx, client, grant))
    if not isinstance(value, Identity) or not all(isinstance(part, str) for part in cast(tuple[object, ...], value)):
        raise ProviderBroken(provider.name, "identify", hint=f"it returned {type(value).__name__}, and no Identity")
    return value
