"""httpx beside httpx2, in one run: requests a second and CPU per request, by how many are on their way at once.

``python tests/bench/http_stacks.py`` needs both installed, and tokenkit; ADR 6 rests on it. The server is a process of
its own that answers at once.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import httpx2
from tokenkit import AccessToken, AsyncTokenKit, ClientRegistration, Grant, OAuth2

REQUESTS = 1600
ROUNDS = 5
AT_ONCE = (1, 8, 32)
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'

Get = Callable[[], Awaitable[Any]]


def serve(port: Connection) -> None:
    """Answer whatever ends with an empty line."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def measure(get: Get, at_once: int) -> tuple[float, float]:
    """Requests a second, and milliseconds of CPU per request."""

    async def some() -> None:
        for _ in range(REQUESTS // at_once):
            await get()

    await asyncio.gather(*(get() for _ in range(at_once)))
    began, spent = time.perf_counter(), time.process_time()
    await asyncio.gather(*(some() for _ in range(at_once)))
    return REQUESTS / (time.perf_counter() - began), (time.process_time() - spent) * 1000 / REQUESTS


def kit_at(base: str, home: str) -> AsyncTokenKit:
    """A kit with one account, whose token may go to the server."""
    acme = OAuth2(
        name="acme", title="Acme", authorization_endpoint=f"{base}/authorize", token_endpoint=f"{base}/token",
        resource_hosts=(f"{base}/v1",),
    )  # fmt: skip
    clients = {"acme": ClientRegistration("client")}
    kit = AsyncTokenKit(providers={"acme": acme}, clients=clients, environ={"HOME": home}, background=False)
    tokens = {"": AccessToken("access", expires_at=32e9, obtained_at=1.0)}
    grant = Grant(provider="acme", access_tokens=tokens, client_id="client", token_endpoint=acme.token_endpoint)
    kit.sync.adopt(grant, name="me")
    return kit


async def compare(base: str, home: str) -> dict[str, dict[str, list[float]]]:
    """All clients, in turn, round by round; the best round of each counts."""
    url, kit = f"{base}/v1/me", kit_at(base, home)
    many = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with (
        httpx.AsyncClient() as one,
        httpx.AsyncClient(limits=many) as kept,
        httpx2.AsyncClient() as two,
        kit.http("acme") as ours,
        httpx2.AsyncClient(auth=await kit.auth("acme")) as two_ours,
    ):
        clients: dict[str, Get] = {
            "httpx": lambda: one.get(url),
            "httpx, 100 kept alive": lambda: kept.get(url),
            "httpx2": lambda: two.get(url),
            "kit.http (httpx)": lambda: ours.get(url),
            "kit.auth in httpx2": lambda: two_ours.get(url),
        }
        best: dict[str, dict[str, list[float]]] = {}
        for _ in range(ROUNDS):
            for name, get in clients.items():
                for at_once in AT_ONCE:
                    rate, cpu = await measure(get, at_once)
                    known = best.setdefault(name, {}).setdefault(str(at_once), [0.0, 1e9])
                    known[:] = [max(known[0], rate), min(known[1], cpu)]
        return best


def main() -> None:
    """Print the table as JSON: for each client, by requests at once, the rate and the CPU per request."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    with TemporaryDirectory() as home:
        found = asyncio.run(compare(f"http://127.0.0.1:{ours.recv()}", home))
    server.terminate()
    rounded = {name: {n: [round(rate), round(cpu, 2)] for n, (rate, cpu) in row.items()} for name, row in found.items()}
    print(json.dumps(rounded, indent=1))


if __name__ == "__main__":
    main()
