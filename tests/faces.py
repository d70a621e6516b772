"""Both faces of a kit for the tests of `token`: they share their memory, and each has a fast path through it."""

import asyncio

import pytest
from tokenkit.async_kit import AsyncTokenKit


@pytest.fixture(params=["sync", "async"])
def token(request, kit):
    """`token` of one of them."""
    if request.param == "sync":
        return kit.token
    face = AsyncTokenKit(kit=kit)
    return lambda asked, **options: asyncio.run(face.token(asked, **options))


@pytest.fixture(params=["scripted", "scripted/me@example.com"])
def asked(request):
    """The account as it is asked for: by its provider, and by its whole name."""
    return request.param
