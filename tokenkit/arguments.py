"""What a program hands to a kit, looked at before anything is done: of a wrong type, it is told by its name."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

from tokenkit.errors import UsageError

_NAMED = {
    "account": ("an account", 'kit.token("google/me@example.com"); of an Account it is str(account)'),
    "provider": ("a provider", 'write it in quotes: "google"'),
}
"""What is named by a text, by the argument that holds the name; and how that is written."""

_PARTS = {
    "store": ("load", "TokenKit(store=...) takes what holds tokenkit.store.Store; TOKENKIT_STORE names a database"),
    "keys": ("load", "TokenKit(keys=...) takes a tokenkit.keys.source.KeySource; TOKENKIT_KEY holds a key"),
    "context": ("send", "TokenKit(context=tokenkit.provider.Context(send=..., now=..., random=..., sleep=...))"),
    "environ": ("get", "TokenKit(environ=...) takes a mapping such as os.environ"),
}
"""What must be there of each part that a kit is made of; and what it is."""


def checked_by(method: Callable[..., object]) -> Callable[[tuple[Any, ...], Mapping[str, Any]], None]:
    """Return what looks at the arguments of a method. Raises `UsageError` for one that is not of the type annotated."""
    code, kinds = method.__code__, method.__annotations__
    positional = code.co_varnames[1 : code.co_argcount]
    texts = frozenset(name for name, kind in kinds.items() if kind is str) - {"redirect_uri"}  # its check says more

    def look(name: str, value: object) -> None:
        if name in texts and not isinstance(value, str):
            raise _no_text("provider" if method.__name__ == "provider" else name, value)
        if kinds.get(name) == "str | Provider" and not (isinstance(value, str) or hasattr(value, "authenticate")):
            raise _no_text("provider", value)
        if name == "variables" and value is not None and not isinstance(value, Mapping):
            raise UsageError(f"variables is a mapping by name, not {_kind(value)}", hint='variables={"region": "eu"}')

    def check(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        for name, value in zip(positional, args, strict=False):
            if type(value) is not str:  # most are
                look(name, value)
        for name, value in kwargs.items():
            look(name, value)

    return check


def check_query(account: object, scopes: object, min_ttl: object, rejected: object) -> None:
    """Refuse what no token can be asked for with. Raises `UsageError`, which names the argument."""
    if not isinstance(account, str):
        raise _no_text("account", account)
    scopes = scopes or ()  # None, too, is no scopes
    if not isinstance(scopes, Collection):
        raise UsageError(f"scopes is a list of texts, not {_kind(scopes)}", hint='scopes=["gmail.readonly"]') from None
    for scope in cast(Collection[object], scopes):
        if not isinstance(scope, str):  # memory compares them first, and a list has no hash
            raise UsageError(f"a scope is a text, not {_kind(scope)}", hint='scopes=["gmail.readonly"]') from None
    if not isinstance(min_ttl, int | float):
        raise UsageError(f"min_ttl is a number of seconds, not {_kind(min_ttl)}", hint="min_ttl=60") from None
    if rejected is not None and not hasattr(rejected, "value"):
        hint = "rejected=token: what kit.token has returned, and not its value"
        raise UsageError(f"rejected is an AccessToken, not {_kind(rejected)}", hint=hint) from None


def check_parts(**parts: object) -> None:
    """Refuse what a kit cannot be made of. Raises `UsageError`, which names the argument."""
    for name, part in parts.items():
        if name in _PARTS:
            needed, hint = _PARTS[name]
            if part is not None and not hasattr(part, needed):
                raise UsageError(f"{name} cannot be {_kind(part)}", hint=hint)
        elif not isinstance(part, str):
            raise _no_text(name, part)


def _no_text(name: str, value: object) -> UsageError:
    called, hint = _NAMED.get(name, ("", f'{name}="..."'))
    words = f"{called} is named by a text, not by" if called else f"{name} is a text, not"
    told = UsageError(f"{words} {_kind(value)}", hint=hint)
    told.__suppress_context__ = True
    return told


def _kind(value: object) -> str:
    return type(value).__name__
