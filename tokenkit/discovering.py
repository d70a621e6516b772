"""A declaration that leaves its endpoints to the metadata of its issuer (RFC 8414), fetched at each sign-in."""

from collections.abc import Mapping
from typing import Any, Self

from tokenkit.declaration import Declaration
from tokenkit.errors import ConfigurationError
from tokenkit.flows.discovery import METADATA, discover
from tokenkit.net.hosts import parse_url
from tokenkit.provider import Context
from tokenkit.settled import public
from tokenkit.variables import missing


class Discovering(Declaration):
    """A declaration whose endpoints may be those that its issuer publishes: each grant keeps its sign-in's.

    It is no data class of its own, since it has no field of its own: to make one of so many fields takes milliseconds.
    """

    __slots__ = ()

    @property
    def undiscovered(self) -> bool:
        """Whether a sign-in fetches the metadata of the issuer first, since the declaration names no endpoints."""
        return not (self.authorization_endpoint and self.token_endpoint)

    @property
    def settled(self) -> Mapping[str, str]:
        """What a sign-in settles here, and its grant keeps: the variables' values, and what the metadata says."""
        found = {name: str(getattr(self, name)) for name in METADATA} if self._discovered else {}
        return self._values | {name: value for name, value in found.items() if value}

    def discover(self, ctx: Context) -> Self:
        """Return the provider with the endpoints of its issuer's metadata, where the declaration names none.

        Raises `InvalidAnswer` and `ProviderUnavailable`.
        """
        if self.lacking or not self.undiscovered:
            return self
        found = {name: str(value) for name, value in discover(self.reaching(ctx), self.issuer).items() if value}
        return self.at({**self.settled, **found})

    def reaching(self, ctx: Context) -> Context:
        """Return a context that goes to public addresses alone where the metadata names another host than the issuer's.

        The issuer's own was typed by a person, who may mean a server in their own network.
        """
        if self.public_only:
            return public(ctx, lambda _: True)
        if not self._discovered:
            return ctx
        typed = parse_url(self.issuer).origin
        return public(ctx, lambda request: parse_url(request.url).origin != typed)

    def check_open(self) -> None:
        """Refuse before anything is sent, where nobody can sign in. Raises `ConfigurationError` and `UsageError`."""
        if self.retired:
            raise ConfigurationError(f"nobody can sign in to {self.title}: {self.retired}", hint=self.console_url)
        for name, variable in self.lacking.items():
            raise missing(self.name, name, variable)
        if self.undiscovered:
            raise ConfigurationError(
                f"the endpoints of {self.title} are not known: its metadata was not fetched",
                hint="call discover(ctx) of the provider first",
            )

    @property
    def _discovered(self) -> bool:
        written = self.declared["authorization_endpoint"] and self.declared["token_endpoint"]
        return not (written or self.undiscovered)

    def _completed(self, settled: Mapping[str, str]) -> Self:
        """Return the provider with what the metadata said; what stands in the declaration goes before that."""
        if not self.undiscovered:
            return self
        found: dict[str, Any] = {
            name: settled[name] for name in METADATA if name in settled and self._leaves(name, settled[name])
        }
        return type(self)(**{**self.declared, **found}) if found else self

    def _leaves(self, name: str, found: str) -> bool:
        """Tell whether the declaration leaves that to the metadata; of the issuer, the slash at its end."""
        if name == "issuer":
            return self.issuer.rstrip("/") == found.rstrip("/")
        return self.declared[name] in ("", "if_present", "post")
