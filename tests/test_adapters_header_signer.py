"""What the adapters of headers are given: a source of their kind, or words that say what to pass."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from tokenkit import AsyncTokenKit, TokenKit, UsageError
from tokenkit.adapters.aiohttp_auth import aiohttp_auth
from tokenkit.adapters.requests_auth import RequestsAuth

from token_sources import AsyncSource, Source


@pytest.mark.parametrize(
    ("adapter", "given", "said", "hint"),
    [
        (RequestsAuth, lambda: TokenKit(), "takes a token source, not TokenKit", 'kit.source("google"), of a TokenKit'),
        (RequestsAuth, lambda: "google", "takes a token source, not str", 'kit.source("google"), of a TokenKit'),
        (RequestsAuth, AsyncSource, "is of an AsyncTokenKit", 'kit.source("google"), of a TokenKit'),
        (aiohttp_auth, lambda: TokenKit().source("google"), "is of a TokenKit", "await AsyncTokenKit("),
        (aiohttp_auth, lambda: AsyncTokenKit().source("google"), "not coroutine", "await AsyncTokenKit("),
    ],
)
def test_what_is_no_source_of_an_adapters_kind_is_refused_when_it_is_made(
    adapter: Callable[[Any], object], given: Callable[[], Any], said: str, hint: str
) -> None:
    """And not by the library in the middle of a request."""
    source = given()
    with pytest.raises(UsageError, match=said) as caught:
        adapter(source)
    assert caught.value.hint.startswith(hint)
    if inspect.iscoroutine(source):
        source.close()


def test_a_source_of_somebody_elses_is_taken() -> None:
    assert callable(RequestsAuth(Source()))
    assert callable(aiohttp_auth(AsyncSource()))
