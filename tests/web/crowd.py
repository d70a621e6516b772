"""Many accounts and providers, as a person has them after some years, to look at and to search."""

from collections.abc import Mapping
from pathlib import Path

from live import registrations, sandbox_kit
from tokenkit import OAuth2, TokenKit
from tokenkit.provider import Scope
from tokenkit.sandbox import CLIENTS, Served

FAMILY = ("ada", "alan", "barbara", "edsger", "frances", "grace", "hedy", "joan", "karen", "ken")
MAIL: Mapping[str, Scope] = {
    "me": Scope("me", "see who you are", strength="identity"),
    "read": Scope("read", "read your notes", service="Notes", strength="read"),
    "write": Scope("write", "change your notes", service="Notes", strength="write"),
}


def crowd(sandbox: Served, home: Path, *, accounts: int = 30, more_providers: int = 57) -> TokenKit:
    """A kit with that many accounts at three providers, and more providers that nobody has used or set up."""
    clients = {**registrations(), **{f"TOKENKIT_SERVICE{n}_CLIENT_ID": "x" for n in range(0, more_providers, 3)}}
    kit = sandbox_kit(sandbox.base_url, home, clients=clients)
    for number in range(more_providers):
        kit.providers.add(_service(number))
    names = list(CLIENTS)
    for number in range(accounts):
        provider, person = names[number % len(names)], f"{FAMILY[number % len(FAMILY)]}{number}@example.com"
        scopes = ["gmail.readonly"] if provider == "google" and number % 2 else None
        redirect = f"http://127.0.0.1:1/callback/{provider}"
        pending = kit.begin(provider, redirect_uri=redirect, binding="b", scopes=scopes)
        kit.complete(sandbox.authority.approve(pending.url, as_user=person), binding="b")
    return kit


def _service(number: int) -> OAuth2:
    return OAuth2(
        name=f"service{number}",
        title=f"Service {number}",
        authorization_endpoint="https://service.example/a",
        token_endpoint="https://service.example/t",
        userinfo_endpoint="https://service.example/me",
        scopes=MAIL,
        default_scopes=("me",),
    )
