"""Run in PocketPaw's environment: fifty of its Gmail clients ask for a token at once. Prints how many failed."""

import asyncio
import sys

if "stock" not in sys.argv:
    import tokenkit.pocketpaw

    tokenkit.pocketpaw.install()

from pocketpaw.integrations import oauth
from pocketpaw.integrations.gmail import GmailClient


async def main() -> None:
    """Ask, after pointing PocketPaw's own manager at the sandbox."""
    oauth.PROVIDERS["google"]["token_url"] = sys.argv[1]
    tokens = await asyncio.gather(*(GmailClient()._get_token() for _ in range(50)), return_exceptions=True)
    failed = [token for token in tokens if not isinstance(token, str)]
    print(len(failed), len({token for token in tokens if isinstance(token, str)}))


asyncio.run(main())
