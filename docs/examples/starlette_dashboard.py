"""A dashboard of one person, made with Starlette: uvicorn starlette_dashboard:app"""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from tokenkit import TokenKit
from tokenkit.web import authorize_app

ASKS = {"google": ["gmail.readonly"], "spotify": []}
kit = TokenKit()


async def page(request: Request) -> FileResponse:
    """The dashboard itself, with two buttons on it."""
    return FileResponse(Path(__file__).with_name("page.html"))


app = Starlette(routes=[Route("/", page), Mount("/connect", authorize_app(kit, asks=ASKS))])
