"""Proves a grant that another tool kept, and stores it as a sign-in would.

It is proved by a refresh, since that is what must work from now on. Where the provider rotates, this spends the file's
refresh token; so the refresh is made as any other (R9): of a stored account, which is called ``importing`` until it is
known whose it is. A grant is taken once: the file's refresh token is spent by then, and to send it again could end the
session at the provider.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple

from tokenkit.account import DEFAULT_NAME, Account
from tokenkit.errors import (
    Conflict,
    ConsentRequired,
    StoreError,
    StoreUnavailable,
    TokenKitError,
    UnknownAccount,
    UsageError,
)
from tokenkit.grant import ACTIVE, IMPORTED, Grant
from tokenkit.grants.bound_to import bind, same_person
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.returned import whose
from tokenkit.grants.sealed_store import StoredGrant, grant_name
from tokenkit.importing.clients import client_of, forget_client
from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found
from tokenkit.importing.handing_over import hand_over, is_handed_over, take_back
from tokenkit.importing.origin import provider_of
from tokenkit.provider import ClientRegistration, Identity, Provider
from tokenkit.signing_in.places import with_server
from tokenkit.signing_in.settle import AskValue
from tokenkit.store import Name

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit

UNDER_WAY = "importing"
"""What the account is called while it is refreshed, and still is where that is interrupted."""

WAIT = 60.0
"""Seconds that one import waits for another of the same owner."""


class Taken(NamedTuple):
    """The account that an import stored, whether it was here `before`, and the client that it `registered`, if any.

    `tried` is False for a token that can neither be refreshed nor shown to the provider.
    """

    account: Account
    before: bool = False
    registered: str = ""
    tried: bool = True


def take(
    kit: "TokenKit",
    file: SourceFile,
    found: Found,
    *,
    provider: str = "",
    name: str = "",
    variables: Mapping[str, str] | None = None,
    ask: AskValue | None = None,
) -> Taken:
    """Store the grant as a sign-in would, once it has proved to work.

    `provider` and `variables` say whose it is where the file does not, see `provider_of`; `name` is what the account
    shall be called. Without it the provider is asked whose it is, and where it cannot say, the account is called as the
    file, or as in it. A grant that was taken before is not taken again. Raises `UsageError` for one that cannot be
    taken, `ProviderChanged` for one of another client than ours (R17), `ConsentRequired` for one that has ended, and
    what a sign-in raises.
    """
    plugin = provider_of(kit, file, found, provider, variables or {}, ask)
    client, registered = client_of(kit, plugin, file, found)
    try:
        kit.records.store.version(grant_name(Account(plugin.name, name or DEFAULT_NAME, kit.owner)))
        with kit.records.store.lease(Name("metadata", kit.owner, "import"), lasts=2 * WAIT, wait=WAIT):
            kit.authorizations.prepare(plugin)
            account, before = _Taking(kit, file, found, plugin, client).run(name)
        tried = found.refresh_token is not None or plugin.identify is not None
        return Taken(account, before, registered, tried)
    except TokenKitError:
        if registered and not kit.records.accounts(plugin.name):
            forget_client(kit, plugin)
        raise


class _Taking:
    """One grant on its way into the store."""

    def __init__(
        self, kit: "TokenKit", file: SourceFile, found: Found, provider: Provider, client: ClientRegistration
    ) -> None:
        self.kit = kit
        self.file = file
        self.found = found
        self.provider = provider
        self.client = client
        self.linker = kit.authorizations.linker
        self.digest = digest_of(found)

    def run(self, name: str) -> tuple[Account, bool]:
        known, cut_off = self._known()
        if known is not None:
            self._remove_all(cut_off)  # it has its name
            self.kit.token(str(known))  # raises where it has ended
            return known, True
        if self.found.refresh_token is None:
            return self._unrefreshed(name), False
        if self.provider.refresh is None:
            raise UsageError(f"{self.provider.title} refreshes nothing", hint=f"tokenkit login {self.provider.name}")
        place = next(iter(cut_off), None) or self.linker.put_aside(
            self.provider, self.client, self._grant(), name=UNDER_WAY
        )
        return self._renamed(place, self._refreshed(place), name), False

    def _renamed(self, place: Account, proved: StoredGrant, name: str) -> Account:
        """Give the account its name, which nothing is asked for any more once `place` is marked (R8)."""
        identity = self.linker.identify(self.provider, self.client, proved.grant)
        name = name or self._name(proved.grant, place, identity)
        held = proved
        try:
            held = hand_over(self.kit.refresher, place)
            account = self._adopted(held.grant.renewed(state=ACTIVE, reason=""), name, identity)
        except BaseException as error:
            if self._is_elsewhere(place, held):
                self._remove(place, held)
            elif is_handed_over(held):
                take_back(self.kit.refresher, place, held)
            if not isinstance(error, StoreError):
                raise
            message = (
                f"the grant of {self.file.title} was refreshed, and is kept as {place}: it cannot be renamed: {error}"
            )
            raise StoreUnavailable(message, hint=error.hint, account=str(place)) from None
        if account != place:  # else it is to be called so
            self._remove(place, held)
        return account

    def _is_elsewhere(self, place: Account, proved: StoredGrant) -> bool:
        """Tell whether another account has the grant that lies at `place`."""
        token = proved.grant.refresh_token
        return any(account != place and held.refresh_token == token for account, held in self._held())

    def _known(self) -> tuple[Account | None, list[Account]]:
        """Return the account as which this grant was taken over before, and those that are still called ``importing``.

        Of these an import was cut off.
        """
        token, done, cut_off = self.found.refresh_token, list[Account](), list[Account]()
        for account, held in self._held():
            if held.extra.get(IMPORTED) == self.digest or (token is not None and held.refresh_token == token):
                is_under_way = re.fullmatch(rf"{UNDER_WAY}(-\d+)?", account.name)
                (cut_off if is_under_way else done).append(account)
        return next(iter(done), None), cut_off

    def _grant(self) -> Grant:
        token = self.found.access_token if self.found.refresh_token is None else None
        return Grant(
            provider=self.provider.name,
            access_tokens={"": token} if token else {},
            refresh_token=self.found.refresh_token,
            asked=self.found.scopes,
            extra=extra_of(self.digest),
        )

    def _unrefreshed(self, name: str) -> Account:
        """Store a token that does not end, once the provider has taken it, where it can be asked."""
        token, again = self.found.access_token, f"tokenkit login {self.provider.name}"
        lasting = self.found.endless or self.provider.refresh is None or _never_ends(self.provider)
        if token is None or token.expires_at is not None or not lasting:
            raise UsageError(f"{self.file.title} holds no refresh token, and what it holds ends soon", hint=again)
        grant = self._grant()
        if self.provider.identify and self._identity(grant) is None:
            raise UsageError(f"{self.provider.title} does not take the token of {self.file.title}", hint=again)
        identity = self.linker.identify(self.provider, self.client, grant)
        return self._adopted(grant, name or self._name(grant, None, identity), identity)

    def _adopted(self, grant: Grant, name: str, identity: Identity) -> Account:
        return self.linker.adopt(self.provider, self.client, grant, name=name, identity=identity)

    def _name(self, grant: Grant, place: Account | None, identity: Identity) -> str:
        """Return what the account is called: as this person's is here, else as the provider calls them.

        It is called as the file, or as the grant in it, where the provider does not say whose it is, and where the
        person's account is here already and may do what this one may not: that would be lost (R18). Nobody vouches for
        such a name, so it replaces nothing.
        """
        own = self.found.entry or os.path.splitext(self.file.name)[0].strip(".- ") or UNDER_WAY
        if not identity.subject:
            return self._free(own)
        bound = bind(grant, self.provider, self.client.client_id).renewed(subject=identity.subject)
        theirs = [pair for pair in self._held() if pair[0] != place and same_person(pair[1], bound)]
        fitting = [account.name for account, held in theirs if not _is_wider(held, grant)]
        if fitting:
            return identity.name if identity.name in fitting else fitting[0]
        return self._free(own if theirs else identity.name or DEFAULT_NAME)

    def _free(self, name: str) -> str:
        """Return the name, or the next one beside it that no account has."""
        taken = {account.name for account in self._accounts()}
        server: str = getattr(self.provider, "server", "")
        names = chain((name,), with_server(name, server), (f"{name}-{number}" for number in count(2)))
        return next(each for each in names if each not in taken)

    def _accounts(self) -> list[Account]:
        return self.kit.records.accounts(self.provider.name)

    def _held(self) -> Iterator[tuple[Account, Grant]]:
        """Yield the accounts of the provider, and what each holds; those that cannot be opened are left out."""
        for account in self._accounts():
            with suppress(StoreError):
                yield account, self.kit.records.get(account).grant

    def _identity(self, grant: Grant) -> Identity | None:
        """Return whose the grant is; None where the provider does not say. After a refresh it is stored in any case."""
        if self.provider.identify is None or grant.access_token is None:
            return None
        with suppress(TokenKitError):
            return whose(self.provider, self.provider.identify, self.kit.context, self.client, grant)
        return None

    def _refreshed(self, place: Account) -> StoredGrant:
        """Refresh what lies there; if that fails, take it away, unless the provider has rotated it (R9)."""
        kit, found = self.kit, self.kit.records.get(place)
        before = found.grant
        if is_handed_over(found):
            return found
        try:
            return kit.refresher.renew(place, RefreshJob(early=True)).result().held  # early: nobody is handed it
        except TokenKitError as error:
            if not kit.refresher.waits_unsaved(place, error):
                with suppress(StoreError, UnknownAccount):
                    held = kit.records.get(place)
                    if held.grant.refresh_token == before.refresh_token:
                        self._remove(place, held)
            if not isinstance(error, ConsentRequired):
                raise
            reason = error.reason
        other = "" if self.found.client else ", or was issued to another client than the one registered here"
        raise ConsentRequired(
            f"the sign-in in {self.file.title} has ended{other}: {reason}",
            hint=f"tokenkit login {self.provider.name}",
            reason=reason,
        )

    def _remove_all(self, cut_off: list[Account]) -> None:
        """Take away what was left by an import that was cut off once the account had its name."""
        for place in cut_off:
            held = self.kit.records.get(place)
            if is_handed_over(held):
                self._remove(place, held)

    def _remove(self, place: Account, held: StoredGrant) -> None:
        """Take away what was seen there, and nothing that has come in its place since: it may be the only copy (R8)."""
        with suppress(Conflict):
            self.kit.records.remove(place, replaces=held.version)
            self.kit.refresher.unsaved.forget(place)


def digest_of(found: Found) -> str:
    """Return the digest by which a grant is known again that was taken over before."""
    access = found.access_token.value if found.access_token else ""
    return hashlib.sha256((found.refresh_token.reveal() if found.refresh_token else access).encode()).hexdigest()


def extra_of(digest: str) -> dict[str, str]:
    """Return what a grant that was taken over keeps of its file, see `Grant.extra`."""
    return {IMPORTED: digest}


def _is_wider(held: Grant, grant: Grant) -> bool:
    """Tell whether an account may do what the grant may not: that would be lost."""
    return held.state == ACTIVE and bool((held.scopes or held.asked) - (grant.scopes or grant.asked))


def _never_ends(provider: Provider) -> bool:
    """Tell whether the provider's access tokens have no end; only data of `OAuth2` says that."""
    return getattr(provider, "default_expires_in", 0.0) == "never"
