"""Sign-out: revoke at the provider, remove here, and say which of the two happened (R19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tokenkit.account import Account
from tokenkit.errors import Conflict, ProviderError, StoreError, StoreUnavailable, TokenKitError, UnknownAccount
from tokenkit.grant import MOVED, Grant
from tokenkit.grants import beside, signed_out
from tokenkit.grants.bound_to import check_bound, same_person, within
from tokenkit.grants.quarantine import erase, erase_old, set_aside
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.returned import revoked
from tokenkit.grants.unopened import offering_local, remove_unopened
from tokenkit.provider import Context, Field, Provider
from tokenkit.shell import quoted

ONLY_HERE = "only removed here"
"""The note of a sign-out that asked nobody, where there is no more to say."""


@dataclass(frozen=True, slots=True)
class SignOut:
    """What a sign-out did: `removed` here, `revoked` at the provider, and a `note` in words where that is not all."""

    account: Account
    removed: bool
    revoked: bool
    note: str = ""


class _Asked(NamedTuple):
    """What came of a revocation; `reached` is False where the provider did not answer."""

    revoked: bool
    note: str = ""
    reached: bool = True


def sharing_fate(refresher: Refresher, account: Account) -> list[Account]:
    """Return the other local accounts that a revocation ends: the same person's, where it reaches the whole client."""
    with offering_local(account):
        mine = refresher.records.get(account).grant
    try:
        provider = refresher.provider_of(mine, account)
    except TokenKitError:
        return []  # a provider that cannot be loaded ends nothing
    if provider.revoke is None or provider.revocation_reach != "client":
        return []
    others = [other for other in refresher.records.accounts(account.provider) if other != account]
    return [other for other in others if _ends_with(refresher, mine, other)]


def _ends_with(refresher: Refresher, grant: Grant, account: Account) -> bool:
    """Tell whether it is the same person's under the same client. A record that is broken or gone is not."""
    try:
        other = refresher.records.get(account).grant
    except (StoreError, UnknownAccount):
        return False
    return same_person(grant, other) and grant.client_id == other.client_id


def sign_out(refresher: Refresher, account: Account, context: Context, *, local: bool = False) -> SignOut:
    """Revoke first, unless `local`, then remove. A provider that cannot be reached does not keep the account here.

    What lies in quarantine of the account is revoked and erased as well, since it may still work (R19). `context` sends
    the revocation: with a short time-out, because a person waits.

    A `local` one needs no key: a record that cannot be opened is deleted as it is.

    It takes no lease: a refresh on its way finds the record gone, and revokes what it got (R8: a sign-out beats a
    refresh on its way). Raises `UnknownAccount` when nothing is stored, and `StoreError`, which says what was revoked.
    """
    try:
        with offering_local(account):
            held = refresher.newest(account)  # perhaps not written yet: what is stored was used up by that refresh (R9)
            held = beside.finish_cut_off(refresher.records, account, held)
    except StoreError as error:
        if not local:
            raise
        return SignOut(account, removed=True, revoked=False, note=remove_unopened(refresher, account, error))
    while True:
        asked = _Asked(False, ONLY_HERE) if local else _revoke(refresher, account, held.grant, context)
        try:
            signed_out.mark(refresher.records, account, held.grant.generation)
            refresher.records.remove(account, replaces=held.version)
            break
        except Conflict:
            newer = refresher.records.load(account)  # a refresh was saved in between: its tokens end, too
            if newer is None:
                break
            held = newer
        except StoreError as error:
            raise _not_removed(account, error) if asked.revoked else error from None
    refresher.unsaved.forget(account, held.grant)
    ask = asked.reached and not local
    left = _end_superseded(refresher, account, held.grant, context, ask=ask)
    erase_old(refresher.records, refresher.context.now())
    note = f"{_sentence(asked.note)} {left}".strip() if left else asked.note
    return SignOut(account, removed=True, revoked=asked.revoked, note=note)


def _not_removed(account: Account, error: StoreError) -> StoreUnavailable:
    """Return the error that says which of the two happened: the token has ended, and is served here still (R19)."""
    hint = f"{error.hint}; then: tokenkit logout {quoted(str(account))} --local"
    return StoreUnavailable(f"{account} was revoked at the provider, and cannot be removed here: {error}", hint=hint)


def end_superseded(refresher: Refresher, account: Account, context: Context) -> str:
    """Revoke and erase what lies in quarantine of an account that stays; return what was not revoked, in words.

    Where the provider counts all grants of a person as one, it ends the account as well: only for who asked for it.
    """
    return _end_superseded(refresher, account, refresher.records.get(account).grant, context, ask=True)


def end_set_aside(refresher: Refresher, account: Account, context: Context) -> str:
    """Revoke and erase what lies in quarantine of an account that is gone, or goes; return what was not revoked."""
    return _end_superseded(refresher, account, None, context, ask=True)


def _end_superseded(refresher: Refresher, account: Account, grant: Grant | None, context: Context, *, ask: bool) -> str:
    """Revoke, if the provider is to be asked, and erase what lies in quarantine; say what was not revoked.

    The provider is not asked again for the token of `grant`, nor once it has not answered.
    """
    done, alive = {"" if grant is None else _lasting_token(grant)}, 0
    for found in set_aside(refresher.records, account):
        token = "" if found.grant is None else _lasting_token(found.grant)
        if found.grant is not None and token not in done:
            asked = _revoke(refresher, account, found.grant, context) if ask else _Asked(False, reached=False)
            done.add(token)
            ask = asked.reached
            alive += not asked.revoked
        erase(refresher.records, found)
    what = "an earlier grant of it was" if alive == 1 else f"{alive} earlier grants of it were"
    return f"{what[0].upper()}{what[1:]} not revoked, and erased here." if alive else ""


def _lasting_token(grant: Grant) -> str:
    """Return what the provider knows a grant by: its refresh token, or its access token where it has none."""
    if grant.refresh_token:
        return grant.refresh_token.reveal()
    return "" if grant.access_token is None else grant.access_token.value


def _revoke(refresher: Refresher, account: Account, grant: Grant, context: Context) -> _Asked:
    try:
        provider = refresher.provider_of(grant, account)
    except TokenKitError as error:
        return _Asked(False, f"{account.provider} was not asked ({error})")
    if provider.revoke is None or grant.state == MOVED:
        return _Asked(False, _by_hand(provider))
    try:
        client = refresher.client(provider)
        check_bound(account, grant, provider, client.client_id, "revoke")
        context = within(context, account, grant, provider)
        outcome = revoked(provider, provider.revoke, context, client, grant)
    except ProviderError as error:
        return _Asked(False, f"{provider.title} could not be reached ({error}). {_by_hand(provider)}", reached=False)
    except TokenKitError as error:
        return _Asked(False, f"{provider.title} was not asked ({error}). {_by_hand(provider)}")
    note = outcome.note if outcome.done else f"{_sentence(outcome.note)} {_by_hand(provider)}".strip()
    return _Asked(outcome.done, note)


def _sentence(note: str) -> str:
    return note if not note or note.endswith(".") else f"{note}."


def _by_hand(provider: Provider) -> str:
    fields: Mapping[str, Field] = getattr(provider, "fields", {})  # a plugin may be older than the question
    secret = next((field for field in fields.values() if field.secret), None)
    if secret is not None:
        where = provider.manage_url or secret.where.partition("?")[0]
        return f"The {secret.label} still works at {provider.title}: delete it there{f', at {where}' if where else ''}"
    if provider.manage_url:
        return f"Remove the app yourself at {provider.manage_url}"
    if provider.revoke is None:
        return f"{provider.title} has no way to revoke"
    return f"Look for the app in your account at {provider.title}, and remove it there"
