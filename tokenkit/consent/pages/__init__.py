"""HTML answers: template files filled with escaped text, under a policy that admits nothing foreign."""

import base64
import hashlib
import html
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from string import Template
from types import MappingProxyType

from tokenkit.provider import Headers, Response

CLEAN: Headers = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""The headers of every answer to a browser: nothing is kept, and no page tells another where it was."""

_NO_PARTS: Mapping[str, str] = MappingProxyType({})


def fill(package: str, name: str, texts: Mapping[str, str], parts: Mapping[str, str] = _NO_PARTS) -> str:
    """Return the template file `name` of `package`: `texts` are escaped, `parts` are HTML that was filled before."""
    escaped = {key: html.escape(text) for key, text in texts.items()}
    return Template(_file(package, name)).substitute({**escaped, **parts})


def page(
    package: str,
    name: str,
    texts: Mapping[str, str],
    parts: Mapping[str, str] = _NO_PARTS,
    *,
    status: int = 200,
    form_action: str = "'none'",
) -> Response:
    """Return a whole page with the package's ``style.css`` in its head, which the policy admits by its hash.

    `form_action` is where its forms may lead, redirects included (CSP level 3, form-action).
    """
    style = _file(package, "style.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy), *CLEAN)
    return Response(status, headers, fill(package, name, texts, {**parts, "style": style}).encode())


@lru_cache
def _file(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text("utf-8")
