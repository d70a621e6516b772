"""A dashboard of somebody else's: a strict policy of its own, and our button on its page."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

STRICT = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
}

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A dashboard</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="/connect/icon.svg"><link rel="stylesheet" href="/host.css">
<script type="module" src="/connect/button.js"></script></head>
<body><main><h1>What your assistant may use</h1>{buttons}</main></body></html>
"""
STYLE = """
:root { color-scheme: light dark; font-family: Inter, system-ui, sans-serif; background: light-dark(#f4f5f2, #121512) }
main { max-width: 30rem; margin: 2rem auto; padding: 0 1rem; display: grid; gap: 0.75rem }
h1 { font-size: 1.25rem; color: light-dark(#1b211d, #eceeea) }
"""


def dashboard(connect: ASGIApp, *buttons: str, headers: dict[str, str] | None = None) -> Callable[[int], ASGIApp]:
    """A dashboard with these buttons on its page, and `connect` mounted."""

    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE.replace("{buttons}", "\n".join(buttons)), headers={**STRICT, **(headers or {})})

    async def style(request: Request) -> Response:
        return Response(STYLE, media_type="text/css")

    app = Starlette(routes=[Route("/", page), Route("/host.css", style), Mount("/connect", connect)])
    return lambda port: app
