"""What a program hands to a kit in the wrong type is told by name, by every method, and nothing is done with it."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tokenkit import Account, AsyncTokenKit, TokenKit, UnknownProvider, UsageError

from scripted import ScriptedKit, ScriptedProvider

ME = Account("scripted", "me@example.com")
WRONG: list[Any] = [5, b"scripted", ["scripted"], {}, ME, object()]

RIGHT: dict[str, Any] = {
    "account": "scripted",
    "provider": "scripted",
    "name": "scripted",
    "redirect_uri": "http://127.0.0.1:1/callback/scripted",
    "binding": "b",
    "callback_url": "http://127.0.0.1:1/callback/scripted?state=x&code=y",
    "event": "refreshed",
    "callback": print,
    "owner": "alice",
}
"""What else is needed; a grant is looked at as a whole (tests/test_face.py)."""

OWN_WORDS = {"answers", "callback", "confirm", "event", "grant", "opener", "show", "way"}
"""What is looked at where it is used: functions, words of a choice, a grant."""


def parameters(kit: type[Any]) -> Iterator[tuple[str, str]]:
    """Each argument of each public method that is no flag."""
    for method, value in vars(kit).items():
        if callable(value) and not method.startswith("_"):
            for name, parameter in list(inspect.signature(value).parameters.items())[1:]:
                flag = isinstance(parameter.default, bool)
                if parameter.kind is not parameter.VAR_KEYWORD and not flag and name not in OWN_WORDS:
                    yield method, name


SYNC, ASYNC = list(parameters(TokenKit)), list(parameters(AsyncTokenKit))


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.sign_in()
    return kit


def wrong_for(name: str) -> list[Any]:
    """The values that are of no use there: a list may hold scopes, and a mapping variables."""
    right: dict[str, tuple[type, ...]] = {
        "scopes": (list, dict, bytes, Account),
        "variables": (dict,),
        "min_ttl": (int,),
    }
    return [value for value in WRONG if not isinstance(value, right.get(name, ()))]


def given(call: Callable[..., Any], name: str, value: Any) -> dict[str, Any]:
    needed = inspect.signature(call).parameters.values()
    others = {each.name: RIGHT[each.name] for each in needed if each.default is each.empty and each.name in RIGHT}
    return {**others, name: value}


@pytest.mark.parametrize(("method", "name"), SYNC)
def test_each_method_tells_which_argument_is_of_a_wrong_type(kit, method, name):
    before = kit.statuses()
    call = getattr(kit, method)
    for value in wrong_for(name):
        with pytest.raises(UsageError) as raised:
            call(**given(call, name, value))
        assert raised.value.hint, value
        assert kit.statuses() == before


@pytest.mark.parametrize(("method", "name"), ASYNC)
def test_each_method_for_asyncio_does_so_too(kit, method, name):
    face = AsyncTokenKit(kit=kit)

    async def ask(value):
        called = getattr(face, method)(**given(getattr(face, method), name, value))
        return await called if inspect.isawaitable(called) else called

    for value in wrong_for(name):
        with pytest.raises(UsageError) as raised:
            asyncio.run(ask(value))
        assert raised.value.hint, value


def test_what_is_asked_of_memory_is_told_like_what_is_looked_up(kit):
    """The first token is looked up; the next comes from memory, where a wrong type meets the arithmetic first."""
    for _ in range(2):
        for wrong in ({"min_ttl": "60"}, {"scopes": 5}, {"rejected": "access-1"}, {"min_ttl": None}):
            with pytest.raises(UsageError, match=next(iter(wrong))):
                kit.token("scripted", **wrong)
        kit.token("scripted")


@pytest.mark.parametrize(
    "part", ["app", "owner", "tool", "store", "keys", "context", "environ", "providers", "clients"]
)
def test_a_kit_says_of_which_part_it_cannot_be_made(part, home):
    with pytest.raises(UsageError, match=part) as raised:
        TokenKit(**{part: 5})
    assert raised.value.hint


def test_a_client_registration_is_found_by_the_name_of_its_provider(kit):
    assert kit.client("scripted") == kit.client(kit.scripted)


@pytest.mark.parametrize(("name", "meant"), [("googel", "google"), ("scriptd", "scripted"), ("aded", "added")])
def test_a_name_that_is_near_is_offered_wherever_the_provider_came_from(kit, name, meant):
    """Packages, the program that made the kit, and the one that added to it."""
    kit.providers.add(ScriptedProvider("added"))
    for ask in (kit.client, kit.provider, kit.statuses, kit.token):
        with pytest.raises(UnknownProvider, match=repr(name)) as raised:
            ask(name)
        assert raised.value.hint.startswith(f"did you mean {meant}? ")


def test_no_account_at_a_provider_is_no_error_and_no_such_provider_is(kit):
    """As in `kit.token`, which names the nearest."""
    kit.providers.add(ScriptedProvider("another"))
    assert kit.statuses("another") == kit.statuses("spotify") == []
    with pytest.raises(UnknownProvider, match="'googel'"):
        kit.statuses("googel")
