"""Providers by name, loaded one at a time and only when asked for: from entry points and the user's TOML files."""

import os
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar, cast

from tokenkit.account import is_provider_name
from tokenkit.errors import ConfigurationError, ProviderBroken, TokenKitError, UnknownProvider, UsageError
from tokenkit.fork_lock import ForkLock
from tokenkit.packages import entry_points

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints
    from inspect import Parameter

    from tokenkit.provider import Provider

GROUP = "tokenkit.providers"
"""The entry point group. Each object in it is a callable, ``(**options) -> Provider``."""

INDEX_GROUP = "tokenkit.provider_index"
"""The entry point group of what packages with many providers say about them in short, so that a list loads none. Each
object in it maps a provider's name to the members of `InShort`."""

_LATER = ("endpoints", "needs_client", "fields", "ask")
"""Members that plugins were not asked for at first."""

_NO_OPTIONS: Mapping[str, object] = MappingProxyType({})

P = ParamSpec("P")
T = TypeVar("T")


class InShort(NamedTuple):
    """What a list says about a provider; `retired` is a sentence where nobody can sign in."""

    title: str
    needs_secret: bool = False
    retired: str = ""
    needs_client: bool = True


class Providers(Mapping[str, "Provider"]):
    """The providers of one kit, by name: called, it lists their names, and no plugin is loaded for that.

    What was added goes first, then the mapping that the kit was given, which stays its owner's: what they put into it
    later counts, too. Anything else is loaded when it is first asked for. `UnknownProvider` names the nearest.
    """

    def __init__(
        self,
        given: "Mapping[str, Provider]",
        load: "Callable[[str], Provider]",
        names: Callable[[], list[str]],
        in_short: Callable[[str], InShort | None] = lambda _: None,
    ) -> None:
        self._given = given
        self._load = load
        self._names = names
        self._in_short = in_short
        self._added: dict[str, Provider] = {}
        self._loaded: dict[str, Provider] = {}
        self._checked: dict[str, Provider] = {}
        self._loading = ForkLock()

    def add(self, provider: "Provider") -> None:
        """Add a provider, in place of any of its name; a grant that came from another server stays bound to that (R17).

        Raises `ConfigurationError`, which names what is wrong with it.
        """
        name = str(getattr(provider, "name", ""))
        self._added[name] = self._check(name, provider)

    def __call__(self) -> list[str]:
        """Return the names of all providers that can be asked for, sorted."""
        return sorted({*self._added, *self._given, *self._loaded, *self._names()})

    def in_short(self, name: str) -> InShort:
        """Return what a list says about a provider, which is loaded where its package says nothing in short."""
        known = name in self._added or name in self._given or name in self._loaded
        short = None if known else self._in_short(name)
        if short is not None:
            return short
        provider = self[name]
        return InShort(provider.title, provider.needs_secret, provider.retired, getattr(provider, "needs_client", True))

    def __getitem__(self, name: str) -> "Provider":
        for known in (self._added, self._given):
            if name in known:
                return self._check(name, known[name])
        if not isinstance(cast(object, name), str):
            raise UsageError(
                f"a provider is named by a text, not by {type(name).__name__}", hint='write it in quotes: "google"'
            )
        if name not in self._loaded:
            with self._loading.lock:  # otherwise each thread of a crowd would load it
                if name not in self._loaded:
                    self._loaded[name] = self._load_or_name_ours(name)
        return self._loaded[name]

    def _load_or_name_ours(self, name: str) -> "Provider":
        """Load a plugin; of none, the error names a provider of the program's own that is near."""
        try:
            return self._load(name)
        except UnknownProvider as error:
            from tokenkit.nearest import nearest

            near = nearest(name, sorted({*self._added, *self._given}))
            if near and not error.hint.startswith("did you mean "):
                error.hint = f"did you mean {near}? {error.hint}"
            raise

    def __contains__(self, name: object) -> bool:
        return name in self()

    def __iter__(self) -> Iterator[str]:
        return iter(self())

    def __len__(self) -> int:
        return len(self())

    def _check(self, name: str, provider: "Provider") -> "Provider":
        if self._checked.get(name) is not provider:
            check_provider(name, provider)
            self._checked[name] = provider
        return provider


def check_provider(name: str, provider: "Provider") -> None:
    """Refuse what is no provider of that name: `ConfigurationError` names the member that is missing or wrong."""
    from tokenkit.flows.kinds import check_members
    from tokenkit.net.hosts import check_endpoints, resource_host
    from tokenkit.provider import Provider

    members = (member for member in vars(Provider) if not member.startswith("_") and member not in _LATER)
    missing = [member for member in members if not hasattr(provider, member)]
    if missing:
        raise ConfigurationError(
            f"the provider {name!r} has no {missing[0]}", hint="see help(tokenkit.provider.Provider) for all it needs"
        )
    if provider.name != name or not is_provider_name(name):
        raise ConfigurationError(
            f"the provider {name!r} calls itself {provider.name!r}", hint="a name takes a-z, 0-9, '.', '_' and '-'"
        )
    check_members(provider)
    for entry in provider.resource_hosts:
        resource_host(entry)
    check_endpoints(provider)


def load_provider(
    name: str, *, config_folder: str, options: Mapping[str, object] = _NO_OPTIONS, shadow: bool = False
) -> "Provider":
    """Return the provider of that name, made with `options`.

    A file in ``<config_folder>/providers`` may take the name of an installed provider where `shadow` says so (R17).
    Raises `UnknownProvider`, `ConfigurationError` for a file or an option that is wrong, and `ProviderBroken`.
    """
    path, declared = _path(config_folder, name), provider_file(config_folder, name)
    installed = entry_points(GROUP)
    point = _installed(name, installed)
    if declared and point is not None and not shadow:
        raise ConfigurationError(
            f"{path} takes the name of the installed provider {name}, and config.toml does not allow it",
            hint=f"rename the file, or write shadow = true under [providers.{name}] in config.toml",
        )
    if declared:
        from tokenkit.provider_file import read_provider_file

        return read_provider_file(path, name, options)
    if point is None:
        from tokenkit.unknown_provider import unknown_provider  # not needed for one that is known

        raise unknown_provider(name, _folder(config_folder), _declared(config_folder), installed.names)
    return _made(name, point, options)


def provider_file(config_folder: str, name: str) -> bool:
    """Tell whether a file of the person's own describes the provider of that name."""
    return is_provider_name(name) and os.path.lexists(_path(config_folder, name))


def provider_names(config_folder: str) -> list[str]:
    """Return the names of all providers that could be loaded, sorted; none is loaded."""
    return sorted(_declared(config_folder) | entry_points(GROUP).names)


def _declared(config_folder: str) -> set[str]:
    """Return the names of the providers that files of the person's own describe."""
    try:
        files = os.listdir(_folder(config_folder))
    except OSError:
        return set()
    return {stem for stem, ending in map(os.path.splitext, files) if ending == ".toml" and is_provider_name(stem)}


def provider_index() -> dict[str, InShort]:
    """Return what installed packages say in short about the providers of theirs; an index that is broken says nothing.

    None of the providers is loaded.
    """
    found: dict[str, InShort] = {}
    for point in entry_points(INDEX_GROUP):
        try:
            found |= {name: InShort(*members) for name, members in point.load().items()}
        except Exception:  # noqa: BLE001, S112 - a stranger's: its providers are loaded, then, and say what is wrong
            continue
    return found


def guarded(provider: "Provider", step: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call into a provider. An error of ours passes; any other becomes `ProviderBroken(provider, step)`."""
    return _guarded(provider.name, step, call, *args, **kwargs)


def _guarded(name: str, step: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return call(*args, **kwargs)
    except TokenKitError as error:
        error.__cause__ = error.__context__ = None
        raise
    except Exception as error:  # noqa: BLE001 - whatever a stranger's plugin raises is what this is for
        hint = f"{_where(error)}; tell the author of the plugin"
    # Raised out here, the error carries no context: the words of a plugin's own exception may quote a token (R35).
    raise ProviderBroken(name, step, hint=hint)


def _where(error: Exception) -> str:
    """Return the kind of error and the line that raised it, without its message."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "" if frame is None else f" at {os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno}"
    return f"{type(error).__name__}{place}"


def _folder(config_folder: str) -> str:
    return os.path.join(config_folder, "providers")


def _path(config_folder: str, name: str) -> str:
    return os.path.join(_folder(config_folder), f"{name}.toml")


def _installed(name: str, installed: "EntryPoints") -> "EntryPoint | None":
    """Return the entry point of that name. Two packages that want the same name are refused, not ranked."""
    found = {point.value: point for point in installed if point.name == name}
    if len(found) > 1:
        raise ConfigurationError(
            f"several installed packages provide {name}: {', '.join(sorted(found))}",
            hint="uninstall all but one of them",
        )
    return next(iter(found.values()), None)


def _made(name: str, point: "EntryPoint", options: Mapping[str, object]) -> "Provider":
    from inspect import signature

    from tokenkit.flows.kinds import check_members  # heavy, and a stored token needs no plugin
    from tokenkit.net.hosts import check_endpoints
    from tokenkit.settled import no_option

    make = cast("Callable[..., Provider]", _guarded(name, "load", point.load))
    parameters = signature(make).parameters
    taken = _arguments(name, parameters, options)
    try:
        provider = _guarded(name, "load", make, **taken)
        if provider.name != name:
            raise ProviderBroken(name, "load", hint=f"{point.value} calls itself {provider.name!r}")
        _guarded(name, "load", check_members, provider)
        _guarded(name, "load", check_endpoints, provider)  # which finds out what a stranger's lacks
    except ConfigurationError as error:
        if taken:  # it is right without what config.toml says
            error.hint = f"correct {', '.join(taken)} under [providers.{name}] in config.toml"
        raise
    left = {option: value for option, value in options.items() if option not in taken}
    settable = getattr(provider, "settable", ())
    for option in left.keys() - {*settable}:
        raise no_option(name, option, [*parameters, *settable])
    return cast("Provider", cast(Any, provider).configured(left)) if left else provider


def _arguments(name: str, known: "Mapping[str, Parameter]", options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that the plugin itself takes; the others can be values of its variables."""
    every = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    for option in options.keys() & known.keys():
        if known[option].annotation in (str, "str") and not isinstance(options[option], str):
            raise ConfigurationError(
                f"{option} under [providers.{name}] in config.toml must be text", hint=f'write {option} = "..."'
            )
    return {option: value for option, value in options.items() if every or option in known}
