"""What differs from account to account: a declaration with the values that one sign-in has settled.

Two Home Assistants are two accounts of one provider. Each grant keeps where it is from (R17): the values of the
provider's variables, and what else a sign-in has found out.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from tokenkit.errors import CallbackRefused, ConfigurationError
from tokenkit.flows.kinds import check_names
from tokenkit.flows.sanitize import sanitized
from tokenkit.grant import Grant
from tokenkit.net.hosts import parse_url
from tokenkit.provider import Context, Request, Response
from tokenkit.shell import quoted
from tokenkit.variables import PUBLIC_ONLY, Variable, check_variables, fill, named_in, read_value

LINKS = ("console_url", "manage_url")
"""Addresses that are shown to people: none is where nobody has said which server it is."""

REGISTERED = ("redirect_host", "redirect_uri")
"""Fields of which only the person knows what is right: it stands where they registered their client."""

KEYS = ("client_id", "client_secret_command", "redirect_port", "shadow", "unverified")
"""What ``config.toml`` may say of every provider: the fields of `tokenkit.config.file.ProviderSettings`."""

_SECRET = "client_secret"  # noqa: S105 - the name of one

MOST = 256
"""Providers as accounts met them that are kept ready; of more, all are made again when they are asked for."""


class Kept(dict[Any, Any]):
    """What is kept beside the fields, and says nothing that they do not say."""

    def __repr__(self) -> str:
        return "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A provider as data, as an account meets it: with a value for each variable, or at places that there are not."""

    name: str
    title: str
    variables: Mapping[str, Variable] = field(default_factory=dict[str, Variable])
    declared: Mapping[str, Any] = field(init=False, compare=False, default_factory=Kept)
    """The fields as they were written, before the variables were filled in."""
    made: dict[Any, Any] = field(init=False, compare=False, default_factory=Kept)
    """The same provider for accounts, by what is settled there: each is made once."""
    public_only: bool = field(init=False, compare=False, default=False)
    """Whether its servers are reached at public addresses alone, since nobody who may say more has named them."""

    def __new__(cls, *_: object, **written: object) -> Self:
        """Refuse a field that there is not, by the name under which a person knows the class."""
        check_names(cls, written)
        return object.__new__(cls)

    def _fill_in(self, later: Collection[str] = ()) -> None:
        """Put the variables' values into all texts; what has none yet leads to a place that there is not.

        `later` are names in braces that something else fills in.
        """
        written = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        object.__setattr__(self, "declared", Kept(written))
        check_variables(self.name, written, self.variables, later)
        values = {name: variable.stand_in for name, variable in self.variables.items()}
        for name, value in written.items() if values else ():
            used = values.keys() & named_in(value) if name != "variables" else set[str]()
            if used:
                shown_in_vain = name in LINKS and used & self.lacking.keys()
                object.__setattr__(self, name, "" if shown_in_vain else fill(value, values))

    @property
    def lacking(self) -> Mapping[str, Variable]:
        """The variables that a sign-in must give a value."""
        return {name: each for name, each in self.variables.items() if not (each.default or each.answer_member)}

    @property
    def settled(self) -> Mapping[str, str]:
        """What a sign-in settles here, and its grant keeps: the values of the variables."""
        return self._values

    @property
    def _values(self) -> dict[str, str]:
        values = {name: each.default for name, each in self.variables.items() if each.default}
        return values | ({PUBLIC_ONLY: "yes"} if self.public_only else {})

    def reaching(self, ctx: Context) -> Context:
        """Return a context that goes to public addresses alone where it must."""
        return public(ctx, lambda _: True) if self.public_only else ctx

    @property
    def server(self) -> str:
        """Which of many servers it is, where each is one of its own, as each Mastodon is; else empty."""
        return self._named(lambda each: each.is_owned)

    @property
    def client_of(self) -> str:
        """Which server its client registration is for, where each server has its own; else empty."""
        return self._named(lambda each: each.separates_clients)

    def _named(self, wanted: Callable[[Variable], bool]) -> str:
        values = (each.default.removeprefix("https://") for each in self.variables.values() if wanted(each))
        return "+".join(filter(None, values))

    def at(self, settled: Mapping[str, str]) -> Self:
        """Return the provider where these facts are settled; see `settled`.

        Raises `ConfigurationError` for a value that the declaration does not take (any more).
        """
        key = tuple(sorted(settled.items()))
        if dict(key) == self.settled:
            return self
        known: Self | None = self.made.get(key)
        if known is None:
            if len(self.made) >= MOST:
                self.made.clear()
            self.made[key] = known = self._at(settled)
        return known

    def _at(self, settled: Mapping[str, str]) -> Self:
        below = f"in config.toml, under [providers.{self.name}], write"
        values = {
            name: replace(each, default=read_value(self.name, name, each, settled[name], line=f"{below} {name}"))
            if name in settled
            else each
            for name, each in self.variables.items()
        }
        written: dict[str, Any] = {**self.declared, "variables": values}
        made = type(self)(**written)._completed(settled)
        object.__setattr__(made, "declared", Kept(written))
        object.__setattr__(made, "public_only", PUBLIC_ONLY in settled)
        return made

    def _completed(self, settled: Mapping[str, str]) -> Self:
        """Return the provider with what else a sign-in has settled."""
        return self

    @property
    def settable(self) -> tuple[str, ...]:
        """The options that ``config.toml`` may have for it."""
        return (*self.variables, *(each.name for each in fields(self) if each.init and each.name in REGISTERED))

    def configured(self, options: Mapping[str, object]) -> Self:
        """Return the provider with what ``config.toml`` says of it: of its variables accounts may have other values.

        Raises `ConfigurationError`, which names the wrong one.
        """
        for option in options.keys() - {*self.settable}:
            raise no_option(self.name, option, self.settable)
        registered = {name: options[name] for name in REGISTERED if name in options}
        values = {name: str(options[name]) for name in options.keys() - registered.keys()}
        written: dict[str, Any] = {**self.declared, **registered}
        made = type(self)(**written) if registered else self
        return made.at(values) if values else made

    def of(self, grant: Grant) -> Self:
        """Return the provider as the sign-in of this grant met it."""
        told = {name: grant.extra.get(each.answer_member, "") for name, each in self.variables.items()}
        values: dict[str, str] = {}
        for name, text in told.items():
            with suppress(ValueError):  # then its tokens go nowhere that this variable names
                values[name] = self.variables[name].understood(text)
        return self.at({**grant.settled, **values}) if values or grant.settled else self

    def place_of(self, grant: Grant) -> str:
        """Return which server or region that account is at, as people know it; empty where it is the usual one of all.

        These are addresses and parts of them, and nothing that is secret: a value holds no user, query or fragment.
        """
        there = self.of(grant).variables
        return ", ".join(
            each.shown
            for name, each in there.items()
            if each.default and (each.is_owned or each.default != self.variables[name].default)
        )

    def told(self, parameters: Mapping[str, str]) -> Self:
        """Return the provider that a redirect says to go on with; `CallbackRefused` for one that is not listed."""
        made = self
        for name, each in self.variables.items():
            said = parameters.get(each.redirect_parameter, "") if each.redirect_parameter else ""
            if said:
                made = made.at({**made.settled, name: self._listed(name, each, said)})
        return made

    def check_answered(self, captured: Mapping[str, str]) -> None:
        """Refuse a token answer that names a server which is not listed; nothing was sent there."""
        for variable in self.variables.values():
            said = captured.get(variable.answer_member, "") if variable.answer_member else ""
            try:
                variable.understood(said) if said else None
            except ValueError:
                raise CallbackRefused(
                    f"{self._unknown(said, variable.answer_member)}. Nothing was sent there",
                    hint="tell the author of the plugin",
                ) from None

    def _unknown(self, said: str, where: str) -> str:
        found = sanitized(said, limit=100)
        return f"the answer names {found!r} as {where}, which is none of the servers of {self.title} that are known"

    def _listed(self, name: str, variable: Variable, said: str) -> str:
        """Return the value that the redirect names, if it is a choice or what the sign-in began with."""
        listed = variable.choices or (variable.default,)
        with suppress(ValueError):
            if variable.understood(said) in listed:
                return variable.understood(said)
        with suppress(ValueError):
            for value in listed:
                there: str = getattr(self.at({**self.settled, name: value}), "token_endpoint", "")
                if parse_url(said).origin == parse_url(there).origin:
                    return value
        raise CallbackRefused(
            f"{self._unknown(said, variable.redirect_parameter)}: {', '.join(listed)}. Nothing was sent there",
            hint=f"tokenkit login {quoted(self.name)}",
        )


def no_option(name: str, option: str, known: Collection[str]) -> ConfigurationError:
    """Return the error for a key below ``[providers.NAME]`` that is neither one of ours nor one of the `known`."""
    from tokenkit.nearest import nearest

    near = nearest(option, (*known, *KEYS))
    hint = f"it has {', '.join(known) or 'none'}; see [providers.{name}]"
    if nearest(option, (*known, *KEYS, _SECRET)) == _SECRET:
        hint = f"no secret stands in config.toml: delete that line, then: tokenkit client set {quoted(name)}"
    elif near:
        hint = f"did you mean {near}?"
    return ConfigurationError(f"{name} has no option {option!r}", hint=hint)


def public(ctx: Context, meant: Callable[[Request], bool]) -> Context:
    """Return a context that sends the requests that are `meant` to public addresses alone."""

    def send(request: Request) -> Response:
        return ctx.send(replace(request, public_only=True) if meant(request) else request)

    return ctx._replace(send=send)
