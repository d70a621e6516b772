"""A sign-in without a consent screen: what the person typed is tried at the service before anything is stored."""

from collections.abc import Mapping

from tokenkit.account import Account
from tokenkit.consent.terminal import Say
from tokenkit.consent.typed import read_fields
from tokenkit.errors import AuthorizationError, InvalidAnswer, UsageError
from tokenkit.flows.placement import filled_in_url
from tokenkit.grant import Grant
from tokenkit.grants.returned import whole_grant, whose
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Field, Identity, Provider
from tokenkit.provider.defaults import no_consent_screen
from tokenkit.provider.values import Ask
from tokenkit.signals import sending
from tokenkit.signing_in.authorization import Authorizations
from tokenkit.token import Secret

_NOT_THERE = (404, 405, 410)

Answers = Mapping[str, str | Secret]
"""What the person typed, by the name of the field."""


def asks(provider: Provider) -> Ask | None:
    """Return the power to make a grant of what a person types; None where there is a consent screen."""
    return getattr(provider, "ask", None)  # a plugin may be older than the question


def fields(provider: Provider, client: ClientRegistration) -> dict[str, Field]:
    """Return what the person is asked for, by name; the address where it is found is whole."""
    from dataclasses import replace

    values = {"client_id": client.client_id}
    return {
        name: replace(field, where=filled_in_url(field.where, values)) if "{client_id}" in field.where else field
        for name, field in provider.fields.items()
    }


def sign_in_by_answers(
    authorizations: Authorizations,
    provider: Provider,
    answers: Answers | None = None,
    *,
    account: str = "",
    name: str = "",
    replace_broken: bool = False,
    unverified: bool = False,
    say: Say | None = None,
) -> Account:
    """Store the account of what the person typed: the `answers`, or what they are asked for now, where `say` speaks.

    The service is asked first whose it is, and that it works; a wrong one is refused and nothing is stored. Raises
    `AuthorizationError` for that, `UsageError` for what is missing or cannot be what it should, `ProviderUnavailable`.
    """
    authorizations.check_confirmed(provider, allowed=unverified)
    client = authorizations.refresher.client(provider)
    ready = authorizations.prepare(provider, name=name, account=account, replace_broken=replace_broken)
    wanted = fields(provider, client)
    if answers is None and say is None:
        raise no_consent_screen(provider)
    given = _given(provider, answers) if answers is not None else read_fields(provider.title, wanted, say or print)
    grant, identity = _tried(authorizations.refresher.context, provider, client, given, wanted)
    linker = authorizations.linker
    with sending():
        kept = name or linker.kept_name(provider, account)
        return linker.adopt(provider, client, grant, name=kept, replaces=ready.replaces, identity=identity)


def _given(provider: Provider, answers: Answers) -> dict[str, Secret]:
    unknown = sorted(answers.keys() - provider.fields.keys())
    if unknown:
        raise UsageError(
            f"{provider.title} does not ask for {unknown[0]!r}", hint=f"it asks for {', '.join(provider.fields)}"
        )
    return {name: value if isinstance(value, Secret) else Secret(value) for name, value in answers.items()}


def _tried(
    ctx: Context,
    provider: Provider,
    client: ClientRegistration,
    answers: Mapping[str, Secret],
    wanted: Mapping[str, Field],
) -> tuple[Grant, Identity]:
    """Return the grant, and whose it is as the service says, which thereby has accepted it."""
    ask = asks(provider)
    assert ask is not None
    try:
        grant = whole_grant(provider, "ask", guarded(provider, "ask", ask, ctx, client, answers))
        return grant, _whose(ctx, provider, client, grant)
    except InvalidAnswer as error:
        status = error.status
    # Raised out here, so that the service's words come not along: they may repeat what they were told (R35).
    raise _refused(provider, wanted, status)


def _whose(ctx: Context, provider: Provider, client: ClientRegistration, grant: Grant) -> Identity:
    if provider.identify is None:
        return Identity("", "")
    return whose(provider, provider.identify, ctx, client, grant)


def _refused(provider: Provider, wanted: Mapping[str, Field], status: int) -> AuthorizationError:
    labels = " and ".join(field.label for field in wanted.values())
    where = next((field.where for field in wanted.values() if field.where), "")
    said = f"does not accept this {labels} (HTTP {status})"
    path: str = getattr(provider, "subject_path", "")
    if status in _NOT_THERE:
        said, where = f"has nothing at its userinfo_endpoint (HTTP {status})", ""
    elif not 400 <= status < 500:
        said = f"gave an answer that does not show that this {labels} works"
        said += f" (its subject_path, {path!r}, is looked for in it)" if path else ""
    return AuthorizationError(
        f"{provider.title} {said}; nothing was stored",
        hint=f"{f'look at {where}, then ' if where else ''}tokenkit login {provider.name}",
    )
