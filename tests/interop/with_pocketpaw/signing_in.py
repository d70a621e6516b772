"""Run in PocketPaw's environment: its dashboard, and a browser with cookies. Prints the status of each step."""

import asyncio

import httpx
import tokenkit.pocketpaw
from tokenkit.net.lazy_http import http_context
from tokenkit.sandbox.person import approve


async def main() -> None:
    """Sign in; send the answer again, from elsewhere, and one that was made up."""
    tokenkit.pocketpaw.install()
    from pocketpaw.dashboard import app
    from pocketpaw.integrations.token_store import TokenStore

    def browser() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost:8888")

    async with browser() as mine, browser() as other:
        begun = await mine.get("/api/oauth/authorize", params={"service": "google_gmail"})
        answer = approve(http_context(30.0, tuple).send, begun.headers["location"], as_user="me@example.com")
        steps = [
            await other.get(answer),
            await other.get("/oauth/callback?code=x&state=google:google_gmail"),
            await mine.get(answer),
            await mine.get(answer),
        ]
    print(begun.status_code, *(step.status_code for step in steps), TokenStore().load("google_gmail") is not None)


asyncio.run(main())
