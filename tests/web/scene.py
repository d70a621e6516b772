"""Accounts in every state, to look at."""

import contextlib
from pathlib import Path
from typing import Any

from live import sandbox_kit
from tokenkit import ConsentRequired, TokenKit
from tokenkit.sandbox import Authority, Served

AUTH = "https://www.googleapis.com/auth/"
SCOPES = ("openid", "email", "gmail.readonly", "gmail.send", "calendar.events")
GRANTED = ("openid", f"{AUTH}userinfo.email", f"{AUTH}gmail.readonly", f"{AUTH}calendar.events")

BUTTONS = tuple(
    f"<tokenkit-authorize {attributes}></tokenkit-authorize>"
    for attributes in (
        'provider="google" scopes="gmail.readonly"',
        'provider="google" scopes="drive.readonly"',
        'provider="spotify"',
        'provider="pocket"',
        'provider="gogle"',
    )
)


def scene(sandbox: Served, home: Path) -> TokenKit:
    """One account that is well, though with less than was asked for; one that was ended elsewhere; one to connect."""
    kit = sandbox_kit(sandbox.base_url, home)
    _sign_in(kit, sandbox.authority, "google", SCOPES, GRANTED)
    _sign_in(kit, sandbox.authority, "spotify")
    sandbox.authority.withdraw("spotify", "me@example.com")
    with contextlib.suppress(ConsentRequired):
        kit.refresh("spotify")
    return kit


def _sign_in(kit: TokenKit, authority: Authority, provider: str, scopes: Any = None, only: Any = None) -> None:
    pending = kit.begin(provider, redirect_uri=f"http://127.0.0.1:1/callback/{provider}", binding="b", scopes=scopes)
    kit.complete(authority.approve(pending.url, only=only), binding="b")
