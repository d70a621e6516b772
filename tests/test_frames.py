"""What a crash reporter finds in the frames of an error: no refresh token and no client secret (R35)."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest
import tokenkit
from tokenkit import AccessToken, Account, AsyncTokenKit, Grant, Secret, TokenKit, TokenKitError
from tokenkit.frames import no_locals
from tokenkit.sandbox import CLIENTS, Authority, serve

HOUSE = str(Path(tokenkit.__path__[0]))
ME = Account("google", "me@example.com")

FAULTS: dict[str, dict[str, Any]] = {
    "a refusal": {"error": "invalid_grant"},
    "a wrong client": {"status": 401, "body": {"error": "invalid_client"}},
    "no JSON": {"status": 200, "body": "<html>", "times": 2},
    "a server in trouble": {"status": 500, "times": 2},
    "a cut connection": {"drop": True, "times": 2},
}


@pytest.fixture
def ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """Somebody is signed in, and the access token has ended."""
    client = CLIENTS["google"]
    assert client.client_secret is not None
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", client.client_secret.reveal())
    monkeypatch.setattr("tokenkit.grants.refresh.RETRY_AFTER", 0.0)
    authority = Authority(rotating=("google",))
    with serve(authority) as sandbox:
        config = home / ".config" / "tokenkit"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\n')
        kit = TokenKit(background=False)
        pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
        kit.complete(authority.approve(pending.url, as_user=ME.name), binding="b")
        held = kit.records.get(ME)
        spent = held.grant.renewed(access_tokens={"": AccessToken("ended", expires_at=1.0)})
        kit.records.save(ME, spent, replaces=held.version)
        yield authority


def secrets() -> set[str]:
    secret = CLIENTS["google"].client_secret
    refresh_token = TokenKit().records.get(ME).grant.refresh_token
    assert secret is not None
    assert refresh_token is not None
    return {secret.reveal(), refresh_token.reveal()}


def frames(error: BaseException | None) -> Iterator[FrameType]:
    """The frames of ours that an error, its causes and its contexts hold."""
    if error is not None:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith(HOUSE):
                yield trace.tb_frame
            trace = trace.tb_next
        yield from frames(error.__cause__)
        yield from frames(error.__context__)


def holds(values: list[Any], searched: set[str]) -> bool:
    """Whether one of the texts can be reached from the values; a kit is not looked into: its owner has it anyway."""
    seen: set[int] = set()
    while values:
        value = values.pop()
        if id(value) in seen or isinstance(value, (type, TokenKit, AsyncTokenKit)) or callable(value):
            continue
        seen.add(id(value))
        text = value.decode(errors="replace") if isinstance(value, (bytes, bytearray)) else value
        if isinstance(text, str) and any(each in text for each in searched):
            return True
        values += gc.get_referents(value)
    return False


def where_held(error: BaseException, searched: set[str]) -> list[str]:
    return [frame.f_code.co_qualname for frame in frames(error) if holds([*frame.f_locals.values()], searched)]


def ask_async() -> None:
    asyncio.run(AsyncTokenKit(background=False).token("google"))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("ask", [lambda: TokenKit(background=False).token("google"), ask_async], ids=["sync", "async"])
def test_no_error_of_a_refresh_leaves_with_a_frame_that_holds_a_secret(
    ended: Authority, fault: str, ask: Callable[[], Any]
) -> None:
    """R35: the frames say where it was, and hold nothing."""
    searched = secrets()
    ended.next("token", **FAULTS[fault])
    with pytest.raises(TokenKitError) as caught:
        ask()
    assert list(frames(caught.value))
    assert where_held(caught.value, searched) == []


BACK = "http://127.0.0.1:9/callback/google"


def _calls(kit: TokenKit) -> dict[str, Callable[[Any], Any]]:
    """Calls that are given a secret and fail; by what is called."""
    state = "s3cret-state"
    grant = Grant("google", {}, Secret("s3cret-refresh"), client_id="another", token_endpoint="https://a.example/t")
    return {
        "complete": lambda face: face.complete(f"{BACK}?code=s3cret-code&state={state}", binding="s3cret-binding"),
        "code": lambda face: face.complete(
            provider="google", code="s3cret-code", redirect_uri=BACK, code_verifier="s3cret-verifier"
        ),
        "adopt": lambda face: face.adopt(grant, name="me"),
        "begin": lambda face: face.begin("google", redirect_uri="http://127.0.0.1:9/", binding="s3cret-binding"),
        "login": lambda face: face.login("google", way="no way", answers={"key": "s3cret-key"}),
    }


@pytest.mark.parametrize("call", _calls(TokenKit()))
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_no_error_of_a_call_leaves_with_what_the_call_was_given(
    ended: Authority, call: str, asynchronous: bool
) -> None:
    """R35: a code, a binding, a grant or a key; also where the request never reached the provider."""
    ended.next("token", drop=True, times=2)
    kit = TokenKit(background=False)

    def ask() -> None:
        face: Any = AsyncTokenKit(kit=kit) if asynchronous else kit
        if asynchronous:
            asyncio.run(_calls(kit)[call](face))
        else:
            _calls(kit)[call](face)

    with pytest.raises(TokenKitError) as caught:
        ask()
    assert list(frames(caught.value))
    assert where_held(caught.value, {"s3cret"}) == []


def test_an_error_of_a_client_holds_no_request_with_the_token_on(ended: Authority) -> None:
    """R35: httpcore and h11 hold the header as it leaves."""
    kit = TokenKit(background=False)
    token = kit.token("google").value
    url = f"{kit.provider('google').resource_hosts[0]}/v1/users/me/messages"

    def cut(sent: httpx.Request) -> httpx.Response:
        assert token in sent.headers["Authorization"]
        raise httpx.WriteError("cut")

    async def get() -> None:
        async with AsyncTokenKit(kit=kit).http("google", transport=httpx.MockTransport(cut)) as http:
            await http.get(url)

    with kit.http("google", transport=httpx.MockTransport(cut)) as http, pytest.raises(httpx.WriteError) as caught:
        http.get(url)
    with pytest.raises(httpx.WriteError) as caught_later:
        asyncio.run(get())
    for error in (caught, caught_later):
        (frame,) = [each.frame.raw for each in error.traceback if each.name == "cut"]
        assert frame.f_locals == {}


def test_a_fault_of_ours_tells_where_it_was_and_holds_nothing(
    ended: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R35: any exception, not just those that we know."""
    searched = secrets()

    def broken(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("tokenkit.grants.refresh_state.RefreshState.begun", broken)
    with pytest.raises(MemoryError) as caught:
        TokenKit(background=False).token("google")
    assert [frame.f_code.co_name for frame in frames(caught.value)][-1] == "_run_to_the_end"
    assert where_held(caught.value, searched) == []


def test_the_search_finds_a_secret_where_there_is_one(ended: Authority) -> None:
    """The examiner examined."""
    held = TokenKit().records.get(ME)
    assert holds([held], secrets())


def test_what_an_error_hides_is_let_go_and_what_caused_it_is_kept() -> None:
    def fail(secret: str) -> None:
        try:
            int(secret)
        except ValueError:
            raise KeyError("of another kind") from None

    with pytest.raises(KeyError) as caught, no_locals:
        fail("s3cret")
    assert caught.value.__context__ is None
    assert [entry.name for entry in caught.traceback][-1] == "fail"
