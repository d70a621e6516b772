"""tokenkit, from the wheel."""

import os

from tokenkit import AccessToken, Request, TokenKit

from libraries import There, padded


class Library:
    def __init__(self, there: There) -> None:
        environ = {**os.environ, "HOME": there.path}
        self.kit = TokenKit(environ=environ, background=False)
        self.account = self.kit.accounts()[0]
        # A process that runs on has loaded what it refreshes with. Of those that start together one refreshes for all.
        self.kit.refresh(str(self.account))
        self.kit.client(self.kit.provider("google"))
        self.kit.context.send(Request.form(there.token_url, {}))
        self.kit.token(str(self.account))
        self.kit._cache.forget()

    def ask(self) -> str:
        return self.kit.token("google").value

    def save(self, number: int) -> None:
        records = self.kit.records
        held = records.get(self.account)
        token = AccessToken(padded(number), expires_at=2e9, obtained_at=1e9)
        records.save(self.account, held.grant.renewed(access_tokens={"": token}), replaces=held.version)

    def load(self) -> None:
        self.kit.records.get(self.account)
