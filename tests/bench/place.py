"""A home of its own for each experiment, with accounts in it, and an authority that issued them."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tokenkit import AccessToken, Account, Context, TokenKit
from tokenkit.grant import grant_to_bytes
from tokenkit.paths import file_name
from tokenkit.sandbox import CLIENTS, Authority, serve
from tokenkit.seal import seal

REDIRECT = "http://127.0.0.1:9/callback/google"
ME = Account("google", "me@example.com")
CLIENT = CLIENTS["google"]


class Place(NamedTuple):
    """The environment that finds the home, and who issues tokens there."""

    environ: dict[str, str]
    authority: Authority
    base_url: str

    def kit(self) -> TokenKit:
        return TokenKit(environ=self.environ, background=False)

    def kit_that_stays(self) -> TokenKit:
        """As in a program that runs on: it refreshes ahead of the end (R3)."""
        return TokenKit(environ=self.environ)

    def sign_in(self, names: list[str]) -> None:
        send = Context(self.authority.handle, time.time, os.urandom, time.sleep)
        kit = TokenKit(environ=self.environ, background=False, context=send)
        for name in names:
            pending = kit.begin("google", redirect_uri=REDIRECT, binding="bench", scopes=["gmail.readonly"])
            kit.complete(self.authority.approve(pending.url, as_user=name), binding="bench")

    @property
    def token_url(self) -> str:
        return f"{self.base_url}/google/token"

    def new_refresh_token(self) -> str:
        """A sign-in by hand, at the same authority as another person."""
        kit = self.kit()
        pending = kit.begin("google", redirect_uri=REDIRECT, binding="bench", scopes=["gmail.readonly"])
        account = kit.complete(self.authority.approve(pending.url, as_user="storm@example.com"), binding="bench")
        held = kit.records.get(account)
        assert held.grant.refresh_token is not None
        kit.records.remove(account, replaces=held.version)  # it is another's from now on
        return held.grant.refresh_token.reveal()

    def expire(self, account: Account = ME) -> None:
        """End the stored access token without waiting for it."""
        records = self.kit().records
        held = records.get(account)
        token = held.grant.access_token
        assert token is not None
        spent = AccessToken(token.value, expires_at=3600.0, obtained_at=0.0, scopes=token.scopes)
        records.save(account, held.grant.renewed(access_tokens={"": spent}), replaces=held.version)

    def multiply(self, total: int, name: str = "copy") -> None:
        """Fill the store up with copies of the one account, called by `name` and a number; nothing is fsynced."""
        kit = self.kit()
        plaintext = grant_to_bytes(kit.records.get(ME).grant)
        key = kit.records.ring.current()
        folder = os.path.join(kit.folders.tokens, "google")
        for number in range(len(kit.accounts()), total):
            copy = f"{name}{number}@example.com"
            data = seal(plaintext, key, typ="grant", app="tokenkit", owner="", account=f"google/{copy}")
            fd = os.open(os.path.join(folder, file_name(copy) + ".jwe"), os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(fd, data)
            os.close(fd)
        os.sync()  # else they are written to disk while something else is measured


@contextmanager
def place(
    home: str, *, accounts: int = 1, lifetime: float = 36_000.0, rotating: bool = True, server: str = ""
) -> Iterator[Place]:
    """A home at `home` that `accounts` are signed in at; the authority serves for as long as the context lasts.

    With `server` the accounts are refreshed at that address.
    """
    assert CLIENT.client_secret is not None
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "LANG": "C.UTF-8",
        "TOKENKIT_GOOGLE_CLIENT_ID": CLIENT.client_id,
        "TOKENKIT_GOOGLE_CLIENT_SECRET": CLIENT.client_secret.reveal(),
    }
    authority = Authority(access_lifetime=lifetime, rotating=("google",) if rotating else ())
    with serve(authority) as sandbox:
        base_url = server or sandbox.base_url
        config = os.path.join(home, ".config", "tokenkit")
        os.makedirs(config, mode=0o700)
        with open(os.path.join(config, "config.toml"), "w", encoding="utf-8") as file:
            file.write(f'[providers.google]\nbase_url = "{base_url}/google"\n')
        here = Place(environ, authority, base_url)
        here.sign_in([ME.name, *(f"me{number}@example.com" for number in range(1, accounts))])
        yield here
