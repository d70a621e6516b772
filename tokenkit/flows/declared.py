"""What a declaration may not say: words that a flow owns, and headers that are not its business."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from tokenkit.errors import ConfigurationError

AUTHORIZATION = frozenset(
    {
        "response_type", "client_id", "redirect_uri", "state", "scope", "code_challenge", "code_challenge_method",
        "nonce", "login_hint", "resource",
    }
)  # fmt: skip
TOKEN = frozenset(
    {
        "grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token",
        "device_code", "resource",
    }
)  # fmt: skip
RENAMABLE = frozenset({"client_id", "client_secret", "scope", "redirect_uri", "code", "refresh_token", "resource"})

_NEVER = ("request", "request_uri", "response_mode")
"""They move the request, or its answer, to where nothing of ours looks (RFC 9101, OpenID Connect Core)."""

_REDIRECT = frozenset({"state", "iss", "error", "error_description", "error_uri"})
"""Parameters of a redirect that are read as what they are (RFC 6749 section 4.1.2, RFC 9207)."""

_HEADERS = ("host", "authorization", "cookie", "connection")
_HEADER_STARTS = ("content-", "transfer-", "proxy-")


def check_parameters(field: str, declared: Iterable[str], owned: Iterable[str]) -> None:
    """Refuse declared parameters that the flow owns; raises `ConfigurationError`."""
    for name in declared:
        if name in owned or name in _NEVER or name.startswith("client_assertion"):
            raise ConfigurationError(
                f"{field} may not set {name!r}: it is the flow's own", hint=f"take {name} out of {field}"
            )


def check_query(field: str, url: str, owned: Iterable[str]) -> None:
    """Refuse an endpoint whose query says what the flow says itself; raises `ConfigurationError`.

    That is the address of a documentation's example as a whole: each parameter would be there twice (RFC 6749
    section 3.1).
    """
    endpoint, _, query = url.partition("?")
    for name in (pair.partition("=")[0] for pair in query.split("&")):
        if name in owned or name in _NEVER:
            raise ConfigurationError(
                f"the query of {field} may not set {name!r}: it is the flow's own", hint=f'write "{endpoint}"'
            )


def check_headers(field: str, declared: Mapping[str, str], *, secret: bool = False) -> None:
    """Refuse declared headers that carry secrets, or the shape of the request; raises `ConfigurationError`.

    With `secret` they are those that carry the token: ``Authorization`` is one, and the others are refused as before.
    """
    for name, value in declared.items():
        lower = name.lower()
        if (lower in _HEADERS and not (secret and lower == "authorization")) or lower.startswith(_HEADER_STARTS):
            raise ConfigurationError(f"{field} may not set the header {name}", hint=f"take {name} out of {field}")
        if not (
            name and name.isascii() and name.replace("-", "").isalnum() and value.isascii() and value.isprintable()
        ):
            raise ConfigurationError(f"{field} holds what is no header: {name!r}", hint="a name and printable ASCII")


def check_renamed(renamed: Mapping[str, str]) -> None:
    """Refuse to rename what an answer is told by; raises `ConfigurationError`."""
    for name in renamed.keys() - RENAMABLE:
        raise ConfigurationError(
            f"parameter_names cannot rename {name!r}", hint=f"it can rename {', '.join(sorted(RENAMABLE))}"
        )
    check_parameters("parameter_names", renamed.values(), {"state", "code_challenge", "code_verifier", "grant_type"})
    for never_beside in ("refresh_token", "code"):
        sent = sorted(filter(None, (renamed.get(name, name) for name in RENAMABLE - {never_beside, "resource"})))
        twice = next((name for name, after in pairwise(sent) if name == after), None)
        if twice:
            raise ConfigurationError(
                f"with parameter_names, two parameters of one request are called {twice!r}",
                hint=f"give one of them another name than {twice}",
            )


def check_read(code_parameter: str, scope_parameter: str) -> None:
    """Refuse to read the code, or the scopes, where a redirect has something else; raises `ConfigurationError`."""
    check_parameters("code_parameter", [code_parameter], _REDIRECT)
    check_parameters("scope_parameter", filter(None, [scope_parameter]), {*_REDIRECT, code_parameter})


def renamed(fields: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Return the fields under the provider's names for them; one whose name is empty is left out."""
    return {names.get(name, name): value for name, value in fields.items() if names.get(name, name)}


def check_aliases(values: Mapping[str, str]) -> None:
    """Refuse a short name of a scope that no list of them can hold, and one for nothing; `ConfigurationError`."""
    for alias, value in values.items():
        if not value:
            raise ConfigurationError(f"scopes.{alias}.value is empty", hint=f"write value = ... or take {alias} out")
        if not alias or any(each.isspace() or each == "," for each in alias):
            raise ConfigurationError(
                f"{alias!r} cannot be the short name of a scope: commas or spaces stand between several",
                hint="give it a name without either, such as mail.read",
            )


def check_revocation(endpoint: str, sent_in: str) -> None:
    """Refuse a revocation that names no token: a server may say yes to it all the same (RFC 7009 section 2.2)."""
    if not endpoint or (sent_in == "url") == ("{token}" in endpoint):
        return
    if sent_in == "url":
        raise ConfigurationError(
            'revocation.sent_in is "url", and nothing in revocation_endpoint stands for the token',
            hint="write {token} where it stands in revocation_endpoint",
        )
    raise ConfigurationError(
        f"revocation_endpoint names {{token}}, and the token is sent elsewhere: revocation.sent_in is {sent_in!r}",
        hint='write sent_in = "url" below [provider.revocation], or take {token} out',
    )
