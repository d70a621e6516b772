"""The assistant of `assistant.py` for asyncio: it looks everywhere at the same time.

python async_assistant.py http://127.0.0.1:8137
"""

import asyncio
import sys
from typing import Any

from assistant import NEEDS, addresses
from tokenkit import AsyncTokenKit


class AsyncAssistant:
    """Asks the same services as `Assistant`, with the same accounts."""

    def __init__(self, kit: AsyncTokenKit, sandbox: str = "") -> None:
        self.kit, self.at = kit, addresses(sandbox)

    async def morning(self) -> list[str]:
        """Return what there is to say; the person is asked for what is missing, one account after the other."""
        for provider, scopes in NEEDS.items():
            await self.kit.token(provider, scopes=scopes, interactive=True)
        mail, agenda, music, articles = await asyncio.gather(
            self.ask("google", "GET", f"{self.at['mail']}/users/me/messages"),
            self.ask("google", "GET", f"{self.at['calendar']}/calendars/primary/events"),
            self.ask("spotify", "GET", f"{self.at['music']}/me/player"),
            self.ask("pocket", "POST", f"{self.at['articles']}/get", json={}),
        )
        return [
            f"{len(mail['messages'])} messages, and {', '.join(event['summary'] for event in agenda['items'])}",
            f"playing {music['item']['name']}" if music else "nothing is playing",
            f"{len(articles['list'])} articles",
        ]

    async def ask(self, account: str, method: str, url: str, **more: Any) -> dict[str, Any]:
        """Ask a service; however many ask at once, one of them refreshes."""
        async with await self.kit.http(account) as http:
            answer = (await http.request(method, url, **more)).raise_for_status()
        return answer.json() if answer.content else {}


if __name__ == "__main__":
    print(*asyncio.run(AsyncAssistant(AsyncTokenKit(tool="assistant"), *sys.argv[1:]).morning()), sep="\n")
