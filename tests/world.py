"""All that a provider may touch, scripted: what is answered, what time it is, and what was asked."""

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from tokenkit.grant import Grant
from tokenkit.provider import ClientRegistration, Context, Request, Response
from tokenkit.token import AccessToken, Secret

NOW = 1_800_000_000.0

CLIENT = ClientRegistration("client-1", Secret("client-secret-1"))
PUBLIC = ClientRegistration("client-1")

Answer = Response | Exception | Callable[[Request], Response]


class World:
    """Answers each request with the next of `answers`; the last request without one fails the test."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.time = NOW
        self.slept: list[float] = []
        self._drawn = 0
        self.ctx = Context(send=self._send, now=lambda: self.time, random=self._random, sleep=self._sleep)

    @property
    def sent(self) -> dict[str, str]:
        """The fields of the last request's form."""
        return form(self.requests[-1])

    def _send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return replace(answer if isinstance(answer, Response) else answer(request), at=self.time)

    def _random(self, size: int) -> bytes:
        self._drawn += 1
        return bytes([self._drawn]) * size

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def answer(members: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer; in header names ``_`` stands for ``-``."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, (("Content-Type", "application/json"), *pairs), json.dumps(members).encode())


def form(request: Request) -> dict[str, str]:
    """The fields of a form, none of them given twice."""
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def query(url: str) -> dict[str, str]:
    """The parameters of a URL, none of them given twice."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def grant(**changes: object) -> Grant:
    """A grant that has an access token with an end and a refresh token."""
    usual = Grant(
        provider="acme",
        access_tokens={"": AccessToken("access-old", expires_at=NOW, obtained_at=NOW - 3600)},
        refresh_token=Secret("refresh-old"),
        scopes=frozenset({"read", "write"}),
        asked=frozenset({"read", "write"}),
        authorized_at=NOW - 86400,
    )
    return usual.renewed(**changes)
