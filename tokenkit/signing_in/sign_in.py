"""A sign-in from begin to end, in whatever way this machine allows: behind `TokenKit.login` and ``tokenkit login``."""

import secrets
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from typing import Literal, NamedTuple, get_args

from tokenkit.account import Account
from tokenkit.consent import device, paste, way_to_ask
from tokenkit.consent.advice import about_error_pages
from tokenkit.consent.keyboard import Keyboard
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.consent.opener import Opener, open_in_browser, require_web_url
from tokenkit.consent.redirect import fixed_redirect_uri, loopback_parts
from tokenkit.consent.terminal import Say, printable, say
from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.grant import Grant
from tokenkit.grants.scopes import check_device_scopes
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import Context, Provider
from tokenkit.provider.defaults import no_consent_screen
from tokenkit.shell import quoted
from tokenkit.signals import sending
from tokenkit.signing_in.asking import Answers, asks, sign_in_by_answers
from tokenkit.signing_in.authorization import Authorizations
from tokenkit.signing_in.by_hand import user_binding
from tokenkit.signing_in.confirm import Confirm, confirm_account, confirm_replacing
from tokenkit.signing_in.exchanged import exchanged
from tokenkit.signing_in.pendings import PENDING_LASTS

Way = Literal["auto", "browser", "paste", "device"]
"""How a person is asked. ``auto`` is a browser where one can be seen, else a printed URL and a pasted answer (R25)."""

Show = Callable[[str, str], object]
"""Shows the person an address to open and, in the device flow, the code to enter there; else that is empty."""


class _SignIn(NamedTuple):
    """What is asked of the person, the two legs of asking it, and how they are spoken to."""

    authorizations: Authorizations
    provider: Provider
    scopes: Collection[str] | None
    account: str
    name: str
    replace_broken: bool
    only: bool = False
    unverified: bool = False
    say: Say = say
    show: Show | None = None
    confirm: Confirm | None = None

    @property
    def port(self) -> int:
        return self.authorizations.redirect_port(self.provider)

    def consent(self) -> LoopbackConsent | None:
        """Listen for the answer; return None where it comes to a registered address that is not of this machine."""
        provider = self.provider
        fixed = fixed_redirect_uri(provider)
        if not fixed:
            path = f"/callback/{self.authorizations.callback_name(provider)}"
            return LoopbackConsent(provider.name, provider.redirect_host, self.port, path=path)
        parts = loopback_parts(fixed)
        return LoopbackConsent(provider.name, parts[0], parts[1], path=parts[2]) if parts else None

    def begin(self, redirect_uri: str, binding: str) -> PendingAuthorization:
        return self.authorizations.begin(
            self.provider,
            redirect_uri=redirect_uri,
            binding=binding,
            scopes=self.scopes,
            account=self.account,
            name=self.name,
            replace_broken=self.replace_broken,
            only=self.only,
            unverified=self.unverified,
        )

    def begin_unheard(self, binding: str) -> PendingAuthorization:
        """Begin with a redirect URI at which nobody listens."""
        provider = self.provider
        name = self.authorizations.callback_name(provider)
        ours = paste.redirect_uri(name, provider.redirect_host, self.port)
        return self.begin(fixed_redirect_uri(provider) or ours, binding)

    def advice(self, pending: PendingAuthorization) -> str:
        name = self.authorizations.callback_name(self.provider)
        return about_error_pages(self.provider, self.port, pending.redirect_uri, name)


def sign_in(
    authorizations: Authorizations,
    provider: Provider,
    scopes: Collection[str] | None,
    *,
    account: str = "",
    name: str = "",
    way: Way = "auto",
    replace_broken: bool = False,
    only: bool = False,
    unverified: bool = False,
    answers: Answers | None = None,
    environ: Mapping[str, str] | None = None,
    opener: Opener | None = None,
    show: Show | None = None,
    say: Say = say,
    read: paste.Read | None = None,
    confirm: Confirm | None = None,
) -> Account:
    """Ask the person and store the account; see `TokenKit.login`.

    `environ` tells whether a browser can be seen. `opener` takes a URL to a browser on this machine; with
    `open_nothing` the address is printed. `show` takes the address, or the code of a device, in place of printing it.
    `say` speaks to the person, and `read` reads what they paste in place of stdin.
    """
    wish = _SignIn(
        authorizations, provider, scopes, account, name, replace_broken, only, unverified, say, show, confirm
    )
    _check_way(way)
    if asks(provider):
        if way in ("browser", "device"):
            raise no_consent_screen(provider)
        return _by_answers(wish, answers)
    if answers is not None:
        raise UsageError(f"{provider.title} has a consent screen, and asks for nothing here", hint="leave answers out")
    chosen = way_to_ask(environ) if way == "auto" else way
    with _giving_up(wish):
        confirm_replacing(authorizations, provider, account=account, name=name, confirm=confirm)
        if chosen == "browser":
            return _in_browser(wish, opener or open_in_browser, read)
        return _by_paste(wish, read) if chosen == "paste" else _by_device(wish)


def _by_answers(wish: _SignIn, answers: Answers | None) -> Account:
    """Sign in where there is no consent screen. A program that speaks to the person itself gives the answers."""
    if wish.scopes:
        raise UsageError(
            f"{wish.provider.title} has no scopes to ask for: a key may do what it was made for",
            hint=f"tokenkit login {wish.provider.name}",
        )
    with _giving_up(wish):
        confirm_replacing(
            wish.authorizations, wish.provider, account=wish.account, name=wish.name, confirm=wish.confirm
        )
        return sign_in_by_answers(
            wish.authorizations,
            wish.provider,
            answers,
            account=wish.account,
            name=wish.name,
            replace_broken=wish.replace_broken,
            unverified=wish.unverified,
            say=None if wish.show else wish.say,
        )


def _check_way(way: str) -> None:
    if way in (ways := get_args(Way)):
        return
    from tokenkit.nearest import meant

    raise UsageError(f"there is no way to sign in that is called {way!r}", hint=meant(way, ways, show=repr))


@contextmanager
def _giving_up(wish: _SignIn) -> Generator[None]:
    """Say what a person who presses Ctrl-C wants to know; it waits for what a code has brought (R7)."""
    try:
        yield
    except KeyboardInterrupt:
        stored = wish.authorizations.linker.places.latest
        wish.say(f"\nGiven up, once {stored} was stored." if stored else "\nGiven up. Nothing was changed.")
        raise


def _in_browser(wish: _SignIn, opener: Opener, read: paste.Read | None) -> Account:
    binding = secrets.token_urlsafe()
    consent = wish.consent()
    if consent is None:
        return _by_paste_alone(wish, read)
    with consent:
        pending = wish.begin(consent.redirect_uri, binding)
        consent.present(pending, opener=opener, say=wish.say, show=wish.show, advice=wish.advice(pending))
        if not wish.show:
            wish.say("Waiting for your answer there. Ctrl-C gives up.")
        account = wish.authorizations.complete(consent.wait(PENDING_LASTS), binding=binding)
        if consent.contested:
            sign_out = f"tokenkit logout {quoted(str(account))}"
            wish.say(f"Two browsers opened this sign-in. If {account} is not yours: {sign_out}")
        consent.finish("Signed in", f"{account} is connected.")
    return account


def _by_paste(wish: _SignIn, read: paste.Read | None) -> Account:
    """Ask for the answer to be pasted, and listen all the same: whichever comes first counts."""
    try:
        consent = wish.consent()
    except ConfigurationError:  # another program listens at the one port that is registered
        consent = None
    if consent is None:
        return _by_paste_alone(wish, read)
    binding = secrets.token_urlsafe()
    with consent, Keyboard(consent.bell) as keyboard:
        pending = wish.begin(consent.redirect_uri, binding)
        consent.listen_for(pending)
        if wish.show:
            wish.show(pending.url, "")
            answer = consent.wait(PENDING_LASTS)
        else:
            paste.invite(pending, listening=True, say=wish.say)
            answer = _read(wish, pending, read or keyboard.read_paste, lambda: consent.callback_url)
        account = wish.authorizations.complete(answer, binding=binding)
        consent.finish("Signed in", f"{account} is connected.")
    return account


def _by_paste_alone(wish: _SignIn, read: paste.Read | None) -> Account:
    binding = secrets.token_urlsafe()
    pending = wish.begin_unheard(binding)
    with Keyboard() as keyboard:
        paste.invite(pending, listening=False, say=wish.say)
        return wish.authorizations.complete(_read(wish, pending, read or keyboard.read_paste), binding=binding)


def _read(wish: _SignIn, pending: PendingAuthorization, read: paste.Read, came: Callable[[], str] = str) -> str:
    return paste.read_answer(pending, read, came=came, lasts=PENDING_LASTS, advice=wish.advice(pending), say=wish.say)


def _by_device(wish: _SignIn) -> Account:
    """Sign in by RFC 8628: the grant comes without an answer; the code that the person enters binds it to them."""
    provider, authorizations = wish.provider, wish.authorizations
    if provider.device is None:
        hint = f"tokenkit login {provider.name} --paste"
        raise UsageError(f"{provider.title} has no sign-in by device code", hint=hint)
    authorizations.check_confirmed(provider, allowed=wish.unverified)
    client = authorizations.refresher.client(provider)
    ready = authorizations.prepare(provider, name=wish.name, account=wish.account, replace_broken=wish.replace_broken)
    name = wish.name or authorizations.linker.kept_name(provider, wish.account)
    request = authorizations.request(provider, wish.scopes, ready, account=wish.account, name=wish.name, only=wish.only)
    check_device_scopes(provider, request.scopes)

    show = _showing_once(wish)

    def ask(ctx: Context) -> Grant:
        assert provider.device is not None
        return provider.device(ctx, client, request, show)

    linker = authorizations.linker
    context, asked = authorizations.refresher.context, frozenset(request.scopes)
    grant, interrupted_by = exchanged(context, provider, "device", ask, asked=asked)
    if interrupted_by is not None:  # nobody has confirmed yet whose account it is (R25)
        raise interrupted_by
    identity = linker.identify(provider, client, grant)
    confirm_account(provider, name, identity, wish.confirm)
    with sending():
        return linker.adopt(provider, client, grant, name=name, replaces=ready.replaces, identity=identity, keeps=True)


def _showing_once(wish: _SignIn) -> Callable[[str, str], None]:
    """Return what shows the person a code: each once, for the plugin may read the same answers once more."""
    shown: set[str] = set()

    def show(verification_uri: str, user_code: str) -> None:
        if user_code in shown:
            return
        shown.add(user_code)
        if wish.show:
            wish.show(require_web_url(verification_uri), printable(user_code))
        else:
            device.show(verification_uri, user_code, say=wish.say)
            wish.say("Waiting until it is entered. Ctrl-C gives up.")

    return show


def begin_by_hand(
    authorizations: Authorizations,
    provider: Provider,
    scopes: Collection[str] | None,
    *,
    account: str = "",
    name: str = "",
    replace_broken: bool = False,
    only: bool = False,
    unverified: bool = False,
) -> PendingAuthorization:
    """Begin a sign-in in two steps that different processes of one user may take: show the result's `url`."""
    wish = _SignIn(authorizations, provider, scopes, account, name, replace_broken, only, unverified)
    return wish.begin_unheard(user_binding(authorizations.records, begins=True))
