"""A grant that the provider has just issued becomes an account: whose it is, its name, its place.

It is bound to where it came from (R17), and never takes another person's place (R18).
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from tokenkit.account import DEFAULT_NAME, Account
from tokenkit.errors import (
    Conflict,
    KeyUnavailable,
    ProviderUnavailable,
    StoreError,
    TokenKitError,
    UsageError,
)
from tokenkit.grant import ACTIVE, Grant
from tokenkit.grants.bound_to import bind, bind_late, check_bound, of, same_person, same_server, within
from tokenkit.grants.insistently import insistently
from tokenkit.grants.quarantine import erase_old
from tokenkit.grants.refresh import RETRY_AFTER
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.returned import whose
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.status import UNIDENTIFIED
from tokenkit.provider import ClientRegistration, Identity, Provider
from tokenkit.provider.values import Identify
from tokenkit.signing_in.kept import keep
from tokenkit.signing_in.places import SHORT_WAIT, Places
from tokenkit.signing_in.survey import survey

_NOBODY = Identity("", "")


def may_be(stored: str, wanted: str) -> bool:
    """Tell whether the account `stored`, which cannot be opened, may belong to the person called `wanted`.

    It belongs to another if both names are addresses and differ. Other names say nothing about that.
    """
    addresses = "@" in stored and "@" in wanted
    return not addresses or re.sub(r"-\d+\Z", "", stored) == wanted or stored == wanted


class AccountLinker:
    """Gives grants their places among the accounts of one owner."""

    def __init__(self, refresher: Refresher) -> None:
        self._refresher = refresher
        self._records = refresher.records
        self._ctx = refresher.context
        self.places = Places(refresher)
        self._unidentified = ""  # why the provider did not say whose the last account is: an error's words

    def adopt(
        self,
        provider: Provider,
        client: ClientRegistration,
        grant: Grant,
        *,
        name: str = "",
        replaces: str = "",
        identity: Identity | None = None,
        keeps: bool = False,
    ) -> Account:
        """Store a grant in place of the account's former one, which goes to quarantine and is not revoked (R18).

        The account is called `name`; else as this person's account is called already; else as the provider calls them.
        Another person's account is never written over: then the next free name is taken.

        `replaces` is the name of an account whose record cannot be opened: unless it is plainly another person's, the
        grant takes its place and its name, and the record goes to quarantine (R30).

        Where the provider fails to say whose it is, the grant is stored all the same, as ``default`` and beside any
        other account of nobody. The code is spent, and the former grant may have ended with it: to fail would lose a
        session, and to revoke could end others of that person. `learn` finds out later whose it is. It is asked unless
        its answer is given, as `identity`. What interrupts this goes on once the grant is stored (R9).

        Where the store takes nothing for ten seconds, `StoreError` is raised. With `keeps` the grant is not lost then:
        this process stores it when it can (`tokenkit.signing_in.kept`).
        """
        interrupted_by: BaseException | None = None
        try:
            identity = identity or self.identify(provider, client, grant)
        except BaseException as error:  # noqa: BLE001 - it goes on once the grant is stored
            identity, interrupted_by = _NOBODY, error
        vouched = bool(name) or provider.identify is None  # the person says whose it is, since nobody else does

        bound = self._bound(provider, client, grant, identity.subject)

        def mine(held: Grant) -> bool:
            return same_person(held, bound) if held.subject else vouched and same_server(held, bound)

        kept = replaces if may_be(replaces, identity.name) else ""
        theirs = kept or identity.name or DEFAULT_NAME
        server: str = getattr(provider, "server", "")

        def called() -> str:
            return name or self._name_of(bound, theirs) or theirs

        def store() -> Account:
            return self.places.store(called(), bound, mine, replaces, server=server)

        try:
            account, stopped = self._insisted(store)
        except (UsageError, KeyUnavailable):
            raise
        except Exception as error:
            if not keeps:
                raise
            likely = name or theirs
            with suppress(StoreError):
                likely = called()
            place = self.places.likely(likely, bound, mine)
            raise keep(self._refresher, place, bound, store, error) from None
        self._refresher.activity.record("signed_in", account)
        erase_old(self._records, self._ctx.now())
        interrupted_by = interrupted_by or stopped
        if interrupted_by is not None:
            raise interrupted_by
        return account

    def _insisted(self, store: Callable[[], Account]) -> tuple[Account, BaseException | None]:
        """Store the grant, since most troubles of a disk pass (R9); return what has interrupted that, too."""
        try:
            return insistently(self._ctx, store, UsageError, KeyUnavailable), None
        except Exception:
            raise
        except BaseException as error:  # noqa: BLE001 - it goes on once the grant is stored
            return store(), error

    def put_aside(self, provider: Provider, client: ClientRegistration, grant: Grant, *, name: str) -> Account:
        """Store a grant of which nothing is known yet in a place of its own, where nothing lies."""
        return self.places.store(name, self._bound(provider, client, grant, ""), lambda held: False)

    def put(self, grant: Grant, *, name: str) -> Account:
        """Store a grant under that name, over whatever lies there, which goes to quarantine; it is bound already."""
        return self.places.store(name, grant, lambda held: True)

    def kept_name(self, provider: Provider, name: str) -> str:
        """Return `name` if a sign-in to that account keeps it, whatever the provider says; else an empty text.

        That is so where the provider cannot say whose an account is, or has not said it of this one yet: otherwise a
        sign-in could not renew that account.
        """
        if provider.identify is None or not name:
            return name
        return name if self._subject(Account(provider.name, name, self._records.owner)) == "" else ""

    def learn(self, provider: Provider, grants: Mapping[str, Grant]) -> None:
        """Ask the provider whose the accounts are of which it failed to say it, so that nobody gets a second one.

        This is done before the person is asked, when there is no grant that could be lost. An account keeps its name:
        programs may ask for it. `grants` are those of the accounts that may be theirs, by name.
        """
        identify = provider.identify
        unknown = [name for name, grant in grants.items() if not grant.subject]
        for name in unknown if identify else ():
            try:
                if identify:
                    self._learn(provider, identify, Account(provider.name, name, self._records.owner))
            except ProviderUnavailable:
                return  # it would not say it of the others either
            except TokenKitError:
                continue  # the sign-in helps, or reports what is wrong

    def _learn(self, provider: Provider, identify: Identify, account: Account) -> None:
        found = (
            self._refresher.renew(account, RefreshJob(early=True)).result().held
        )  # early: the token goes to no caller
        provider = of(provider, found.grant)
        identify = provider.identify or identify
        client = self._refresher.client(provider)
        check_bound(account, found.grant, provider, client.client_id, "identify")
        context = within(self._ctx, account, found.grant, provider)
        subject = whose(provider, identify, context, client, found.grant).subject
        known = bind_late(found.grant, provider).renewed(subject=subject)
        with suppress(Conflict), self._records.store.lease(grant_name(account), lasts=SHORT_WAIT, wait=SHORT_WAIT):
            # Under the lease no refresh is on its way, which would find its place taken (R8).
            self._records.save(account, known, replaces=found.version)

    def unnamed(self, provider: Provider, name: str) -> Account | None:
        """Return the account that a sign-in called `name` would replace without anybody's word that it is the same
        person's; None where the provider says whose an account is, or nothing lies there that still works.
        """
        account = Account(provider.name, name or DEFAULT_NAME, self._records.owner)
        held = None if provider.identify else self._readable(account)
        if held is None or held.state != ACTIVE or held.subject:
            return None
        return account if same_server(held, bind(held, provider, held.client_id)) else None

    def identify(self, provider: Provider, client: ClientRegistration, grant: Grant) -> Identity:
        """Return whose account it is; after an error the provider is asked once more."""
        self._unidentified = ""
        if provider.identify is None:
            return _NOBODY
        for pause in (0.0, RETRY_AFTER):
            self._ctx.sleep(pause)
            try:
                return whose(provider, provider.identify, self._ctx, client, grant)
            except TokenKitError as error:
                self._unidentified = str(error)
        return _NOBODY

    def _bound(self, provider: Provider, client: ClientRegistration, grant: Grant, subject: str) -> Grant:
        """Return the grant with all that is compared before it is sent anywhere (R17)."""
        authorized_at = grant.authorized_at or self._ctx.now()
        why = {UNIDENTIFIED: self._unidentified} if self._unidentified and not subject else {}
        bound = bind(grant, of(provider, grant), client.client_id)
        return bound.renewed(subject=subject, authorized_at=authorized_at, extra={**grant.extra, **why})

    def _name_of(self, grant: Grant, likely: str) -> str:
        """Return the name under which this person's account is stored already; it is `likely` the one given.

        The others are opened only where it is not: the person may have changed their address.
        """
        if not grant.subject:
            return ""
        for name in (likely, ""):
            for stored, held in survey(self._records, grant.provider, name).grants.items():
                if same_person(held, grant):
                    return stored
        return ""

    def _subject(self, account: Account) -> str | None:
        """Return whose it is; empty where the provider has not said it, None where nothing can be read."""
        held = self._readable(account)
        return None if held is None else held.subject

    def _readable(self, account: Account) -> Grant | None:
        try:
            held = self._records.load(account)
        except StoreError:
            return None
        return None if held is None else held.grant
