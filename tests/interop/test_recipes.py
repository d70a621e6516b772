"""The blocks of docs/how-to/use-with-other-libraries.md, each run with the real library against an API on loopback."""

import asyncio
import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from foreign import Api, json_answer, kit_for, only_with, serving
from tokenkit import Account, TokenKit, check_resource

from documents import examples

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the libraries' own, among themselves
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-with-other-libraries.md"

SLOTS = {
    "https://api.acme.example": "", "https://mcp.acme.example": "", "https://api.github.com": "",
    "https://slack.com/api/": "/api/", "https://gate.example.com": "",
}  # fmt: skip


UNTYPED = ("spotipy", "import github", "from googleapiclient")
"""Libraries of which a strict type checker knows nothing, or what is not so."""


@pytest.fixture
def api() -> Iterator[Api]:
    with serving("127.0.0.1") as (api,):
        yield api


def recipe(mark: str, kit: TokenKit, base: str) -> dict[str, Any]:
    """Run the block in which `mark` stands, its addresses those of the API, and return its names."""
    (block,) = [example for example in examples(PAGE) if mark in example.text]
    text = block.text
    for address, path in SLOTS.items():
        text = text.replace(address, base + path)
    names: dict[str, Any] = {"kit": kit}
    exec(compile(text, str(block), "exec"), names)
    return names


def test_every_block_of_the_page_is_run_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    marks = [line.split('recipe("')[1].split('"')[0] for line in text.splitlines() if ' = recipe("' in line]
    blocks = [example for example in examples(PAGE) if example.why_not]
    assert [str(block) for block in blocks if not any(mark in block.text for mark in marks)] == []


@pytest.mark.slow
def test_a_strict_type_checker_accepts_the_recipes(tmp_path: Path) -> None:
    """Each in a program of its own: what takes an adapter names types of its own library."""
    for needed in ("pyright", "aiohttp", "fastmcp", "gspread", "mcp", "openai", "pydantic_ai", "slack_sdk"):
        pytest.importorskip(needed)
    begin, *recipes = examples(PAGE)
    for number, block in enumerate(recipes):
        if not any(mark in block.text for mark in UNTYPED):
            (tmp_path / f"recipe_{number}.py").write_text(f"{begin.text}\n{block.text}", encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    checker = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)]
    done = subprocess.run(checker, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_httpx2(api: Api) -> None:
    pytest.importorskip("httpx2")
    api.answers["/v1/notes"] = only_with("access-2")
    names = recipe("with httpx2.Client(", kit_for(api), api.url)
    assert names["notes"] == {"ok": True}


def test_requests(api: Api) -> None:
    pytest.importorskip("requests")
    api.answers["/v1/notes"] = only_with("access-2")
    names = recipe("notes = session.get(", kit_for(api), api.url)
    assert names["notes"] == {"ok": True}
    names["session"].close()


def test_aiohttp(api: Api) -> None:
    pytest.importorskip("aiohttp")
    api.answers["/v1/notes"] = only_with("access-2")
    names = recipe("aiohttp_auth(source)", kit_for(api), api.url)
    assert asyncio.run(names["notes"]()) == {"ok": True}


def test_googleapiclient(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its descriptions of the APIs come with it; the endpoint is that of the test."""
    discovery = pytest.importorskip("googleapiclient.discovery")
    build = discovery.build
    monkeypatch.setattr(
        discovery, "build", lambda *names, **how: build(*names, client_options={"api_endpoint": api.url}, **how)
    )
    api.answers["/gmail/v1/users/me/messages"] = only_with("access-2")
    names = recipe("messages().list", kit_for(api, "google", prefix="/gmail"), api.url)
    assert names["messages"] == {"ok": True}
    assert api.seen[-1].token == "Bearer access-2"
    names["gmail"].close()


def paths(described: dict[str, Any], below: str) -> Iterator[str]:
    """The paths of all methods that one of Google's descriptions has, and of their uploads."""
    for method in described.get("methods", {}).values():
        yield below + method["path"]
        if "mediaUpload" in method:  # of the ways that are described, the library takes this one
            yield method["mediaUpload"]["protocols"]["simple"]["path"][1:]
    for each in described.get("resources", {}).values():
        yield from paths(each, below)


@pytest.mark.parametrize("name", ["gmail v1", "calendar v3", "drive v3", "docs v1", "sheets v4"])
def test_googles_own_libraries_go_where_its_tokens_may_go(name: str) -> None:
    """Each API that a scope of ours is for, and its batches: the recipes here lead to a server of the test's."""
    discovery = pytest.importorskip("googleapiclient.discovery")
    google, account = TokenKit().provider("google"), Account("google", "me")
    with contextlib.closing(discovery.build(*name.split(), http=discovery.build_http())) as service:
        described = service._rootDesc
        for path in {*paths(described, described["servicePath"]), described["batchPath"]}:
            check_resource(described["rootUrl"] + re.sub(r"{\+?(\w+)}", r"\1", path), google, account=account)


def test_gspread(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gspread")
    import gspread.http_client as http_client
    import gspread.spreadsheet as spreadsheet

    sheet = {"properties": {"title": "Sums"}, "sheets": []}
    api.answers["/v4/spreadsheets/the-key-of-a-sheet"] = lambda seen: (
        json_answer(sheet) if seen.token == "Bearer access-2" else json_answer({}, 401)
    )(seen)
    for module in (http_client, spreadsheet):
        for name, value in vars(module).items():
            if isinstance(value, str) and value.startswith("https://sheets.googleapis.com"):
                monkeypatch.setattr(module, name, value.replace("https://sheets.googleapis.com", api.url))
    names = recipe("gspread.authorize", kit_for(api, "google", prefix="/v4"), api.url)
    assert names["title"] == "Sums"


@contextlib.contextmanager
def mcp_server() -> Iterator[tuple[str, list[str]]]:
    """A server of fastmcp's with one tool, and what each request showed it."""
    uvicorn = pytest.importorskip("uvicorn")
    fastmcp = pytest.importorskip("fastmcp")
    shown: list[str] = []
    tools = fastmcp.FastMCP("notes")
    tools.tool(lambda: "a note", name="note")
    app = tools.http_app()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            shown.append(dict(scope["headers"]).get(b"authorization", b"").decode())
            if shown[-1] != "Bearer access-2":
                await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(watched, port=0, log_level="critical", lifespan="on", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", shown
    finally:
        server.should_exit = True
        thread.join()


def mcp_kit(api: Api, base: str) -> TokenKit:
    from dataclasses import replace

    kit = kit_for(api)
    kit.providers.add(replace(kit.provider("acme"), resource_hosts=(f"{base}/mcp",)))  # type: ignore[type-var]
    return kit


def test_the_mcp_sdk(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for as long for a tool as with the client that it makes itself."""
    pytest.importorskip("mcp")
    import httpx2
    from mcp.shared._httpx_utils import MCP_DEFAULT_SSE_READ_TIMEOUT

    made: list[Any] = []
    client = httpx2.AsyncClient
    monkeypatch.setattr(httpx2, "AsyncClient", lambda **how: made.append(client(**how)) or made[-1])
    with mcp_server() as (base, shown):
        names = recipe("streamable_http_client", mcp_kit(api, base), base)
        assert asyncio.run(names["tools"]()) == ["note"]
    assert [each.timeout.read for each in made] == [MCP_DEFAULT_SSE_READ_TIMEOUT]
    assert shown[:2] == ["Bearer access-1", "Bearer access-2"]
    assert set(shown[1:]) == {"Bearer access-2"}


def test_fastmcp(api: Api) -> None:
    with mcp_server() as (base, shown):
        names = recipe("StreamableHttpTransport(", mcp_kit(api, base), base)
        assert asyncio.run(names["tools"]()) == ["note"]
    assert set(shown[1:]) == {"Bearer access-2"}


def test_spotipy(api: Api) -> None:
    pytest.importorskip("spotipy")
    api.answers["/v1/me"] = only_with("access-2")
    names = recipe("spotipy.Spotify", kit_for(api, "spotify"), api.url)
    spotify = names["spotify"]
    spotify.prefix = f"{api.url}/v1/"
    assert spotify.me() == {"ok": True}
    names["session"].close()


def test_pygithub(api: Api) -> None:
    pytest.importorskip("github")
    api.answers["/user"] = json_answer({"login": "octocat", "url": f"{api.url}/user"})
    kit = kit_for(api, "github", prefix="/user")
    names = recipe("github.Auth.Token", kit, api.url)
    assert names["hub"].get_user().login == "octocat"
    kit.refresh("github")
    names["hub"].get_user().login  # noqa: B018 - it is asked when it is read
    assert api.tokens == ["token access-1", "token access-2"]
    names["hub"].close()


def test_slack_sdk(api: Api) -> None:
    pytest.importorskip("slack_sdk")
    api.answers["/api/auth.test"] = json_answer({"ok": True, "user": "me"})
    kit = kit_for(api, "slack", prefix="/api")
    names = recipe("slack_sdk.WebClient", kit, api.url)
    assert names["slack"].auth_test()["user"] == "me"
    kit.refresh("slack")
    names["slack"].auth_test()
    assert api.tokens == ["Bearer access-1", "Bearer access-2"]


CHAT = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "gpt-5",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
}  # fmt: skip


def chat(api: Api) -> None:
    api.answers["/v1/chat/completions"] = lambda seen: (
        json_answer(CHAT) if seen.token == "Bearer access-2" else json_answer({}, 401)
    )(seen)


def test_openai(api: Api) -> None:
    pytest.importorskip("openai")
    chat(api)
    names = recipe("openai.OpenAI(", kit_for(api, "gate"), api.url)
    asked = [{"role": "user", "content": "hi"}]
    with names["client"] as client:  # its connection would else end with the garbage, in any other test
        answer = client.chat.completions.create(model="gpt-5", messages=asked)
    assert answer.choices[0].message.content == "hello"
    assert api.tokens == ["Bearer access-1", "Bearer access-2"]


def test_pydantic_ai(api: Api) -> None:
    pytest.importorskip("pydantic_ai")
    chat(api)
    names = recipe("pydantic_ai", kit_for(api, "gate"), api.url)

    async def ask() -> Any:
        try:
            return (await names["agent"].run("hi")).output
        finally:
            await names["http"].aclose()

    assert asyncio.run(ask()) == "hello"
    assert api.tokens == ["Bearer access-1", "Bearer access-2"]
