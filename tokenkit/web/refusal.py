"""What a request gets that is refused before the page: the words alone, in a form that can be read where it was asked.

Such an answer may come from an address where no style sheet of ours is, so a person's page brings its own.
"""

import base64
import hashlib
from functools import cache
from html import escape
from importlib import resources

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

NOTHING_HERE = "There is nothing at this address."


def refusal(connection: HTTPConnection, status: int, words: str) -> Response:
    """Return a page for a browser that shows one, JSON for a script, else the plain words. Nothing asked is quoted."""
    accepted = connection.headers.get("accept", "")
    if "text/html" in accepted:
        style, policy = _style()
        return HTMLResponse(_PAGE.format(style=style, words=escape(words)), status, {"Content-Security-Policy": policy})
    if "application/json" in accepted:
        return JSONResponse({"version": 1, "error": {"kind": "Refused", "message": words, "hint": ""}}, status)
    return PlainTextResponse(f"{words}\n", status)


def not_found(request: Request, error: Exception) -> Response:
    """Answer for a path or a method that there is not."""
    status, headers = (error.status_code, error.headers or {}) if isinstance(error, HTTPException) else (404, {})
    response = refusal(request, status, NOTHING_HERE)
    response.headers.update(headers)
    return response


@cache
def _style() -> tuple[str, str]:
    """Return our style sheet, and the policy that allows this one and nothing else."""
    style = resources.files("tokenkit.web").joinpath("static", "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    nothing = "; ".join(f"{kind} 'none'" for kind in ("default-src", "base-uri", "form-action", "frame-ancestors"))
    return style, f"{nothing}; style-src 'sha256-{digest}'"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>That did not work · tokenkit</title>
<style>{style}</style>
</head>
<body class="alone">
<main class="card sheet">
<svg class="seal bad" viewBox="0 0 64 64" width="64" height="64" aria-hidden="true" focusable="false">
<circle class="disc" cx="32" cy="32" r="30"/><path d="M32 18v18M32 45v1"/></svg>
<h1>That did not work</h1>
<p>{words}</p>
</main>
</body>
</html>
"""
