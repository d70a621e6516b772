"""Which server or region a form is about, where a provider has several."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tokenkit.provider import Provider
from tokenkit.variables import PUBLIC_ONLY, Variable
from tokenkit.web.visit import Visit

SET = "set."
"""Before the name of a variable, in the field of a form that holds its value."""

LONGEST = 500


@dataclass(frozen=True, slots=True)
class VariableView:
    """A variable as a form asks for it: its name, what it is in words, its choices if there are, and its value."""

    name: str
    about: str
    choices: tuple[str, ...]
    value: str


def variables_of(provider: Provider) -> tuple[VariableView, ...]:
    """Return what a new account must say of its server or region."""
    variables: Mapping[str, Variable] = getattr(provider, "variables", {})
    asked = ((name, each) for name, each in variables.items() if not each.answer_member)
    return tuple(VariableView(name, each.about or name, each.choices, each.default) for name, each in asked)


def chosen_server(visit: Visit, form: Mapping[str, str]) -> dict[str, str]:
    """Return the values in a form, by the variable's name; what was left empty is left to the default.

    A person of several, who does not run this machine, names no server in its own network.
    """
    return dict(_given(form)) | ({} if visit.place.may_register else {PUBLIC_ONLY: "yes"})


def _given(form: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for field, text in form.items():
        if field.startswith(SET) and text.strip():
            yield field.removeprefix(SET), text[:LONGEST]


def query_of(provider: Provider) -> str:
    """Return the query of a page of ours that is about this server; empty where the provider has no servers."""
    variables: Mapping[str, Variable] = getattr(provider, "variables", {})
    values = {f"{SET}{name}": each.default for name, each in variables.items() if each.default}
    return f"?{urlencode(values)}" if values else ""


def redirect_uri(visit: Visit, provider: Provider) -> str:
    """Return the address to which the provider shall send people back."""
    name = visit.kit.authorizations.callback_name(provider)
    return visit.place.redirect_uri(visit.request, provider, name)
