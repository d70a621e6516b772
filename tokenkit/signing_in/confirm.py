"""What a person confirms: that a grant is replaced, or that an account is theirs, since nothing proves it (R25)."""

from collections.abc import Callable

from tokenkit.account import DEFAULT_NAME, Account
from tokenkit.errors import ConsentDenied
from tokenkit.provider import Identity, Provider
from tokenkit.signing_in.authorization import Authorizations

Confirm = Callable[[str], bool]
"""Shows the person some sentences, and returns whether they agree."""


def confirm_replacing(
    authorizations: Authorizations, provider: Provider, *, account: str, name: str, confirm: Confirm | None
) -> None:
    """Ask before a sign-in replaces a grant that may be another person's: the provider does not say whose it is.

    A person who names the `account` renews it, and is not asked. Raises `ConsentDenied` after a no; then nothing was
    sent.
    """
    taken = None if account and not name else authorizations.linker.unnamed(provider, name)
    if taken is None or confirm is None:
        return
    other = f"tokenkit login {provider.name} --as NAME"
    question = (
        f"{taken} is signed in already, and {provider.title} does not say who signs in: this sign-in replaces it. "
        f"For another person's account: {other}"
    )
    if not confirm(question):
        raise ConsentDenied(f"{taken} was kept as it is, and nobody was signed in", hint=other)


def confirm_account(provider: Provider, name: str, identity: Identity, confirm: Confirm | None) -> None:
    """Name the account, and have it confirmed: another person than the one who asked for it may have entered the code.

    Raises `ConsentDenied` after a no; then nothing is stored.
    """
    if confirm is None:
        return
    account = Account(provider.name, name or identity.name or DEFAULT_NAME)
    person = identity.name or f"somebody whom {provider.title} does not name"
    if confirm(f"At {provider.title}, the code was entered by {person}. The account is to be stored as {account}."):
        return
    hint = f"remove the app at {provider.manage_url}" if provider.manage_url else f"tokenkit login {provider.name}"
    raise ConsentDenied("nothing was stored; what was granted still exists at the provider", hint=hint)
