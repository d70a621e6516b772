"""A home with one account at a provider that rotates refresh tokens, and ends the session when a spent one comes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tokenkit import AccessToken, Account, TokenKit
from tokenkit.sandbox import CLIENTS, Authority, serve

from held_answers import HeldAnswers

HERE = Path(__file__).parent
ME = Account("google", "me@example.com")


@dataclass
class Assistant:
    """An account, the authority that issued it, and the home that the processes of an assistant share."""

    authority: Authority
    answers: HeldAnswers
    home: Path

    def kit(self) -> TokenKit:
        """As another process would have it: nothing in memory."""
        return TokenKit(background=False)

    def sign_in(self, name: str = ME.name) -> None:
        kit = self.kit()
        redirect_uri = "http://127.0.0.1:9/callback/google"
        pending = kit.begin("google", redirect_uri=redirect_uri, binding="b", scopes=["gmail.readonly"])
        kit.complete(self.authority.approve(pending.url, as_user=name), binding="b")

    def refreshes(self) -> int:
        return self.authority.counters["google token refresh_token"]

    def expire(self, account: Account = ME) -> None:
        """End the stored access token without waiting for it."""
        records = self.kit().records
        held = records.get(account)
        token = held.grant.access_token
        assert token is not None
        spent = AccessToken(token.value, expires_at=3600.0, obtained_at=0.0, scopes=token.scopes)
        records.save(account, held.grant.renewed(access_tokens={"": spent}), replaces=held.version)

    def start(self, script: str, *arguments: str, before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        """A process of the assistant that runs one of the scripts beside this file."""
        command = [*before, sys.executable, str(HERE / script), *arguments]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, text=True, env=dict(os.environ), **pipes)


@pytest.fixture
def assistant(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Assistant]:
    """An assistant that is signed in."""
    answers = HeldAnswers()
    authority = Authority(rotating=("google",), sleep=answers.sleep)
    client = CLIENTS["google"]
    assert client.client_secret is not None
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", client.client_secret.reveal())
    with serve(authority) as sandbox:
        config = home / ".config" / "tokenkit"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\n')
        assistant = Assistant(authority, answers, home)
        assistant.sign_in()
        yield assistant
        answers.let_go()
