"""A sign-in from begin to end, in whatever way this machine allows: behind `TokenKit.login` and ``tokenkit login``."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING, Literal, NamedTuple

from tokenkit.account import Account
from tokenkit.consent import device, paste, way_to_ask
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.consent.opener import Opener, open_in_browser
from tokenkit.consent.paste import Read, read_line
from tokenkit.consent.terminal import Say, say
from tokenkit.errors import UsageError
from tokenkit.grant import PendingAuthorization
from tokenkit.grants.scopes import scopes_to_ask
from tokenkit.plugins import guarded
from tokenkit.provider import AuthorizationRequest, Provider
from tokenkit.signing_in.authorization import PENDING_LASTS

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit

Way = Literal["auto", "browser", "paste", "device"]
"""How a person is asked. ``auto`` is a browser where one can be seen, else a printed URL and a pasted answer (R25)."""


class _SignIn(NamedTuple):
    """What is asked of whom, and the two legs of asking it."""

    kit: "TokenKit"
    provider: Provider
    scopes: Collection[str] | None
    account: str
    name: str
    replace_broken: bool

    @property
    def port(self) -> int:
        """The port of redirect URIs: the configured one, the provider's, or 0 for any."""
        return self.kit.config.settings(self.provider.name).redirect_port or self.provider.redirect_port

    def begin(self, redirect_uri: str, binding: str) -> PendingAuthorization:
        return self.kit.begin(
            self.provider.name,
            redirect_uri=redirect_uri,
            binding=binding,
            scopes=self.scopes,
            account=self.account,
            name=self.name,
            replace_broken=self.replace_broken,
        )

    def begin_unheard(self, binding: str) -> PendingAuthorization:
        """Begin with a redirect URI at which nobody listens."""
        return self.begin(paste.redirect_uri(self.provider.name, self.provider.redirect_host, self.port), binding)


def sign_in(
    kit: "TokenKit",
    provider: str,
    scopes: Collection[str] | None,
    *,
    account: str = "",
    name: str = "",
    way: Way = "auto",
    replace_broken: bool = False,
    opener: Opener | None = None,
    say: Say = say,
    read: Read = read_line,
) -> Account:
    """Ask the person and store the account; see `TokenKit.login`.

    `opener` takes a URL to a browser, `say` speaks to the person, and `read` reads what they paste.
    """
    wish = _SignIn(kit, kit.provider(provider), scopes, account, name, replace_broken)
    chosen = way_to_ask(kit._environ) if way == "auto" else way
    if chosen == "browser":
        return _in_browser(wish, opener or open_in_browser, say)
    return _by_paste(wish, say, read) if chosen == "paste" else _by_device(wish, say)


def _in_browser(wish: _SignIn, opener: Opener, say: Say) -> Account:
    binding = secrets.token_urlsafe()
    with LoopbackConsent(wish.provider.name, wish.provider.redirect_host, wish.port) as consent:
        pending = wish.begin(consent.redirect_uri, binding)
        consent.present(pending, opener=opener, say=say)
        say("Waiting for your answer there. Ctrl-C gives up.")
        account = wish.kit.complete(consent.wait(PENDING_LASTS), binding=binding)
        consent.finish("Signed in", f"{account} is connected.")
    return account


def _by_paste(wish: _SignIn, say: Say, read: Read) -> Account:
    binding = secrets.token_urlsafe()
    pending = wish.begin_unheard(binding)
    return wish.kit.complete(paste.ask(pending, read=read, say=say), binding=binding)


def _by_device(wish: _SignIn, say: Say) -> Account:
    """RFC 8628: the grant comes without an answer; what binds it to this person is the code that they enter."""
    provider, kit = wish.provider, wish.kit
    if provider.device is None:
        hint = f"tokenkit login {provider.name} --paste"
        raise UsageError(f"{provider.title} has no sign-in by device code", hint=hint)
    client = kit.client(provider)
    replaces = kit.authorizations.prepare(
        provider, name=wish.name, account=wish.account, replace_broken=wish.replace_broken
    )
    name = wish.name or kit.authorizations.adoption.kept_name(provider, wish.account)
    scopes = scopes_to_ask(kit.records, provider, wish.scopes, account=wish.account)
    request = AuthorizationRequest("", scopes, login_hint=wish.account)

    def show(verification_uri: str, user_code: str) -> None:
        device.show(verification_uri, user_code, say=say)
        say("Waiting until it is entered. Ctrl-C gives up.")

    grant = guarded(provider, "device", provider.device, kit.context, client, request, show)
    return kit.authorizations.adoption.adopt(provider, client, grant, name=name, replaces=replaces)


def begin_by_hand(
    kit: "TokenKit",
    provider: str,
    scopes: Collection[str] | None,
    *,
    account: str = "",
    name: str = "",
    replace_broken: bool = False,
) -> PendingAuthorization:
    """The first of two steps that different processes of one user may take: show the result's `url`."""
    wish = _SignIn(kit, kit.provider(provider), scopes, account, name, replace_broken)
    return wish.begin_unheard(_user_binding(kit))


def complete_by_hand(kit: "TokenKit", answer: str) -> Account:
    """The second of them: the whole URL at which the browser stopped."""
    return kit.complete(answer.strip(), binding=_user_binding(kit))


def _user_binding(kit: "TokenKit") -> str:
    """What every process of this user can compute and nobody else: it needs the key that seals the records (R22)."""
    kit.records.probe()  # on a new machine this is what makes the key
    secret = kit.records.ring.current().secret
    return hmac.new(secret, b"tokenkit sign-in in two steps", hashlib.sha256).hexdigest()
