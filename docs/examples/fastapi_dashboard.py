"""A dashboard of one person, made with FastAPI: uvicorn fastapi_dashboard:app"""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from tokenkit import TokenKit
from tokenkit.web import authorize_app

ASKS = {"google": ["gmail.readonly"], "spotify": []}
kit = TokenKit()
app = FastAPI()
app.mount("/connect", authorize_app(kit, asks=ASKS))


@app.get("/")
async def page() -> FileResponse:
    """The dashboard itself, with two buttons on it."""
    return FileResponse(Path(__file__).with_name("page.html"))
