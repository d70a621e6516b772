"""A part of a provider's addresses that differs from account to account: a server of one's own, a region, a tenant.

Two Home Assistants are two accounts of one provider, each at its own address. What a person types is understood, or
refused with what was expected, before anything is sent.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from ipaddress import ip_address
from typing import Any, Literal, cast

from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.net.hosts import parse_url

LATER = frozenset({"client_id", "token"})
"""Names in braces that a flow fills in, in a header or a URL."""

PUBLIC_ONLY = "public_only"
"""Beside the values of variables: they were typed by somebody who has no say over this machine's own network."""

NAMED = re.compile(r"\{([A-Za-z0-9_]+)\}")
NOWHERE = "nowhere.invalid"
"""The host that stands where nobody has said another yet (RFC 2606): nothing can ever be sent to it."""

_BEFORE_AN_ANSWER = frozenset({"authorization_endpoint", "token_endpoint", "device_authorization_endpoint"})

_VERBATIM = frozenset({"query", "body", "token_headers", "token_query", "pattern", "variables", "sources"})
"""Keys of texts in which braces stand for themselves."""

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(:[0-9]{1,5})?")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_PATH = re.compile(r"(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._~-]+)*")
_SLIP = re.compile(r"(https?)?[:;]?/", re.IGNORECASE)  # what was to be https://
_OWN_NETWORK = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localdomain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A part of the provider's addresses that differs from account to account, written ``{NAME}`` in its texts.

    - `about` says to a person what it is: ``the address of your server, such as https://home.example``
    - `kind`: a ``part`` of a host name; or a ``server``, which is a whole address, ``https://host[:port]``
    - `choices`: the only values there are; `default`: the value where nobody says another
    - `domain`: the part is the beginning of a host below that domain; whole addresses there are understood as well
    - `path`: whether the server may answer below a path: ``https://host/cloud``
    - `own_client`: whether each value has client registrations of its own, as each Mastodon has. Then none is shared;
      by default that is so for a ``server``
    - `redirect_parameter`: the redirect's parameter that names the value to go on with, by itself or by the origin of
      the token endpoint; one that is not a choice, nor the value that the sign-in began with, is an error
    - `answer_member`: the captured member of the token answer that names the value: nobody is asked for it then
    """

    about: str = ""
    kind: Literal["part", "server"] = "part"
    choices: tuple[str, ...] = ()
    default: str = ""
    domain: str = ""
    path: bool = False
    own_client: bool | None = None
    redirect_parameter: str = ""
    answer_member: str = ""

    @property
    def separates_clients(self) -> bool:
        """Whether a client registration serves at one value only."""
        return self.kind == "server" if self.own_client is None else self.own_client

    @property
    def expected(self) -> str:
        """What is asked for, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.about:
            return self.about
        return "the address of a server" if self.kind == "server" else "a host name or a part of one"

    @property
    def is_owned(self) -> bool:
        """Whether each value is a server of somebody's own, as each Mastodon is."""
        return self.kind == "server" or self.separates_clients

    @property
    def shown(self) -> str:
        """The value as people know it: a host, or the part of one that it is."""
        return f"{self.default}.{self.domain}" if self.domain else self.default.removeprefix("https://")

    @property
    def stand_in(self) -> str:
        """What stands for it where nothing is known: the default, or a place that there is not."""
        return self.default or (f"https://{NOWHERE}" if self.kind == "server" else "nowhere")

    def understood(self, text: str) -> str:
        """Return the value that a person means by what they typed. Raises `ValueError`, which says what is wrong."""
        typed = text.strip()
        if self.choices:
            found = next((each for each in self.choices if each.lower() == typed.lower()), None)
            if found is None:
                raise ValueError(f"{_shown(typed)} is not one of its values")
            return found
        if self.kind == "server":
            return _server(typed, path=self.path)
        return _below(typed, self.domain) if self.domain else _part(typed)


def read_value(provider: str, name: str, variable: Variable, text: object, *, line: str = "") -> str:
    """Return the value of a variable, as `Variable.understood` does.

    Raises `ConfigurationError` for what stands in a file, whose `line` is named, and `UsageError` for what was said.
    """
    try:
        return variable.understood(str(text))
    except ValueError as error:
        message, example = f"{provider} needs {name}: {variable.expected} ({error})", _example(variable)
    if line:
        raise ConfigurationError(message, hint=f'{line} = "{example}"')
    raise UsageError(message, hint=f"tokenkit login {provider} --set {name}={example}")


def missing(provider: str, name: str, variable: Variable) -> UsageError:
    """Make the error for a sign-in that lacks a value."""
    return UsageError(
        f"{provider} needs {name}: {variable.expected}",
        hint=f"tokenkit login {provider} --set {name}={_example(variable)}",
    )


def fill(value: object, values: Mapping[str, str]) -> object:
    """Return the same, with the variables in all of its texts replaced."""
    if isinstance(value, str):
        return NAMED.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {key: item if key in _VERBATIM else fill(item, values) for key, item in members.items()}
    if isinstance(value, tuple | list):  # a program may write a list where a tuple is declared
        return tuple(fill(item, values) for item in cast("Sequence[object]", value))
    if is_dataclass(value) and not isinstance(value, type):
        members = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
        return replace(value, **cast("dict[str, Any]", fill(members, values)))
    return value


def named_in(value: object) -> Iterator[str]:
    """Yield the names in braces in all texts of the value."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield from NAMED.findall(each) if "{" in each else ()
        elif isinstance(each, Mapping):
            members = cast("Mapping[str, object]", each)
            left += [item for key, item in members.items() if key not in _VERBATIM]
        elif isinstance(each, tuple | list):
            left += cast("Sequence[object]", each)
        elif is_dataclass(each):
            left += [getattr(each, part.name) for part in fields(each) if part.name not in _VERBATIM]


def _example(variable: Variable) -> str:
    if variable.choices:
        return variable.choices[0]
    return "https://home.example" if variable.kind == "server" else "NAME"


def _part(typed: str) -> str:
    if not _PART.fullmatch(typed):
        raise ValueError(f"{_shown(typed)} is no host name and no part of one")
    return typed


def _below(typed: str, domain: str) -> str:
    """Return what stands before the domain: of a whole address, of a host, or what was typed if it is that alone."""
    host = re.split(r"[/?#]", typed.partition("://")[2] or typed, maxsplit=1)[0].lower().removesuffix(".")
    name = host.removesuffix(f".{domain}")
    alone = name == host  # then it is one label: with more, it is a host elsewhere
    if not all(map(_LABEL.fullmatch, [name] if alone else name.split("."))) or (alone and "://" in typed):
        raise ValueError(f"{_shown(typed)} is no name below {domain}")
    return name


def _server(typed: str, *, path: bool) -> str:
    """Return ``scheme://host[:port]``, and the path where the server may answer below one."""
    if "://" not in typed:
        slip = _SLIP.match(typed)
        if slip:
            raise ValueError(f"begin it with {(slip[1] or 'https').lower()}://")
        typed = f"https://{_host_alone(typed)}"
    _check_ascii(typed)
    try:
        place = parse_url(typed)
    except ValueError:
        raise ValueError(f"{_shown(typed)} is no address of a server") from None
    below = place.path.rstrip("/") if path else ""
    if not _PATH.fullmatch(below):
        raise ValueError(f"{_shown(typed)} has a path that is no plain one")
    return f"{place.origin}{below}"


def _host_alone(typed: str) -> str:
    """Return a host that was typed without its scheme; ``@me@host`` is how a person on a Mastodon is called."""
    host = re.sub(r"\A@[^@/?#]+@", "", typed)
    authority = re.split(r"[/?#]", host, maxsplit=1)[0]
    if "@" in authority:
        raise ValueError(f"{_shown(typed)} is a person's address: name the server alone")
    if _on_own_network(authority.partition(":")[0].lower()):
        raise ValueError(f"write http://{host} or https://{host}: in a network of one's own both are in use")
    return host


def _on_own_network(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host.endswith(_OWN_NETWORK) or "." not in host


def _check_ascii(typed: str) -> None:
    if typed.isascii():
        return
    scheme, _, rest = typed.partition("://")
    try:
        plain = rest.partition("/")[0].encode("idna").decode()
    except UnicodeError:
        raise ValueError("it holds characters that no host name has") from None
    raise ValueError(f"write it as {scheme}://{plain}, if that is the one you mean")


def _shown(typed: str) -> str:
    """Return what was typed, without what may be a password or a code (R35)."""
    if "://" in typed and "@" in typed:
        return "what was typed"
    plain = re.split(r"[?#]", typed, maxsplit=1)[0]
    return repr(plain if len(plain) <= 100 else f"{plain[:100]}…")


def _addresses(texts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield each text that is an address, with the name of its field."""
    for name, text in texts.items():
        if name.endswith(("_endpoint", "_url", "_hosts", "issuer")):
            each = cast(tuple[object, ...], text) if isinstance(text, tuple | list) else (text,)
            yield from ((name, str(address)) for address in each)


def check_variables(
    provider: str, texts: Mapping[str, object], variables: Mapping[str, Variable], later: Collection[str] = ()
) -> None:
    """Refuse a name in braces that is declared nowhere, and a variable that cannot be one: `ConfigurationError`.

    `later` are names in braces that are filled in later.
    """
    later = {*LATER, *later}
    taken = {*texts, *later, PUBLIC_ONLY}
    unknown = next((name for name in named_in(texts) if name not in variables and name not in later), None)
    if unknown is not None:
        raise ConfigurationError(
            f"{provider} uses {{{unknown}}}, and declares no such variable",
            hint=f"add a table [provider.variables.{unknown}]",
        )
    for name, variable in variables.items():
        _check_places(provider, name, variable, texts)
        if name in taken or not NAMED.fullmatch(f"{{{name}}}"):
            raise ConfigurationError(
                f"{provider} cannot call a variable {name!r}", hint="a name of letters, digits and _ that is no field's"
            )
        if variable.domain and not all(map(_LABEL.fullmatch, variable.domain.split("."))):
            raise ConfigurationError(
                f"variables.{name}.domain of {provider} is {variable.domain!r}, and no host name",
                hint='write domain = "acme.example", in small letters, with nothing before it',
            )
        if variable.default:
            line = f"under [provider.variables.{name}], write default"
            read_value(provider, name, variable, variable.default, line=line)


def _check_places(provider: str, name: str, variable: Variable, texts: Mapping[str, object]) -> None:
    """Refuse a variable where its values do not fit, or come too late: `ConfigurationError`."""
    named, table = f"{{{name}}}", f"[provider.variables.{name}]"
    for field, address in _addresses(texts):
        if variable.kind == "part" and "://" not in variable.stand_in and address.startswith(f"{named}/"):
            raise ConfigurationError(
                f"{provider} begins an address with {named}, which stands for a part of one",
                hint=f'write kind = "server" under {table}, or https:// before {named}',
            )
        if variable.kind == "server" and f"://{named}" in address:
            raise ConfigurationError(
                f"{field} of {provider} has https:// before {named}, which stands for a whole address",
                hint=f'begin it with {named}, or write kind = "part" under {table}',
            )
        if field in _BEFORE_AN_ANSWER and variable.answer_member and not variable.default and named in address:
            raise ConfigurationError(
                f"{field} of {provider} names {named}, which is not known before the token answer",
                hint=f"take answer_member out of {table}, so that a person is asked, or take {named} out of {field}",
            )
    captured = cast("Sequence[object]", texts.get("captured", ()))
    if variable.answer_member and variable.answer_member not in captured:
        raise ConfigurationError(
            f"variables.{name}.answer_member of {provider} is no member that is kept",
            hint=f'write captured = ["{variable.answer_member}"]',
        )
