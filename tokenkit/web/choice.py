"""What a person chooses from: the scopes of a provider, by the service that they open and how strongly."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from tokenkit.grants.scopes import RAW
from tokenkit.provider import Provider, Scope
from tokenkit.provider.values import Strength

ORDER: tuple[Strength, ...] = ("identity", "read", "add", "write", "full")
WORDS: Mapping[str, str] = {
    "identity": "See who you are",
    "read": "Read",
    "add": "Read and add",
    "write": "Change",
    "full": "Everything",
}
DANGEROUS = "full"


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers to a choice: the aliases that it asks for, and in words what they permit."""

    aliases: tuple[str, ...]
    word: str
    about: tuple[str, ...]
    dangerous: bool = False
    chosen: bool = False

    @property
    def value(self) -> str:
        """The aliases as a field of a form has them."""
        return " ".join(self.aliases)


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the provider, with the options from the weakest to the strongest; "nothing" is not among them."""

    name: str
    options: tuple[Option, ...]

    @property
    def chosen(self) -> bool:
        """Whether one of the options is chosen, and not "nothing"."""
        return any(option.chosen for option in self.options)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is offered: the `services`, scopes that stand by `single`, and values to ask for in any case (`kept`)."""

    services: tuple[Service, ...]
    single: tuple[Option, ...]
    kept: tuple[str, ...]

    @property
    def offers(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self.services or self.single)

    @property
    def chosen(self) -> tuple[Option, ...]:
        """All options that are chosen."""
        options = (*self.single, *(option for service in self.services for option in service.options))
        return tuple(option for option in options if option.chosen)


def choice(provider: Provider, asked: Collection[str], granted: Collection[str] | None = None) -> Choice:
    """Return the choice for a new account, or for one with these granted values.

    `asked` is what the host application asks for, by alias or value; it is chosen where nothing was granted yet. Where
    it asks for nothing, the provider's default is.
    """
    now = _aliases(provider, granted if granted is not None else asked or provider.default_scopes)
    needed = _aliases(provider, asked)
    known = {scope.value for scope in provider.scopes.values()}
    named = dict.fromkeys(scope.service for scope in provider.scopes.values() if scope.service)
    told = now if granted is not None else now | _aliases(provider, provider.default_scopes)
    identity = [alias for alias, scope in provider.scopes.items() if scope.strength == "identity" and alias in told]
    others = [name for name in (asked if granted is None else granted) if name not in {*known, *provider.scopes}]
    services = tuple(_service(provider, name, now, needed, kept=granted is not None) for name in named)
    single = tuple(
        _option(provider, [alias], scope.about or alias, chosen=alias in now)
        for alias, scope in provider.scopes.items()
        if not scope.service and alias not in identity
    )
    return Choice(services, single, (*identity, *sorted(others if granted is None else map(RAW.__add__, others))))


def only_identity(provider: Provider, granted: Collection[str]) -> bool:
    """Tell whether all that was granted only tells who the person is, though the provider has more to grant."""
    strengths = {scope.value: scope.strength for scope in provider.scopes.values()}
    more = any(strength not in ("", "identity") for strength in strengths.values())
    return more and all(strengths.get(value) == "identity" for value in granted)


def _service(provider: Provider, name: str, now: Collection[str], needed: Collection[str], *, kept: bool) -> Service:
    scopes = {alias: scope for alias, scope in provider.scopes.items() if scope.service == name}
    present = [alias for alias in scopes if alias in now]
    levels: dict[tuple[str, ...], Strength] = {}
    for strength in ORDER:
        upto = [alias for alias, scope in scopes.items() if _rank(scope) <= ORDER.index(strength)]
        levels.setdefault(_strongest(scopes, upto), strength)
    levels.pop((), None)
    chosen = _strongest(scopes, present)
    options = [
        _option(
            provider, aliases, _word(scopes, strength), chosen=aliases == chosen,
            besides=[alias for alias in needed if alias in _covered(scopes, aliases)],
        )
        for aliases, strength in levels.items()
    ]  # fmt: skip
    if chosen and chosen not in levels:
        options.insert(0, _option(provider, present, "As it is now" if kept else "As it is asked for", chosen=True))
    return Service(name, tuple(options))


def _option(
    provider: Provider, aliases: Iterable[str], word: str, *, chosen: bool, besides: Iterable[str] = ()
) -> Option:
    named = tuple(aliases)
    scopes = [provider.scopes[alias] for alias in named]
    about = tuple(scope.about or scope.value for scope in scopes)
    dangerous = any(scope.strength == DANGEROUS for scope in scopes)
    return Option(tuple(dict.fromkeys((*named, *besides))), word, about, dangerous, chosen)


def _word(scopes: Mapping[str, Scope], strength: Strength) -> str:
    reads = any(scope.strength == "read" for scope in scopes.values())
    return "Add" if strength == "add" and not reads else WORDS[strength]


def _strongest(scopes: Mapping[str, Scope], aliases: Collection[str]) -> tuple[str, ...]:
    """Return the aliases without those that another of them includes."""
    covered = _covered(scopes, aliases)
    return tuple(alias for alias in aliases if alias not in covered)


def _covered(scopes: Mapping[str, Scope], aliases: Iterable[str]) -> set[str]:
    return {weaker for alias in aliases for weaker in scopes[alias].includes}


def _rank(scope: Scope) -> int:
    return ORDER.index(scope.strength) if scope.strength else 0


def _aliases(provider: Provider, names: Collection[str]) -> set[str]:
    """Return the aliases of those names that the provider's description knows, by alias or value."""
    return {alias for alias, scope in provider.scopes.items() if alias in names or scope.value in names}
