"""A sign-in from begin to end, in whatever way this machine allows: behind `TokenKit.login` and ``tokenkit login``."""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from tokenkit.account import Account
from tokenkit.consent import device, paste, way_to_ask
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.consent.opener import Opener, open_in_browser
from tokenkit.consent.paste import Read, read_line
from tokenkit.consent.terminal import Say, say
from tokenkit.errors import ProviderUnavailable, UsageError
from tokenkit.grant import PendingAuthorization
from tokenkit.grants.scopes import short_names
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.plugins import guarded
from tokenkit.provider import Provider
from tokenkit.shell import quoted
from tokenkit.signing_in.authorization import PENDING_LASTS, Authorizations

Way = Literal["auto", "browser", "paste", "device"]
"""How a person is asked. ``auto`` is a browser where one can be seen, else a printed URL and a pasted answer (R25)."""


class _SignIn(NamedTuple):
    """What is asked of the person, and the two legs of asking it."""

    authorizations: Authorizations
    provider: Provider
    scopes: Collection[str] | None
    account: str
    name: str
    replace_broken: bool

    @property
    def port(self) -> int:
        return self.authorizations.redirect_port(self.provider)

    def begin(self, redirect_uri: str, binding: str) -> PendingAuthorization:
        return self.authorizations.begin(
            self.provider,
            redirect_uri=redirect_uri,
            binding=binding,
            scopes=self.scopes,
            account=self.account,
            name=self.name,
            replace_broken=self.replace_broken,
        )

    def begin_unheard(self, binding: str) -> PendingAuthorization:
        """Begin with a redirect URI at which nobody listens."""
        provider = self.provider
        return self.begin(paste.redirect_uri(provider.name, provider.redirect_host, self.port), binding)


def sign_in(
    authorizations: Authorizations,
    provider: Provider,
    scopes: Collection[str] | None,
    *,
    account: str = "",
    name: str = "",
    way: Way = "auto",
    replace_broken: bool = False,
    environ: Mapping[str, str] | None = None,
    opener: Opener | None = None,
    say: Say = say,
    read: Read = read_line,
) -> Account:
    """Ask the person and store the account; see `TokenKit.login`.

    `environ` tells whether a browser can be seen. `opener` takes a URL to a browser, `say` speaks to the person, and
    `read` reads what they paste.
    """
    wish = _SignIn(authorizations, provider, scopes, account, name, replace_broken)
    chosen = way_to_ask(environ) if way == "auto" else way
    if chosen == "browser":
        return _in_browser(wish, opener or open_in_browser, say)
    return _by_paste(wish, say, read) if chosen == "paste" else _by_device(wish, say)


def _in_browser(wish: _SignIn, opener: Opener, say: Say) -> Account:
    binding = secrets.token_urlsafe()
    with LoopbackConsent(wish.provider.name, wish.provider.redirect_host, wish.port) as consent:
        pending = wish.begin(consent.redirect_uri, binding)
        consent.present(pending, opener=opener, say=say)
        say("Waiting for your answer there. Ctrl-C gives up.")
        account = wish.authorizations.complete(consent.wait(PENDING_LASTS), binding=binding)
        if consent.contested:
            say(f"Two browsers opened this sign-in. If {account} is not yours: tokenkit logout {quoted(str(account))}")
        consent.finish("Signed in", f"{account} is connected.")
    return account


def _by_paste(wish: _SignIn, say: Say, read: Read) -> Account:
    binding = secrets.token_urlsafe()
    pending = wish.begin_unheard(binding)
    return wish.authorizations.complete(paste.ask(pending, read=read, say=say), binding=binding)


def _by_device(wish: _SignIn, say: Say) -> Account:
    """Sign in by RFC 8628: the grant comes without an answer; the code that the person enters binds it to them."""
    provider, authorizations = wish.provider, wish.authorizations
    if provider.device is None:
        hint = f"tokenkit login {provider.name} --paste"
        raise UsageError(f"{provider.title} has no sign-in by device code", hint=hint)
    client = authorizations.refresher.client(provider)
    replaces = authorizations.prepare(
        provider, name=wish.name, account=wish.account, replace_broken=wish.replace_broken
    )
    name = wish.name or authorizations.linker.kept_name(provider, wish.account)
    request = authorizations.request(provider, wish.scopes, account=wish.account)
    _check_device_scopes(provider, request.scopes)

    def show(verification_uri: str, user_code: str) -> None:
        device.show(verification_uri, user_code, say=say)
        say("Waiting until it is entered. Ctrl-C gives up.")

    context = authorizations.refresher.context
    grant = guarded(provider, "device", provider.device, context, client, request, show)
    return authorizations.linker.adopt(provider, client, grant, name=name, replaces=replaces)


def _check_device_scopes(provider: Provider, asked: Collection[str]) -> None:
    """Refuse, before anything is sent, the scopes that the provider's device flow does not give (R25)."""
    allowed = {scope.value for scope in provider.scopes.values() if scope.device}
    refused = set(asked) - allowed if allowed else set[str]()
    if refused:
        scopes = ", ".join(short_names(provider, refused))
        raise UsageError(
            f"{provider.title} gives no sign-in by device code the scopes {scopes}",
            hint=f"tokenkit login {provider.name} --paste, or ask for no more than "
            f"--scopes {','.join(short_names(provider, allowed))}",
        )


def begin_by_hand(
    authorizations: Authorizations,
    provider: Provider,
    scopes: Collection[str] | None,
    *,
    account: str = "",
    name: str = "",
    replace_broken: bool = False,
) -> PendingAuthorization:
    """Begin a sign-in in two steps that different processes of one user may take: show the result's `url`."""
    wish = _SignIn(authorizations, provider, scopes, account, name, replace_broken)
    return wish.begin_unheard(_user_binding(authorizations.records))


def complete_by_hand(authorizations: Authorizations, answer: str) -> Account:
    """Complete what `begin_by_hand` began: `answer` is the whole URL at which the browser stopped."""
    try:
        return authorizations.complete(answer.strip(), binding=_user_binding(authorizations.records))
    except ProviderUnavailable as error:
        if not error.sent:
            again = "the same answer is still good: tokenkit login --complete"
            error.hint = f"{error.hint}; then {again}" if error.hint else again
        raise


def _user_binding(records: SealedStore) -> str:
    """Return what every process of this user can compute and nobody else: it needs the key that seals (R22)."""
    records.probe()  # on a new machine this is what makes the key
    secret = records.ring.current().secret
    return hmac.new(secret, b"tokenkit sign-in in two steps", hashlib.sha256).hexdigest()
