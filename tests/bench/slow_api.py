"""An API that answers every call after 50 ms, if it carries the token; in a process of its own."""

import asyncio
import os
from contextlib import AbstractContextManager

from served import served

DELAY = 0.05
ANSWER = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def main() -> None:
    wanted = f"Bearer {os.environ['TOKEN']}".encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(DELAY)
            writer.write(ANSWER % (b"200 OK" if wanted in head else b"401 Unauthorized"))

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def slow_api(token: str) -> AbstractContextManager[str]:
    """Its address, for as long as the context lasts."""
    return served(__file__, TOKEN=token)


if __name__ == "__main__":
    asyncio.run(main())
