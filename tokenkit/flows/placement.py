"""Where a token that is no OAuth token goes on a request, as a service's documentation writes it: ``X-Api-Key: {key}``.

A template holds the names of what a person typed, in braces. What of that is kept as the token follows from it: the
only field as it is; what stands behind ``Basic`` encoded (RFC 7617); several fields together as a JSON object.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tokenkit.errors import ConfigurationError
from tokenkit.flows.declared import check_headers
from tokenkit.provider import Request
from tokenkit.token import AccessToken, Secret

SEVERAL = "Keys"
"""The type of a token that is several keys: nothing can be done with it but to put it on a request."""

_NAME = re.compile(r"\{([A-Za-z0-9_]+)\}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]*) (?=.)")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a token goes: into `headers` by name, or into the `query` where a service offers nothing else."""

    headers: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def names(self) -> frozenset[str]:
        """The names in the templates."""
        return frozenset(name for text in self._templates for name in _NAME.findall(text))

    @property
    def in_authorization(self) -> bool:
        """Whether the token travels in ``Authorization`` and nowhere else (R33)."""
        return not self.query and [name.lower() for name in self.headers] == ["authorization"]

    def token(self, values: Mapping[str, Secret], now: float) -> AccessToken:
        """Return the token made of what was typed. It never ends, as far as is known."""
        used = {name: values[name].reveal() for name in sorted(self.names)}
        kind, rest = self._scheme
        if kind == "Basic":
            return AccessToken(b64encode(_filled(rest, used).encode()).decode(), type=kind, obtained_at=now)
        if len(used) == 1:
            return AccessToken(*used.values(), type=kind or "Bearer", obtained_at=now)
        return AccessToken(json.dumps(used), type=kind if kind and kind != "Bearer" else SEVERAL, obtained_at=now)

    def put(self, token: AccessToken, request: Request) -> Request:
        """Return the request with the token on."""
        if self._scheme[0] == "Basic":
            return request.with_header("Authorization", f"Basic {token.value}")
        values = self.values(token)
        for name, template in self.headers.items():
            request = request.with_header(name, _header(name, template, values))
        more = "&".join(f"{name}={quote(_filled(template, values), safe='')}" for name, template in self.query.items())
        return Request(request.method, _with_query(request.url, more), request.headers, request.body)

    def values(self, token: AccessToken) -> Mapping[str, str]:
        """Return what the token was made of, by name; it is not told of a ``Basic`` one."""
        names = self.names
        if len(names) == 1:
            return dict.fromkeys(names, token.value)
        try:
            kept: Mapping[str, str] = json.loads(token.value)
        except ValueError:  # no token of ours
            return dict.fromkeys(names, token.value)
        return kept

    @property
    def _scheme(self) -> tuple[str, str]:
        """The scheme of ``Authorization`` and what follows it; two empty texts where the token goes elsewhere."""
        template = next(iter(self.headers.values())) if self.in_authorization else ""
        match = _SCHEME.match(template)
        return (match[1], template[match.end() :]) if match else ("", "")

    @property
    def _templates(self) -> tuple[str, ...]:
        return (*self.headers.values(), *self.query.values())

    def check(self, known: frozenset[str]) -> None:
        """Refuse templates that no request can be made of, or that name what nobody is asked for.

        Raises `ConfigurationError`.
        """
        check_headers("token_headers", self.headers, secret=True)
        unknown = sorted(self.names - known)
        if unknown or not self.names:
            what = f"{{{unknown[0]}}}, which is no field" if unknown else "no field"
            raise ConfigurationError(
                f"token_headers and token_query name {what}", hint=f"the fields are {', '.join(sorted(known))}"
            )


def _header(name: str, template: str, values: Mapping[str, str]) -> str:
    """Return the header with the values in it; ``Basic`` encodes what follows it, beside other headers, too."""
    filled = _filled(template, values)
    if name.lower() == "authorization" and filled.startswith("Basic "):
        return f"Basic {b64encode(filled.removeprefix('Basic ').encode()).decode()}"
    return filled


def names_in_url(template: str) -> frozenset[str]:
    """Return the names in the braces of an address."""
    return frozenset(_NAME.findall(template))


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _NAME.sub(lambda found: values[found[1]], template)


def filled_in_url(template: str, values: Mapping[str, str]) -> str:
    """Return the address with the values in it, each of them quoted."""
    return _filled(template, {name: quote(value, safe="") for name, value in values.items()})


def _with_query(url: str, more: str) -> str:
    if not more:
        return url
    address, hash_, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{more}{hash_}{fragment}"
