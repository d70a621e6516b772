"""A machine of its own for the command line, with the sandbox for a provider and a scripted person at the browser."""

from pathlib import Path

from tokenkit.account import Account
from tokenkit.config import save_client
from tokenkit.grants.sealed_store import SealedStore, StoredGrant
from tokenkit.kit import TokenKit
from tokenkit.sandbox import CLIENTS, Authority
from tokenkit.testing import Browser
from tokenkit.token import AccessToken

from held_answers import HeldAnswers


class Person:
    """Whoever sits at the browser. `user` is who they are at the provider; `denies` and `only` is what they decide."""

    def __init__(self, authority: Authority) -> None:
        self.user = "me@example.com"
        self.denies = False
        self.only: list[str] | None = None
        self._authority = authority

    def open(self, url: str) -> None:
        """Go through the sign-in that begins at the local address `url`."""
        Browser(self._authority, as_user=self.user, deny=self.denies, only=self.only)(url)

    def decide(self, consent_screen: str) -> str:
        """Answer a consent screen; return where the browser is sent."""
        return self._authority.approve(consent_screen, as_user=self.user, deny=self.denies, only=self.only)


class Machine:
    """The folders, the sandbox and the person; and how a test reaches in between two commands."""

    def __init__(self, home: Path, authority: Authority, base_url: str, answers: HeldAnswers) -> None:
        self.home = home
        self.tokens = home / ".tokenkit" / "tokens"
        self.config = home / ".config" / "tokenkit"
        self.authority = authority
        self.base_url = base_url
        self.answers = answers
        self.person = Person(authority)

    def configure(self, text: str = "", *, redirect_port: int | None = None) -> None:
        """Aim the providers at the sandbox in config.toml."""
        port = "" if redirect_port is None else f"redirect_port = {redirect_port}\n"
        tables = (f'[providers.{name}]\nbase_url = "{self.base_url}/{name}"\n{port}' for name in CLIENTS)
        self.config.mkdir(parents=True, exist_ok=True)
        (self.config / "config.toml").write_text("\n".join((*tables, text)))

    def register(self) -> None:
        """Store the clients that the sandbox knows."""
        for name, client in CLIENTS.items():
            save_client(str(self.config), name, client)

    def change(self, account: str, *, owner: str = "", **changes: object) -> None:
        """Change a stored grant behind everybody's back."""
        records, found, held = self._held(account, owner)
        records.save(found, held.grant.renewed(**changes), replaces=held.version)

    def expire(self, account: str, *, owner: str = "") -> None:
        """Let the access token of an account have ended long ago."""
        self.give(account, owner=owner, expires_at=1.0)

    def give(self, account: str, value: str = "token-1", *, owner: str = "", **members: object) -> None:
        """Give an account another access token, with the scopes that it has."""
        usual = {"expires_at": None, "scopes": self._held(account, owner)[2].grant.scopes}
        token = AccessToken(value, **{**usual, **members})
        self.change(account, owner=owner, access_tokens={"": token})

    def remove(self, account: str) -> None:
        """Delete a stored grant behind everybody's back."""
        records, found, held = self._held(account)
        records.remove(found, replaces=held.version)

    def _held(self, account: str, owner: str = "") -> tuple[SealedStore, Account, StoredGrant]:
        records = TokenKit(owner=owner).records
        found = next(known for known in records.accounts() if str(known) == account)
        return records, found, records.get(found)
