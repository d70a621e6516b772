"""Where the grants of PocketPaw's services are kept: an account each, and a file that says which.

A service is the account of its own name, such as ``google/google_gmail``; where another person was signed in to it
later, the file in PocketPaw's folder names another account (R18: nobody's place is taken). It holds no token.
"""

import json
import os
import re
import threading
from contextlib import suppress
from pathlib import Path

from tokenkit import durable_file
from tokenkit.account import Account, parse_account
from tokenkit.errors import Conflict, StoreError, TokenKitError, UsageError
from tokenkit.grant import IMPORTED, Grant
from tokenkit.grants.bound_to import bind
from tokenkit.grants.sealed_store import StoredGrant
from tokenkit.importing.choosing import choose
from tokenkit.importing.files import SourceFile, open_file
from tokenkit.importing.formats import POCKETPAW_SERVICES as SERVICES
from tokenkit.importing.found import Found
from tokenkit.importing.taking import digest_of, extra_of
from tokenkit.kit import TokenKit
from tokenkit.provider import ClientRegistration
from tokenkit.token import Secret

APP = "pocketpaw"
"""What the app is called: its accounts lie in ``~/.pocketpaw/tokens``."""

KEPT_BY = "kept_by"
"""The member by which a file says that tokenkit keeps the grant."""

_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class PocketKit(TokenKit):
    """A kit whose client registrations are those of PocketPaw's settings, as it hands them over with each call."""

    def __init__(self) -> None:
        self.given: dict[str, ClientRegistration] = {}
        super().__init__(APP, clients=self.given)

    def give(self, provider: str, client_id: str, client_secret: str) -> None:
        """Remember the client of PocketPaw's settings; none where these are empty."""
        if client_id:
            self.given[provider] = ClientRegistration(client_id, Secret(client_secret) if client_secret else None)

    def put(self, grant: Grant, name: str) -> Account:
        """Store a grant under that name, in place of what lies there; each call from now on sees it.

        `TokenKit.adopt` asks the provider whose it is, and needs the client: PocketPaw saves without either.
        """
        account = self.authorizations.linker.put(grant, name=name)
        self._cache.forget()
        return account

    def put_new(self, grant: Grant, account: Account, over: StoredGrant | None) -> None:
        """Store a grant in place of `over`, which goes to quarantine, or of nothing; unless another is faster (R8)."""
        if over is not None:
            self.records.quarantine(account, self.context.now())
        generation = self.refresher.note(account).newest + 1
        with suppress(Conflict):
            self.records.save(account, grant.renewed(generation=generation), replaces=over and over.version)
        self._cache.forget()


_made: list[PocketKit] = []
_making = threading.Lock()


def the_kit() -> PocketKit:
    """Return the one kit of this process."""
    with _making:
        if not _made:
            _made.append(PocketKit())
        return _made[0]


class Shelf:
    """The services whose files lie in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kit = the_kit()

    def path(self, service: str) -> str:
        """Return where the file of a service lies; `UsageError` for what is no name of one, such as ``../config``."""
        if not _SERVICE.fullmatch(service):
            raise UsageError(f"{service!r} is no name of a service", hint=f"services are {', '.join(SERVICES)}")
        return os.path.join(self.folder, f"{service}.json")

    def account(self, service: str) -> Account | None:
        """Return the account of a service; None without any.

        It is taken over from PocketPaw's own file where it has none, or where PocketPaw has signed in without tokenkit
        since. Raises `UsageError` where it has none, and that file cannot be read.
        """
        path = self.path(service)
        named = _named_in(path)
        candidates = [named] if named else [Account(provider, service) for provider in dict.fromkeys(SERVICES.values())]
        providers = {each.provider for each in candidates}
        stored = {account for provider in providers for account in self.kit.records.accounts(provider)}
        found = next((account for account in candidates if account in stored), None)
        return found if named and found else self._from_plaintext(service, found)

    def put(self, service: str, grant: Grant) -> None:
        """Store a grant that PocketPaw has; the one that it replaces goes to quarantine (R18)."""
        path = self.path(service)
        self.point(path, self.kit.put(self._bound(grant), service))

    def point(self, path: str, account: Account) -> None:
        """Write the file that says which account a service has: its tokens, if it had any, are in it no more."""
        says = {"service": Path(path).stem, KEPT_BY: "tokenkit", "account": str(account)}
        durable_file.write(path, json.dumps(says, indent=2).encode())

    def remove(self, service: str) -> bool:
        """Remove a service's grant and file, here alone, as PocketPaw does; return whether there was one."""
        path = self.path(service)
        account, there = None, os.path.lexists(path)
        with suppress(UsageError):  # a file that cannot be read goes, too
            account = self.account(service)
        if account:
            self.kit.logout(str(account), local=True)
        durable_file.remove(path)
        return there or account is not None

    def services(self) -> list[str]:
        """Return the names of the services that have a grant or a file."""
        return sorted({path.stem for path in self.folder.glob("*.json")})

    def use_client(self, account: Account, client_id: str) -> None:
        """Bind a grant that PocketPaw stored without its client to the one that it comes with now (R17)."""
        held = self.kit.records.get(account)
        if not held.grant.client_id and client_id:
            bound = held.grant.renewed(client_id=client_id, generation=held.grant.generation + 1)
            with suppress(Conflict):
                self.kit.records.save(account, bound, replaces=held.version)

    def _from_plaintext(self, service: str, stored: Account | None) -> Account | None:
        """Take over what PocketPaw wrote before, or since that account was `stored`; the file is left."""
        path = self.path(service)
        try:
            file = open_file(path)
            if KEPT_BY in file.members:
                return stored
            found = choose(file)
        except UsageError:
            if stored is None and os.path.lexists(path):
                raise
            return stored
        provider = SERVICES.get(service, "google")
        account, grant = Account(provider, service), grant_of(found, provider)
        older = self._older(account, grant, file) if account == stored else None
        if stored is None or older is not None:
            self.kit.put_new(self._bound(grant), account, older)
            return account
        return stored

    def _older(self, account: Account, grant: Grant, file: SourceFile) -> StoredGrant | None:
        """Return what is stored, if that is another sign-in, of before the `grant` was written into the file."""
        written = file.version[1] / 1e9 if file.version else 0.0
        with suppress(StoreError):  # what cannot be opened is told where it is used, and not replaced (R30)
            held = self.kit.records.get(account)
            if held.grant.extra.get(IMPORTED) != grant.extra[IMPORTED] and held.grant.authorized_at < written:
                return held
        return None

    def _bound(self, grant: Grant) -> Grant:
        plugin = self.kit.provider(grant.provider)
        try:
            client_id = self.kit.client(plugin).client_id
        except TokenKitError:
            client_id = ""  # PocketPaw hands it over when it asks for a token
        return bind(grant, plugin, client_id).renewed(authorized_at=grant.authorized_at or self.kit.context.now())


def grant_of(found: Found, provider: str) -> Grant:
    """Return the grant of a file; an access token without an end counts as ended where it can be refreshed."""
    token = found.access_token
    usable = token is not None and (token.expires_at is not None or found.refresh_token is None)
    return Grant(
        provider=provider,
        access_tokens={"": token} if token and usable else {},
        refresh_token=found.refresh_token,
        asked=found.scopes,
        extra=extra_of(digest_of(found)),
    )


def _named_in(path: str) -> Account | None:
    """Return the account that the file of a service names; None where it is PocketPaw's own, or there is none."""
    try:
        members = open_file(path).members
    except UsageError:
        return None
    named = members.get("account") if KEPT_BY in members else None
    return Account(*parse_account(named)) if isinstance(named, str) and "/" in named else None
