"""Whose account it is, by asking a userinfo endpoint (OpenID Connect Core section 5.3) or one like it."""

from collections.abc import Callable, Sequence
from functools import partial

from tokenkit.errors import InvalidAnswer
from tokenkit.flows.answer import member_at
from tokenkit.flows.token_endpoint import TokenEndpoint
from tokenkit.provider import Context, Identity, Request
from tokenkit.token import AccessToken

LONGEST_NAME = 255


def ask_identity(
    ctx: Context, endpoint: TokenEndpoint, url: str, token: AccessToken, subject_path: str, name_paths: Sequence[str]
) -> Identity:
    """Ask `url` whose `token` it is. Raises `ProviderUnavailable` and `InvalidAnswer`."""
    headers = (("Authorization", f"{token.type} {token.value}"), ("Accept", "application/json"))
    response = ctx.send(Request("GET", url, headers))
    endpoint.check_available(response, ctx.now())
    if response.status >= 400:
        raise InvalidAnswer(f"{endpoint.title} does not say whose account it is (HTTP {response.status})")
    return read_identity(endpoint.title, partial(member_at, response.json_object()), subject_path, name_paths)


def read_identity(title: str, find: Callable[[str], str], subject_path: str, name_paths: Sequence[str]) -> Identity:
    """Read the subject, and the first of the names that is there; the subject where none is. `find` takes a path."""
    subject = find(subject_path)
    if not 0 < len(subject) <= LONGEST_NAME:
        raise InvalidAnswer(f"{title} does not say whose account it is: no {subject_path!r} in its answer")
    names = map(find, name_paths)
    return Identity(subject, next((name for name in names if 0 < len(name) <= LONGEST_NAME), subject))
