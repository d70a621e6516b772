"""In Python, too, a hint is a command that works on the accounts of the kit that gave it, and an error says what the
provider answered.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tokenkit import AsyncTokenKit, ProviderError, TokenKit, TokenKitError
from tokenkit.account import Account
from tokenkit.grants.status import Active, Broken, Expired, Expiring, Moved, NeedsConsent, State, Status, Unavailable
from tokenkit.sandbox import CLIENTS, Authority, providers, serve
from tokenkit.store.memory import MemoryStore

SYNC: dict[str, Callable[[TokenKit], Any]] = {
    "token": lambda kit: kit.token("google"),
    "http": lambda kit: kit.http("google"),
    "status": lambda kit: kit.status("google"),
    "refresh": lambda kit: kit.refresh("google"),
    "logout": lambda kit: kit.logout("google/me"),
}


@pytest.mark.parametrize("call", SYNC.values(), ids=SYNC)
def test_a_hint_names_the_app_and_the_owner(call: Callable[[TokenKit], Any], home: object) -> None:
    kit = TokenKit(app="pocketpaw", owner="alice", store=MemoryStore(), background=False)
    for each, owner in ((kit, "alice"), (kit.for_owner("bob b"), "'bob b'")):
        with pytest.raises(TokenKitError) as caught:
            call(each)
        assert f"tokenkit --app pocketpaw --owner {owner} " in caught.value.hint


@pytest.mark.parametrize("call", SYNC.values(), ids=SYNC)
def test_a_kit_of_our_own_adds_nothing(call: Callable[[TokenKit], Any], home: object) -> None:
    with pytest.raises(TokenKitError) as caught:
        call(TokenKit(store=MemoryStore(), background=False))
    assert "tokenkit " in caught.value.hint
    assert "--" not in caught.value.hint


@pytest.mark.parametrize("name", [*SYNC])
def test_a_hint_of_an_asyncio_kit_names_the_app_and_the_owner(name: str, home: object) -> None:
    async def ask() -> None:
        kit: Any = AsyncTokenKit(app="pocketpaw", owner="alice", store=MemoryStore(), background=False)
        await getattr(kit, name)("google/me")

    with pytest.raises(TokenKitError) as caught:
        asyncio.run(ask())
    assert "tokenkit --app pocketpaw --owner alice " in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ({"status": 503, "body": {"error": "overloaded"}, "times": 2}, 503, "overloaded"),
        ({"status": 400, "body": {"error": "server_error"}, "times": 2}, 400, "server_error"),
        ({"status": 429, "body": "", "times": 2}, 429, ""),
        ({"status": 302, "body": "", "times": 2}, 302, ""),
        ({"status": 200, "body": "<html>", "times": 2}, 200, ""),
    ],
)
def test_an_error_of_the_provider_has_its_http_status_and_its_error_code(
    answer: dict[str, Any], status: int, code: str, home: object
) -> None:
    with serve(authority := Authority()) as served:
        kit = TokenKit(providers=providers(served.base_url), clients=CLIENTS, store=MemoryStore(), background=False)
        pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
        answered = authority.approve(pending.url)
        authority.next("token", **answer)
        with pytest.raises(ProviderError) as caught:
            kit.complete(answered, binding="b")
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (Active(None), "is signed in; its token has no end"),
        (Active(1_800_000_000.0), "is signed in; its token is good until 2027-01-15 08:00:00 UTC"),
        (
            Expiring(1_800_000_000.0),
            "is signed in; its token ends at 2027-01-15 08:00:00 UTC, and the next use refreshes it",
        ),
        (Expired(0.0), "is signed in; its token is not here, and the next use refreshes it"),
        (NeedsConsent("the person removed the app"), "needs a new sign-in: the person removed the app"),
        (Unavailable(1_800_000_000.0, "no answer"), "cannot be refreshed before 2027-01-15 08:00:00 UTC: no answer"),
        (Broken("it is damaged", "tokenkit login"), "cannot be used: it is damaged"),
        (Moved("it was moved", "tokenkit login x"), "cannot be used: it was moved"),
        (Active(1e30), "is signed in; its token is good until a time far away"),
    ],
)
def test_a_status_reads_as_a_sentence(state: State, sentence: str) -> None:
    assert str(Status(Account("google", "me"), state)) == f"google/me {sentence}"
