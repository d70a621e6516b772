"""The facade of tokenkit: short methods over the rooms below, which decide everything."""

import os
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, NoReturn, Self

from tokenkit.account import Account
from tokenkit.activity import Activity
from tokenkit.arguments import check_parts, check_query
from tokenkit.configured import Configured
from tokenkit.errors import ConsentRequired, UnknownAccount
from tokenkit.frames import NoLocals, leaving
from tokenkit.grants.account_names import AccountNames
from tokenkit.grants.at_exit import AT_EXIT, save_or_print
from tokenkit.grants.owner_names import check_owner
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.grants.token_cache import SIZE, RecentlyAsked, TokenCache
from tokenkit.grants.token_query import TokenQuery
from tokenkit.keys.choice import key_source
from tokenkit.keys.ring import KeyRing
from tokenkit.keys.source import KeySource
from tokenkit.paths import Folders
from tokenkit.shell import account_options
from tokenkit.signals import sending
from tokenkit.store import Store
from tokenkit.token import AccessToken

if TYPE_CHECKING:
    from typing import Unpack

    import httpx

    from tokenkit.config import Config, KnownClient
    from tokenkit.consent.opener import Opener
    from tokenkit.grant import Grant
    from tokenkit.grants.account_source import AccountSource
    from tokenkit.grants.events import Callback, Kind
    from tokenkit.grants.sign_out import SignOut
    from tokenkit.grants.status import Status
    from tokenkit.net.http_options import EitherAuth, HttpOptions
    from tokenkit.pending import PendingAuthorization
    from tokenkit.provider import ClientRegistration, Context, Provider
    from tokenkit.signing_in.adopting import Elsewhere
    from tokenkit.signing_in.asking import Answers
    from tokenkit.signing_in.authorization import Authorizations
    from tokenkit.signing_in.confirm import Confirm
    from tokenkit.signing_in.sign_in import Show, Way

DEADLINE = 30.0
"""Seconds that one request to an authorization server may take in all."""

REVOCATION_DEADLINE = 10.0
"""Seconds that the revocation of a sign-out may take in all (R19)."""


class TokenKit:
    """Keeps one owner's accounts signed in.

    ``TokenKit()`` uses the person's own folders; ``app="pocketpaw"`` keeps them under that name and reads
    ``POCKETPAW_GOOGLE_CLIENT_ID`` and the like. `owner` separates the accounts of several people, see `for_owner`.
    `providers` and `clients` are by name, and go before plugins and configuration; both stay yours, and what you put
    into them later counts. `store`, `keys` and `context` replace the real parts; without `store`,
    ``TOKENKIT_STORE`` or ``config.toml`` may name a database, else it is files.
    `background` refreshes a token ahead of its end while nobody waits (R3): right for a program that runs on, off for
    one that asks once and exits, and in a process that was forked. `cache_size` is the number of accounts, over all
    owners, that are kept in memory; of more, the ones asked for least recently cost a look at the store each when they
    are asked again. `tool` is what the activity log calls the part of your program that asks. `environ` is read in
    place of `os.environ`. A kit may be shared by threads; it does nothing before it is asked.
    ``with TokenKit() as kit`` closes it at the end of the block.
    """

    def __init__(
        self,
        app: str = "tokenkit",
        owner: str = "",
        *,
        store: Store | None = None,
        keys: KeySource | None = None,
        providers: "Mapping[str, Provider] | None" = None,
        clients: "Mapping[str, ClientRegistration] | None" = None,
        context: "Context | None" = None,
        background: bool = True,
        cache_size: int = SIZE,
        tool: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        if environ is None:  # no default argument: `help` would print all of it (R35)
            environ = os.environ
        check_owner(owner)
        check_parts(app=app, store=store, keys=keys, context=context, tool=tool, environ=environ)
        self.app = app
        self.owner = owner
        self.configured = configured = Configured(app, environ, providers, clients)
        self.folders: Folders = configured.folders
        self.providers = configured.providers
        self.context = context or configured.context(DEADLINE)
        self._given_context = context
        self._made = self
        self.leaving = NoLocals(account_options(app, owner))
        self._closes: Store | None = None
        if store is None:
            store = self._closes = configured.store()
        ring = KeyRing(keys or key_source(self.folders, environ, app), app).of_store(store)
        self.records = SealedStore(store, ring, owner)
        self.activity = Activity(
            self.folders,
            owner,
            tool=tool,
            app=app,
            environ=environ,
            allowed=lambda: configured.config.activity,
            now=self.context.now,
            later=background,
        )
        if ring.shared:
            from tokenkit.grants.shared_activity import shared_activity
            from tokenkit.grants.shared_clients import SharedClients

            configured.shared_clients = SharedClients(self.records)
            self.activity.others = shared_activity(store, ring, later=background)
        self.refresher = Refresher(
            self.records, self.context, self.provider, self.client, self.activity, deadline=DEADLINE
        )
        for kind in ("ends_soon", "consent_needed"):
            self.refresher.events.on(kind, lambda event: configured.notify(event, self.context.now))
        self._background = background
        self._recent = RecentlyAsked(cache_size)
        self._now = self.context.now
        self._remember()

    def _remember(self) -> None:
        """Take the owner's cache: another kit of the same owner may have filled it."""
        self._cache = self._recent.cache(self.owner, self._new_cache)
        self._names = self._cache.names
        self._memory = self._cache.memory

    def _new_cache(self) -> TokenCache:
        names = AccountNames(self.refresher, self.configured.defaults, config_file=self.configured.config_file)
        return TokenCache(self.refresher, names, self._recent, background=self._background)

    def for_owner(self, owner: str) -> Self:
        """Return the kit of another owner, whose accounts nobody else's kit sees.

        All else is shared with this kit: configuration, providers, clients, keys, HTTP, threads, callbacks, and the
        memory. So it costs next to nothing, is made for each request, and thrown away; `close` this one, which ends the
        threads of all. Raises `UsageError` for a name that cannot be kept; the first record of a new owner raises it
        for a name that is only another form in Unicode of an owner that exists.
        """
        check_owner(owner)
        kit = object.__new__(type(self))
        kit.__dict__.update(self.__dict__)
        kit.owner = owner
        kit.leaving = NoLocals(account_options(self.app, owner))
        kit.records = self.records.for_owner(owner)
        kit.refresher = self.refresher.for_owner(kit.records)
        kit._remember()
        return kit

    def __repr__(self) -> str:
        return f"{type(self).__name__}(app={self.app!r}, owner={self.owner!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a kit is neither pickled nor copied: make one in the process that uses it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the refreshes that are under way, at most 90 seconds, and end this kit's threads.

        A grant that could be saved nowhere is tried again for five seconds, and then printed to stderr, sealed, within
        the command that puts it back: your program may end after this in a way that runs no more code.

        Between requests no connection to a provider is open; those to a database are closed here. A kit that is asked
        again afterwards starts what it needs. The kit that `for_owner` has made has no threads of its own: to close it
        does nothing, to close the first one ends all.
        """
        if self._made is self:
            self.refresher.close()
            save_or_print(AT_EXIT, [self.refresher.unsaved])
            self.activity.flush()
            close = getattr(self._closes, "close", None)
            if close is not None:
                close()

    # Asking

    def token(
        self,
        account: str,
        scopes: Collection[str] = (),
        min_ttl: float = 0.0,
        interactive: bool = False,
        rejected: AccessToken | None = None,
    ) -> AccessToken:
        """Return a good access token for ``google/me@example.com``, or for a bare provider with one account.

        `scopes` (aliases or full values) must have been granted; `min_ttl` is in seconds. `interactive` asks the person
        when nothing is stored or consent is needed. Raises `ConsentRequired`, `UnknownAccount`, `AmbiguousAccount`,
        `ProviderUnavailable` (never while the stored token has life left), `StoreError`, and `UsageError` for a
        misspelled scope or a `min_ttl` longer than the provider's tokens last.
        """
        try:
            held = self._memory.get(account)
            if held is not None:
                token, since, until, ends, granted, proved = held
                now = self._now()
                if (
                    since <= now < until
                    and now + min_ttl <= ends
                    and (not scopes or scopes is proved or granted.issuperset(scopes))
                    and rejected is None
                ):
                    return token
            with self.leaving:
                return self._cache.token(account, TokenQuery(scopes or (), min_ttl, rejected))
        except (ConsentRequired, UnknownAccount):
            if not interactive:
                raise
        except (AttributeError, TypeError):
            check_query(account, scopes, min_ttl, rejected)
            raise
        from tokenkit.signing_in.first_use import first_use

        with self.leaving:
            return first_use(self._cache, self.login, account, TokenQuery(scopes or (), min_ttl, rejected))

    @leaving
    def source(self, account: str) -> "AccountSource":
        """Return the `TokenSource` of one account: what every adapter is built on."""
        from tokenkit.grants.account_source import AccountSource

        return AccountSource(account, self._cache, self.token)

    @leaving
    def http(self, account: str, **options: "Unpack[HttpOptions]") -> "httpx.Client":
        """Return an `httpx.Client` that stays signed in, and sends the token to the provider's own hosts only (R33).

        `options` are httpx's `timeout` (seconds), `base_url`, `headers`, `follow_redirects` and `transport`, which lies
        below ours: what it is given to send was checked, and holds the token.
        """
        from tokenkit.adapters.httpx_client import client

        source = self.source(account)
        return client(source, insecure_hosts=self.config.insecure_hosts(str(source.account)), **options)

    @leaving
    def auth(self, account: str) -> "EitherAuth":
        """Return an `httpx.Auth` for a client of yours; `TokenRefused` for tokens outside ``Authorization`` (R33)."""
        from tokenkit.adapters.httpx_auth import auth

        source = self.source(account)
        return auth(source, insecure_hosts=self.config.insecure_hosts(str(source.account)))

    # Signing in and out

    @leaving
    def login(
        self,
        provider: str,
        *,
        scopes: Collection[str] | None = None,
        account: str = "",
        name: str = "",
        way: "Way" = "auto",
        replace_broken: bool = False,
        only: bool = False,
        unverified: bool = False,
        answers: "Answers | None" = None,
        variables: Mapping[str, str] | None = None,
        show: "Show | None" = None,
        opener: "Opener | None" = None,
        confirm: "Confirm | None" = None,
    ) -> Account:
        """Ask the person, in whatever way this machine allows, and store the account.

        `scopes` are aliases or full values, asked for besides what was granted before: to `account`, or to any account
        of the provider without one; `only` leaves that out on purpose (R18). None, where nothing was granted, is the
        provider's default. `account` says whom to ask for (a login hint); `name` what the account shall be called where
        the provider cannot say (R4). `variables` say which server or region it is, by name: the account keeps them. One
        that is missing is asked for at a terminal or in a notebook. `way` is ``auto``, ``browser``, ``paste`` or
        ``device``.

        A program that speaks to the person itself, a chat bot for example, gives `show`: it is called with the address
        to open and the code to enter there (empty but for ``device``), in place of all printing and reading here. It
        must say that a code is only for the person who began this sign-in. `opener` takes a URL to a browser on this
        machine.

        `confirm` puts a question to the person and returns their answer: before the sign-in replaces a grant of which
        the provider does not say whose it is, and before what a device's code has brought is stored. Without it, both
        are done.

        A provider without a consent screen asks for an API key or the like: `answers` has it by the name of the field,
        else it is asked for here. It is tried at the service before it is stored. `unverified` allows a first sign-in
        where no source confirms to whom a person and a secret are sent.

        Raises `AuthorizationError`, `ConsentDenied`, `CallbackRefused`, `ClientMissing`, `StoreError`, and `UsageError`
        for another `way`.
        """
        from tokenkit.signing_in.settle import asker_here
        from tokenkit.signing_in.sign_in import sign_in

        ask = asker_here(self.provider(provider).title) if show is None and answers is None else None
        server = self.authorizations.settle(provider, variables, account=account or name, ask=ask)
        signed_in = sign_in(
            self.authorizations, server, scopes, environ=self.configured.environ,
            account=account, name=name, way=way, replace_broken=replace_broken, only=only, unverified=unverified,
            answers=answers, show=show, opener=opener, confirm=confirm,
        )  # fmt: skip
        self._cache.forget()
        return signed_in

    @leaving
    def begin(
        self,
        provider: str,
        *,
        redirect_uri: str,
        binding: str,
        scopes: Collection[str] | None = None,
        account: str = "",
        name: str = "",
        replace_broken: bool = False,
        only: bool = False,
        unverified: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> "PendingAuthorization":
        """Begin a sign-in that another process may complete: send the person to the result's `url`.

        `redirect_uri` is yours, its path ending in ``/callback/<provider>``; `binding` is a secret value that this
        browser session holds (R22). The result must not be shown or logged beyond its `url`. The others
        are as in `login`.
        """
        return self.authorizations.begin(
            self.authorizations.settle(provider, variables, account=account or name), redirect_uri=redirect_uri,
            binding=binding, scopes=scopes, account=account, name=name, replace_broken=replace_broken, only=only,
            unverified=unverified,
        )  # fmt: skip

    @leaving
    def complete(self, callback_url: str = "", *, binding: str = "", **elsewhere: "Unpack[Elsewhere]") -> Account:
        """Complete a sign-in with the whole URL that the person came back on and the same binding; return the account.

        A callback of your own that has checked its state gives `provider`, `code`, `redirect_uri` and, as it has them,
        `code_verifier`, `iss`, `scopes`, `name` and `variables` instead. Raises `CallbackRefused` for any answer that
        is not this browser's own, once and in time; `ConsentDenied`; `UsageError`, which names what is wrong. After
        `StoreUnavailable` this process keeps what was granted, and stores it when it can.
        """
        if elsewhere:
            from tokenkit.signing_in.adopting import exchange_code

            with sending():  # the code is sent once (R18)
                account = exchange_code(self.authorizations, self.provider, **elsewhere)
        else:
            account = self.authorizations.complete(callback_url, binding=binding)
        self._cache.forget()
        return account

    @leaving
    def adopt(self, grant: "Grant", *, name: str = "") -> Account:
        """Store a grant that was obtained elsewhere. It must be whole, and bound to its client and server.

        Raises `UsageError`, which names the wrong member, and `ProviderChanged` for a grant of another client or
        server; then nothing is stored.
        """
        from tokenkit.signing_in.adopting import adopt

        account = adopt(self.authorizations, self.provider, grant, name=name)
        self._cache.forget()
        return account

    @leaving
    def logout(self, account: str, *, local: bool = False) -> "SignOut":
        """Revoke at the provider, unless `local`, then remove here; the result says which of the two happened (R19)."""
        from tokenkit.grants.sign_out import sign_out

        found = self._names.exact(account)
        brief = self._given_context or self.configured.context(REVOCATION_DEADLINE)
        with sending():  # what was revoked is also removed, whatever ends this process (R7)
            outcome = sign_out(self.refresher, found, brief, local=local)
        self._cache.forget()
        self.activity.record("signed_out", found, revoked=outcome.revoked)
        return outcome

    @leaving
    def end_superseded(self, account: str) -> str:
        """Revoke and erase the former grants of an account that stays; return what was not revoked, in words.

        Where the provider counts all grants of a person as one, it ends the account as well.
        """
        from tokenkit.grants.sign_out import end_superseded

        brief = self._given_context or self.configured.context(REVOCATION_DEADLINE)
        return end_superseded(self.refresher, self._names.exact(account), brief)

    @leaving
    def sharing_fate(self, account: str) -> list[Account]:
        """Return the other accounts here that signing out of this one would end, too (R19)."""
        from tokenkit.grants.sign_out import sharing_fate

        return sharing_fate(self.refresher, self._names.exact(account))

    # Looking

    @leaving
    def accounts(self) -> list[Account]:
        """Return the accounts that are stored, by name."""
        return self.records.accounts()

    @leaving
    def status(self, account: str) -> "Status":
        """Return how an account stands; nothing is refreshed and nothing is sent."""
        from tokenkit.grants.status import status

        return status(self.refresher, self._names.resolve(account), self._now())

    @leaving
    def statuses(self, provider: str = "") -> "list[Status]":
        """Return how each account stands, or each of one provider, by name; faster than `status` for each.

        Raises `UnknownProvider`, which names the nearest, for one that there is not.
        """
        from tokenkit.grants.status import statuses

        return list(statuses(self.refresher, self._now, provider))

    @leaving
    def refresh(self, account: str, *, force: bool = False) -> AccessToken:
        """Refresh now. `force` tries even a grant that was refused, or is older than one already used (R10, R13)."""
        found = self._names.resolve(account)
        held = self.refresher.refresh(found, force=force)
        self._cache.forget()
        fresh = held.grant.access_token
        assert fresh is not None  # a refresh brings one, or raises
        return fresh

    def on(self, event: "Kind", callback: "Callback") -> "Callable[[], None]":
        """Call back when something happens to an account here, see `tokenkit.Event`; return a function that ends that.

        Events are ``refreshed``, ``consent_needed``, ``back``, ``ends_soon`` and ``failed``; each need is told once.
        The kit of `for_owner` reports its owner's, the one that it was made from everybody's.
        """
        return self.refresher.events.on(event, callback, owner=None if self._made is self else self.owner)

    # The parts

    @leaving
    def provider(self, name: str) -> "Provider":
        """Return the provider of that name; its plugin is loaded at first use. `UnknownProvider` names the nearest."""
        return self.providers[name]

    @leaving
    def client(self, provider: "str | Provider") -> "ClientRegistration":
        """Return the client registration for a provider. Raises `ClientMissing`, which names the ways to give one."""
        return self.configured.client(provider)

    @leaving
    def known_client(self, provider: "str | Provider") -> "KnownClient | None":
        """Return the client registration for that provider as it may be shown; no command is run for its secret.

        Of several servers' registrations, a name finds any one, and a provider that of its own server.
        """
        return self.configured.known_client(provider)

    @property
    def config(self) -> "Config":
        """What the person wrote into ``config.toml``, read once."""
        return self.configured.config

    @property
    def authorizations(self) -> "Authorizations":
        """The sign-ins of this owner."""
        from tokenkit.signing_in.authorization import Authorizations

        return Authorizations(
            self.refresher,
            self.configured.redirect_port,
            lambda provider: self.config.settings(provider.name).unverified,
            lambda: self.config.insecure_hosts(),
        )
