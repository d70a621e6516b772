"""Sign-out: revoke at the provider, remove here, and say which of the two happened (R19)."""

from dataclasses import dataclass

from tokenkit.account import Account
from tokenkit.errors import Conflict, ProviderError, StoreError, TokenKitError, UnknownAccount
from tokenkit.grant import MOVED, Grant
from tokenkit.grants.bound_to import check_bound, within
from tokenkit.grants.refresher import Refresher
from tokenkit.plugins import guarded
from tokenkit.provider import Context, Provider


@dataclass(frozen=True, slots=True)
class SignOut:
    """What a sign-out did: `removed` here, `revoked` at the provider, and a `note` in words where that is not all."""

    account: Account
    removed: bool
    revoked: bool
    note: str = ""


def sharing_fate(refresher: Refresher, account: Account) -> list[Account]:
    """The other local accounts that a revocation ends: the same person's, where it reaches the whole client."""
    mine = refresher.records.get(account).grant
    try:
        provider = refresher.provider(account.provider)
    except TokenKitError:
        return []  # a provider that cannot be asked ends nothing
    if not mine.subject or provider.revoke is None or provider.revocation_reach != "client":
        return []
    others = [other for other in refresher.records.accounts(account.provider) if other != account]
    return [other for other in others if _person_and_client(refresher, other) == (mine.subject, mine.client_id)]


def _person_and_client(refresher: Refresher, account: Account) -> tuple[str, str] | None:
    """Whose it is, and under which client; None for a record that is broken or gone, which keeps nobody signed in."""
    try:
        grant = refresher.records.get(account).grant
    except (StoreError, UnknownAccount):
        return None
    return grant.subject, grant.client_id


def sign_out(refresher: Refresher, account: Account, context: Context, *, local: bool = False) -> SignOut:
    """Revoke first, unless `local`, then remove; a provider that cannot be reached does not keep the account here.

    `context` is what the revocation is sent by: with a short time-out, for a person waits.

    It takes no lease: a refresh on its way finds the record gone, and revokes what it got (R8). Raises
    `UnknownAccount` when nothing is stored.
    """
    held = refresher.newest(account)  # perhaps not written yet: and what is stored was used up by that refresh (R9)
    while True:
        revoked, note = (False, "only removed here") if local else _revoke(refresher, account, held.grant, context)
        try:
            refresher.records.remove(account, replaces=held.version)
            break
        except Conflict:
            newer = refresher.records.load(account)  # a refresh was saved in between: its tokens end, too
            if newer is None:
                break
            held = newer
    refresher.unsaved.forget(account)
    return SignOut(account, removed=True, revoked=revoked, note=note)


def _revoke(refresher: Refresher, account: Account, grant: Grant, context: Context) -> tuple[bool, str]:
    try:
        provider = refresher.provider(account.provider)
    except TokenKitError as error:
        return False, f"{account.provider} was not asked ({error})"
    if provider.revoke is None or grant.state == MOVED:
        return False, _by_hand(provider)
    try:
        client = refresher.client(provider)
        check_bound(account, grant, provider, client.client_id, "revoke")
        context = within(context, account, grant, provider)
        outcome = guarded(provider, "revoke", provider.revoke, context, client, grant)
    except ProviderError as error:
        return False, f"{provider.title} could not be reached ({error}). {_by_hand(provider)}"
    except TokenKitError as error:
        return False, f"{provider.title} was not asked ({error}). {_by_hand(provider)}"
    return outcome.done, outcome.note if outcome.done else f"{_sentence(outcome.note)} {_by_hand(provider)}".strip()


def _sentence(note: str) -> str:
    return note if not note or note.endswith(".") else f"{note}."


def _by_hand(provider: Provider) -> str:
    if provider.manage_url:
        return f"Remove the app yourself at {provider.manage_url}"
    return f"{provider.title} has no way to revoke"
