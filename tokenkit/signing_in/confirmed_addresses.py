"""Where a person, a code and a secret are sent the first time: to an address that some source confirms, or by a yes."""

from tokenkit.errors import ConfigurationError
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.provider import Provider
from tokenkit.shell import quoted


def check_confirmed(records: SealedStore, provider: Provider) -> None:
    """Refuse the first sign-in where nobody has confirmed the addresses that matter; raises `ConfigurationError`.

    Who has an account there has said yes before.
    """
    name = provider.name
    if not getattr(provider, "needs_trust", False) or records.accounts(name, most=1):
        return
    raise ConfigurationError(
        f"no source confirms where {provider.title} wants sign-ins to be sent",
        hint=f"compare tokenkit providers {quoted(name)} with its documentation, then: "
        f"tokenkit login {quoted(name)} --unverified (in code: unverified=True; in config.toml, "
        f"under [providers.{name}]: unverified = true)",
    )
