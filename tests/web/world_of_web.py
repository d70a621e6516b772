"""A kit, the sandbox and the app in one process: no sockets, and a clock that stands still."""

import os
from pathlib import Path

from live import BASE, allow_redirects, registrations
from tokenkit import TokenKit
from tokenkit.provider import Context
from tokenkit.sandbox import Authority, providers
from tokenkit.store import Name, Stored
from tokenkit.testing import Clock
from tokenkit.web import authorize_app
from visitor import HERE, Visitor


class World:
    """The sandbox's authority, on `clock`, and kits in one home that are aimed at it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = Clock()
        self.authority = Authority(clock=self.clock.now, sleep=self.clock.sleep)
        allow_redirects(self.authority, "")
        allow_redirects(self.authority, "/connect")
        self.kit = self.make_kit()
        self.app = authorize_app(self.kit)

    def make_kit(self, owner: str = "", **environ: str) -> TokenKit:
        """A kit as another process has it: the same home, nothing else in common."""
        context = Context(send=self.authority.handle, now=self.clock.now, random=os.urandom, sleep=self.clock.sleep)
        known = {"HOME": str(self.home), "PATH": os.environ["PATH"], **(environ or registrations())}
        return TokenKit(owner=owner, providers=providers(BASE), context=context, environ=known, background=False)

    def visitor(self) -> Visitor:
        """A browser at the app of the one person."""
        return Visitor(self.app)

    def connect(
        self, visitor: Visitor, provider: str = "google", as_user: str = "me@example.com", **fields: str
    ) -> str:
        """Sign in to the end; the URL that the provider sent the person back to."""
        back = self.authority.approve(visitor.start(provider, **fields), as_user=as_user)
        assert visitor.come_back(back).status_code == 303
        return back

    def stored(self, kit: TokenKit | None = None) -> dict[Name, Stored | None]:
        """All that is in the store for the kit's owner, to compare with what was there before."""
        records = (kit or self.kit).records
        names = [
            name for kind in ("grant", "pending", "quarantine") for name in records.store.names(kind, records.owner)
        ]
        return {name: records.store.load(name) for name in names}

    def accounts(self) -> list[str]:
        return [str(account) for account in self.kit.accounts()]


__all__ = ["HERE", "World"]
