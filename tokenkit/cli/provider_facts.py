"""What is known of a provider that is described by data, for ``providers --json``: for others who keep a catalogue."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tokenkit.api_key import ApiKey
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import Provider

ENDPOINTS = (
    "authorization_endpoint", "token_endpoint", "refresh_endpoint", "revocation_endpoint", "introspection_endpoint",
    "device_authorization_endpoint", "userinfo_endpoint",
)  # fmt: skip


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldShape(_Shape):
    """What a person types where there is no consent screen. `where` is the page on which it is found."""

    name: str
    label: str
    where: str
    secret: bool


class Evidence(_Shape):
    """How the facts are known: by name of a field, where it was read (`*` for all others), and on which day, ISO 8601.

    `unverified` are fields that no source confirms; those of a scope are `scopes.NAME`.
    """

    sources: dict[str, str]
    checked: str
    unverified: list[str]


class VariableShape(_Shape):
    """A part of its addresses that differs from account to account; `default` is empty where a person must say it."""

    name: str
    about: str
    choices: list[str]
    default: str


class FactsShape(_Shape):
    """What a provider is, by its declaration; the names are those of docs/reference/declaration.md.

    `kind` is `api_key` where a person types one, in `fields`. `endpoints` are those that it has, by name.
    Lifetimes are seconds: `default_expires_in` of an access token where no answer tells (`never`: it has no end),
    `refresh_lifetime` from the sign-in, `idle_lifetime` from the last use, null where there is no such limit.
    `revocation_reach` is what ends with a revoked token: the `token`, its `grant`, what the `client` has, or nothing.
    """

    kind: Literal["oauth2", "api_key"]
    issuer: str
    endpoints: dict[str, str]
    resource_hosts: list[str]
    redirect_host: str
    pkce: bool
    client_auth: str
    scope_separator: str
    default_expires_in: float | str | None
    refresh_lifetime: float | None
    idle_lifetime: float | None
    revocation_reach: str
    manage_url: str
    needs_client: bool
    fields: list[FieldShape]
    variables: list[VariableShape]
    token_headers: dict[str, str]
    evidence: Evidence


def facts(provider: Provider) -> FactsShape | None:
    """Return the facts; None for a provider that is code."""
    if isinstance(provider, OAuth2):
        return _of_oauth2(provider)
    return _of_api_key(provider) if isinstance(provider, ApiKey) else None


def _of_oauth2(provider: OAuth2) -> FactsShape:
    return FactsShape(
        kind="oauth2",
        issuer=provider.issuer,
        endpoints=_endpoints(provider),
        resource_hosts=list(provider.resource_hosts),
        redirect_host=provider.redirect_host,
        pkce=provider.pkce,
        client_auth=provider.client_auth,
        scope_separator=provider.scope_separator,
        default_expires_in=provider.default_expires_in,
        refresh_lifetime=provider.refresh_lifetime,
        idle_lifetime=provider.idle_lifetime,
        revocation_reach=provider.revocation_reach,
        manage_url=provider.manage_url,
        needs_client=True,
        fields=[],
        variables=_variables(provider),
        token_headers={},
        evidence=_evidence(provider),
    )


def _of_api_key(provider: ApiKey) -> FactsShape:
    return FactsShape(
        kind="api_key",
        issuer="",
        endpoints=_endpoints(provider),
        resource_hosts=list(provider.resource_hosts),
        redirect_host="",
        pkce=False,
        client_auth="",
        scope_separator="",
        default_expires_in="never",
        refresh_lifetime=None,
        idle_lifetime=None,
        revocation_reach=provider.revocation_reach,
        manage_url=provider.manage_url,
        needs_client=provider.needs_client,
        fields=[
            FieldShape(name=name, label=field.label, where=field.where, secret=field.secret)
            for name, field in provider.fields.items()
        ],
        variables=_variables(provider),
        token_headers=dict(provider.placement.headers),
        evidence=_evidence(provider),
    )


def _variables(provider: OAuth2 | ApiKey) -> list[VariableShape]:
    asked = ((name, each) for name, each in provider.variables.items() if not each.answer_member)
    return [
        VariableShape(name=name, about=each.expected, choices=list(each.choices), default=each.default)
        for name, each in asked
    ]


def _endpoints(provider: OAuth2 | ApiKey) -> dict[str, str]:
    named = {name: str(getattr(provider, name, "")) for name in ENDPOINTS}
    return {name: url for name, url in named.items() if url}


def _evidence(provider: OAuth2 | ApiKey) -> Evidence:
    return Evidence(sources=dict(provider.sources), checked=provider.checked, unverified=list(provider.unverified))
