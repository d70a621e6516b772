"""The scripts, the style sheet and the icon: files of the package, sent as they are."""

import hashlib
from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
NAMES = ("button.js", "opening.js", "page.js", "returned.js", "style.css", "dashboard.css", "icon.svg")


async def asset(request: Request) -> Response:
    """Send a file, or 304 to a browser that has it already (RFC 9110 section 13.1.2)."""
    name = request.scope["path"].rpartition("/")[2]
    content, tag = _read(name)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[name.rpartition(".")[2]], headers=headers)


@cache
def _read(name: str) -> tuple[bytes, str]:
    content = resources.files("tokenkit.web").joinpath("static", name).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
