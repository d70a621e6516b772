import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir))

import httpx2
from libraries import There, with_mcp


async def main() -> None:
    auth = with_mcp.provider(There(sys.argv[1] + ".mcp", "http://127.0.0.1:9/token", "client", "secret"))
    await auth._initialize()
    flow = auth.async_auth_flow(httpx2.Request("GET", with_mcp.SERVER))
    request = await anext(flow)
    print(request.headers["Authorization"].removeprefix("Bearer "))


asyncio.run(main())
