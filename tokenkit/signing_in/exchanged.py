"""The grant that a code brings, kept whatever is raised after the provider's answer (R9).

The code is spent by then (R18), and the grant that it replaces may have ended with it.
"""

from collections.abc import Callable
from typing import NamedTuple

from tokenkit.errors import AuthorizationError, ConfigurationError, ConsentRequired, TokenRefused, UsageError
from tokenkit.grant import Grant
from tokenkit.grants.heard import Heard
from tokenkit.grants.returned import whole_grant
from tokenkit.plugins import guarded
from tokenkit.provider import Context, Provider

REFUSALS = (AuthorizationError, ConfigurationError, ConsentRequired, TokenRefused, UsageError)
"""What an answer ends in that was looked at and must not be accepted. All else is trouble, and costs nothing."""


class Exchanged(NamedTuple):
    """A grant that was just issued; raise `interrupted_by`, where it is not None, once the grant is stored."""

    grant: Grant
    interrupted_by: BaseException | None = None


def exchanged(
    ctx: Context, provider: Provider, step: str, ask: Callable[[Context], Grant], *, asked: frozenset[str]
) -> Exchanged:
    """Return what `ask` brings, a call into the plugin with the context that it is given.

    After a token answer, only the errors of `REFUSALS` stand: the plugin is asked once more, with the same answers and
    nothing sent, and if it fails again, what every token answer has is taken, with the scopes `asked` where it names
    none. Raises what the plugin raises, and `ProviderBroken`.
    """
    heard = Heard(ctx)
    try:
        return Exchanged(_asked(provider, step, ask, heard.context))
    except REFUSALS:
        raise
    except BaseException as error:
        found = heard.new_tokens(provider)
        if found is None:
            raise
        interrupted_by = None if isinstance(error, Exception) else error
    try:
        return Exchanged(_asked(provider, step, ask, heard.replaying()), interrupted_by)
    except REFUSALS:
        raise
    except BaseException:  # noqa: BLE001 - what every token answer has is read without the plugin
        scopes = found.scopes or asked or None
    grant = Grant(
        provider=provider.name,
        access_tokens=found.tokens(scopes),
        refresh_token=found.refresh_token,
        scopes=scopes,
        asked=asked,
        authorized_at=found.at,
        refresh_expires_at=found.refresh_expires_at,
        extra=found.captured,
    )
    return Exchanged(grant, interrupted_by)


def _asked(provider: Provider, step: str, ask: Callable[[Context], Grant], ctx: Context) -> Grant:
    return whole_grant(provider, step, guarded(provider, step, ask, ctx))
