"""Whose account it is, by asking a userinfo endpoint (OpenID Connect Core section 5.3) or one like it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol, cast

from tokenkit.errors import InvalidAnswer
from tokenkit.flows.paths import member_at
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.grant import Grant
from tokenkit.listing import listed
from tokenkit.provider import ClientRegistration, Context, Headers, Identity, Request, Response
from tokenkit.token import AccessToken

Sign = Callable[[Request], Request]
"""Puts the token on a request."""

LONGEST_NAME = 255

_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,23}")
_DEEPEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class UserinfoRequest:
    """How the userinfo endpoint is asked, where a GET with the token in ``Authorization`` is not enough.

    - `method`: ``POST`` for those that take nothing else; without it a 405 to the GET is asked again as POST
    - `query`: a GraphQL query, sent as the JSON object ``{"query": ...}``; `body`: any other JSON text to send
    - `headers`: more of them, such as ``Notion-Version``; ``{client_id}`` in one stands for the client id
    - `name_endpoint`: asked after it, the same way, where the name stands in an answer of its own
    """

    method: Literal["GET", "POST"] = "GET"
    query: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    name_endpoint: str = ""


GET = UserinfoRequest()


class _Identifying(Protocol):
    """What a provider says of the endpoint that knows whose a token is."""

    @property
    def title(self) -> str: ...
    @property
    def userinfo_endpoint(self) -> str: ...
    @property
    def userinfo(self) -> UserinfoRequest: ...
    @property
    def subject_path(self) -> str: ...
    @property
    def name_paths(self) -> Sequence[str]: ...

    def authenticate(self, ctx: Context, client: ClientRegistration, token: AccessToken, request: Request) -> Request:
        """Return the request with the token on."""
        ...


def ask_identity(
    ctx: Context, provider: _Identifying, endpoint: TokenEndpoint, client: ClientRegistration, grant: Grant
) -> Identity:
    """Ask the provider's userinfo endpoint whose the grant's token is; `endpoint` tells trouble of that server.

    Raises `ProviderUnavailable` and `InvalidAnswer`.
    """
    token, how = grant.access_token, provider.userinfo
    if token is None:
        raise InvalidAnswer(f"the grant of {provider.title} holds no access token to ask whose it is")
    sign = partial(provider.authenticate, ctx, client, token)
    members = _members(ctx, endpoint, ask(ctx, provider.userinfo_endpoint, sign, how, client))
    find = partial(member_at, members)
    found = read_identity(provider.title, find, provider.subject_path, provider.name_paths, names_in(members))
    if not how.name_endpoint or found.name != found.subject:
        return found
    answered = ask(ctx, how.name_endpoint, sign, UserinfoRequest(headers=how.headers), client)
    more = partial(member_at, _members(ctx, endpoint, answered))
    return found._replace(name=_first_name(more, provider.name_paths) or found.name)


def read_identity(
    title: str, find: Callable[[str], str], subject_path: str, name_paths: Sequence[str], there: Sequence[str] = ()
) -> Identity:
    """Read the subject, and the first of the names that is there; the subject where none is. `find` takes a path.

    `there` are the paths that the answer has, for the error where it has no subject.
    """
    subject = find(subject_path)
    if not 0 < len(subject) <= LONGEST_NAME:
        has = f", which has {listed(there)}" if there else ""
        raise InvalidAnswer(f"{title} does not say whose account it is: no {subject_path!r} in its answer{has}")
    return Identity(subject, _first_name(find, name_paths) or subject)


def names_in(members: Mapping[str, Any], within: str = "") -> list[str]:
    """Return the paths of an answer's texts and numbers, and nothing of these.

    A name that may be a value itself, as where members are kept by the id of a person, is left out (R35).
    """
    found: list[str] = []
    for name, written in members.items():
        if (_NAME.fullmatch(name) or name == "0") and within.count(".") < _DEEPEST:
            value = _by_number(cast(list[object], written)[:1]) if isinstance(written, list) else written
            inner = names_in(cast("Mapping[str, Any]", value), f"{within}{name}.") if isinstance(value, Mapping) else []
            found += inner or ([f"{within}{name}"] if isinstance(value, str | int) else [])
    return found


def _first_name(find: Callable[[str], str], name_paths: Sequence[str]) -> str:
    return next((name for name in map(find, name_paths) if 0 < len(name) <= LONGEST_NAME), "")


def ask(ctx: Context, url: str, sign: Sign, how: UserinfoRequest, client: ClientRegistration) -> Response:
    """Send the request that `how` describes, signed, and return the answer, whatever it is."""
    more = ((name, value.replace("{client_id}", client.client_id)) for name, value in how.headers.items())
    headers = (("Accept", "application/json"), *more)
    body = json.dumps({"query": how.query}) if how.query else how.body
    response = ctx.send(sign(_request("POST" if body else how.method, url, headers, body)))
    if response.status == 405 and how.method == "GET" and not body:
        response = ctx.send(sign(_request("POST", url, headers, "")))
    return response


def _request(method: str, url: str, headers: Headers, body: str) -> Request:
    typed = (*headers, ("Content-Type", "application/json")) if body else headers
    return Request(method, url, typed, body.encode())


def _members(ctx: Context, endpoint: TokenEndpoint, response: Response) -> dict[str, Any]:
    endpoint.check_available(response, ctx.now())
    if response.status >= 400:
        raise InvalidAnswer(f"{endpoint.title} does not say whose account it is (HTTP {response.status})").answered(
            response.status
        )
    with suppress(ValueError, RecursionError):
        value = json.loads(response.body)
        if isinstance(value, list):
            return _by_number(cast(list[object], value))
    return response.json_object()


def _by_number(items: list[object]) -> dict[str, Any]:
    return {str(number): item for number, item in enumerate(items)}
