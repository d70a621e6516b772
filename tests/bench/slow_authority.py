"""A token endpoint that answers every request after a while and keeps connections; in a process of its own."""

import asyncio
import json
import re
import sys
from contextlib import AbstractContextManager

from served import served

DELAY = 0.05
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CLOSE = re.compile(rb"(?i)\r\nconnection: *close")


async def main(lifetime: float, delay: float) -> None:
    number = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        nonlocal number
        head = await reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(head)
        await reader.readexactly(int(found[1]) if found else 0)
        await asyncio.sleep(delay)
        number += 1
        token = {"access_token": f"{number}-{'x' * 200}", "expires_in": lifetime, "token_type": "Bearer"}
        body = json.dumps(token).encode()
        head_back = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head_back.encode() + body)
        return not _CLOSE.search(head)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def slow_authority(lifetime: float = 36_000.0, delay: float = DELAY) -> AbstractContextManager[str]:
    """Its address, for as long as the context lasts; its tokens last `lifetime`, its answers take `delay` seconds."""
    return served(__file__, str(lifetime), str(delay))


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2])))
