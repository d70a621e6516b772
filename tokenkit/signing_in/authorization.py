"""A sign-in in two legs, which may run in different processes: begin, then complete (R18, R20 to R23)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tokenkit.account import DEFAULT_NAME, Account
from tokenkit.errors import (
    CallbackRefused,
    ProviderUnavailable,
    UsageError,
)
from tokenkit.grant import Grant
from tokenkit.grants.bound_to import as_told, settled
from tokenkit.grants.refresher import Refresher
from tokenkit.grants.returned import drawn
from tokenkit.grants.scopes import scopes_to_ask
from tokenkit.grants.sealed_store import grant_name
from tokenkit.net.hosts import check_endpoints
from tokenkit.pending import PendingAuthorization
from tokenkit.plugins import guarded
from tokenkit.provider import AuthorizationAnswer, AuthorizationRequest, ClientRegistration, Context, Provider
from tokenkit.signals import sending
from tokenkit.signing_in.confirmed_addresses import check_confirmed
from tokenkit.signing_in.exchanged import exchanged
from tokenkit.signing_in.linking import AccountLinker, may_be
from tokenkit.signing_in.pending_names import digest
from tokenkit.signing_in.pendings import PENDING_LASTS, Pendings
from tokenkit.signing_in.redirects import callback_name, check_redirect_uri, provider_of
from tokenkit.signing_in.settle import AskValue, settle
from tokenkit.signing_in.survey import UNREADABLE, survey

_SAYS_NOTHING = frozenset({"state", "iss"})
"""Parameters that say which sign-in an answer belongs to and who gives it, and not what came of it."""


class Prepared(NamedTuple):
    """What a sign-in begins with: the broken account whose place it takes, and what is stored of the others by name.

    The grants are those of all the provider's accounts, or of the only one that this sign-in can be.
    """

    replaces: str
    grants: Mapping[str, Grant]


class Authorizations:
    """Begins and completes the sign-ins of one owner."""

    def __init__(
        self,
        refresher: Refresher,
        redirect_port: Callable[[Provider], int],
        trusted: Callable[[Provider], bool] = lambda _: False,
        insecure_hosts: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """Take `redirect_port`: it returns the port of a provider's loopback redirect URIs, 0 for any that is free.

        `trusted` tells whether the person allowed sign-ins to addresses of a provider that nobody has confirmed;
        `insecure_hosts` returns the hosts that may be reached by plain http (R32).
        """
        self.refresher = refresher
        self.records = refresher.records
        self._ctx = refresher.context
        self.redirect_port = redirect_port
        self._trusted = trusted
        self._insecure_hosts = insecure_hosts
        self.linker = AccountLinker(refresher)
        self.pendings = Pendings(refresher.records, refresher.context.now)

    def begin(
        self,
        provider: Provider,
        *,
        redirect_uri: str,
        binding: str,
        scopes: Collection[str] | None = None,
        name: str = "",
        account: str = "",
        replace_broken: bool = False,
        only: bool = False,
        unverified: bool = False,
        shared_path: bool = False,
    ) -> PendingAuthorization:
        """Remember a sign-in under its state and this binding, and say where to send the person.

        `scopes`, `only` and `unverified` are those of `TokenKit.login`.
        `name` is what the account shall be called; without it the provider is asked whose it is, and where it cannot
        say, it is called as the `account` (a name) that the person asked for. Whether the store can take the result is
        tried first (R20): `UsageError` for a name too long, `StoreUnavailable`, and what `prepare` raises.

        With `replace_broken` the result's `replaces` is the name of the account whose record cannot be opened and is
        set aside by `complete`, empty where none is; until then nothing is moved.

        `shared_path` allows a redirect URI whose path does not name the provider: for a host whose registrations, made
        long ago, have one path for providers that are all trusted.
        """
        if not binding:
            raise UsageError(
                "a sign-in needs a binding: a secret value that only this browser session or run holds",
                hint="draw one for each session, and keep it in a cookie: secrets.token_urlsafe()",
            )
        check_redirect_uri(self.refresher, provider, redirect_uri, shared_path=shared_path)
        self.check_confirmed(provider, allowed=unverified)
        client = self.refresher.client(provider)
        ready = self.prepare(provider, name=name, account=account, replace_broken=replace_broken)
        request = self.request(
            provider, scopes, ready, account=account, name=name, only=only, redirect_uri=redirect_uri
        )
        name = name or self.linker.kept_name(provider, account)
        self.records.store.version(grant_name(Account(provider.name, name or DEFAULT_NAME, self.records.owner)))
        begun = drawn(provider, guarded(provider, "begin", provider.begin, self._ctx, client, request))
        check_endpoints(provider, begun.url)
        now = self._ctx.now()
        pending = replace(
            begun,
            owner=self.records.owner,
            account=name,
            replaces=ready.replaces,
            client_id=client.client_id,
            settled=settled(provider),
            binding=digest(binding),
            created_at=now,
            expires_at=now + PENDING_LASTS,
        )
        self.pendings.add(binding, pending)
        return pending

    def settle(
        self,
        provider: str,
        variables: Mapping[str, str] | None = None,
        *,
        account: str = "",
        ask: AskValue | None = None,
    ) -> Provider:
        """Return the provider as a sign-in meets it: at the server that `variables` name, see `settle.settle`."""
        found = self.refresher.provider(provider)
        return settle(self.refresher, found, variables or {}, account=account, ask=ask, insecure=self._insecure_hosts)

    def callback_name(self, provider: Provider) -> str:
        """Return the end of our own redirect URIs for the provider, see `redirects.callback_name`."""
        return callback_name(self.refresher, provider)

    def request(
        self,
        provider: Provider,
        scopes: Collection[str] | None,
        ready: Prepared,
        *,
        account: str = "",
        name: str = "",
        only: bool = False,
        redirect_uri: str = "",
    ) -> AuthorizationRequest:
        """Return what the provider is asked for: the scopes, and for whom where an `account` is named."""
        asked = scopes_to_ask(provider, scopes, {} if only else ready.grants, account=name or account)
        return AuthorizationRequest(redirect_uri, asked, login_hint="" if account == DEFAULT_NAME else account)

    def check_confirmed(self, provider: Provider, *, allowed: bool = False) -> None:
        """Refuse a first sign-in at addresses that no source confirms; raises `ConfigurationError`.

        It is `allowed` by the caller, or by the configuration.
        """
        if getattr(provider, "needs_trust", False) and not (allowed or self._trusted(provider)):
            check_confirmed(self.records, provider)

    def prepare(
        self, provider: Provider, *, name: str = "", account: str = "", replace_broken: bool = False
    ) -> Prepared:
        """Try, before a person is asked in vain, that the store takes records and that its records can be opened (R20).

        Raises `BrokenRecord` or `KeyUnavailable` for one that cannot, and that may be the account which is about to be
        signed in to, by `name` or `account` as in `begin`: else it might be overwritten, or be there twice (R18, R30).
        With `replace_broken` it is the one to take the place of: its name is in the result, for `AccountLinker.adopt`,
        and nothing is changed. Where no account was named, it is the only one that cannot be opened.

        Then find out whose the accounts are of which the provider failed to say it, see `AccountLinker.learn`.
        """
        check_endpoints(provider)
        if name and not name.strip():
            raise UsageError("the name of the account is blank", hint=f"tokenkit login {provider.name} --as NAME")
        self.records.probe()
        certain = name or ("" if provider.identify else account)  # it will be called so, whatever else is stored
        grants, closed = survey(self.records, provider.name, certain)
        certain = certain or ("" if provider.identify else DEFAULT_NAME)
        named = name or account
        if not named and len(closed) == 1:
            named = next(iter(closed))
        replaces = named if replace_broken and named in closed else ""
        for stored, error in closed.items():
            theirs = stored == certain if certain else may_be(stored, account)
            if (theirs and not replaces) or not isinstance(error, UNREADABLE):
                raise error
        self.linker.learn(provider, grants)
        return Prepared(replaces, grants)

    def complete(self, callback_url: str, *, binding: str) -> Account:
        """Take the whole URL that the person came back on, and store the account.

        Raises `CallbackRefused` for an answer that is forged, replayed, expired, of another binding, or at another
        path; nothing is consumed then. From the claim on, the pending authorization is spent, except where nothing was
        sent (`ProviderUnavailable` with `sent` False): the code is still good, and the same answer may be given again.

        A record that cannot be opened was set aside if it is that of the returned account, and the pending
        authorization says so in `replaces`: it lies in quarantine then. No other record is moved.
        """
        path, parameters = _taken_apart(callback_url)
        state = parameters.get("state") or path.rpartition("/")[2]
        if "state" in parameters and parameters.keys() <= _SAYS_NOTHING:
            raise CallbackRefused(
                "the answer is cut short: it holds neither a code nor an error", hint="give the whole address"
            )
        pending = self.pendings.claim(state, binding, path)
        provider = provider_of(self.refresher, pending)
        client = self.refresher.client(provider)
        if client.client_id != pending.client_id:
            raise CallbackRefused(
                "the client id was changed during the sign-in", hint=f"tokenkit login {provider.name}"
            )
        answer = AuthorizationAnswer(parameters)
        told = as_told(provider, parameters)
        try:
            with sending():  # a code is exchanged once (R18): what it brings is saved, whatever ends this process
                begun = pending if told is provider else replace(pending, issuer=told.issuer)
                return self.exchange(told, client, begun, answer, name=pending.account)
        except ProviderUnavailable as error:
            if not error.sent:
                self.pendings.put_back(binding, state, pending)
            raise

    def exchange(
        self,
        provider: Provider,
        client: ClientRegistration,
        pending: PendingAuthorization,
        answer: AuthorizationAnswer,
        *,
        name: str,
    ) -> Account:
        """Exchange the code of an answer that belongs to `pending`, once, and store what it brings (R9, R18)."""

        def complete(ctx: Context) -> Grant:
            return provider.complete(ctx, client, pending, answer)

        brought = exchanged(self._ctx, provider, "complete", complete, asked=pending.scopes)
        account = self.linker.adopt(provider, client, brought.grant, name=name, replaces=pending.replaces, keeps=True)
        if brought.interrupted_by is not None:
            raise brought.interrupted_by
        return account


def _taken_apart(callback_url: str) -> tuple[str, dict[str, str]]:
    """Return the path of an answer, and its parameters, each of them given once."""
    try:
        url = urlsplit(callback_url)
        pairs = parse_qsl(url.query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise CallbackRefused("the answer is no address that can be read", hint="begin the sign-in again") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise CallbackRefused("the answer names a parameter twice", hint="begin the sign-in again")
    return url.path, parameters
