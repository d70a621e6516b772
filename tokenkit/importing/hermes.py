"""Hermes Agent: ``~/.hermes/auth.json``.

Source: ``agent/credential_pool.py`` and ``hermes_cli/auth.py`` of NousResearch/hermes-agent: ``credential_pool`` holds
a list for a provider (auth_type, label, access_token, refresh_token, expires_at or expires_at_ms, client_id), and
``providers`` one state for each, some with the tokens in ``tokens``.
"""

from collections.abc import Iterator

from tokenkit.importing.files import Members, SourceFile, mapping, mappings
from tokenkit.importing.found import Found, found, text


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grants of the pool, and those of the providers that are not in it."""
    seen: set[object] = set()
    for provider, label, members in (*_pool(file.members), *_providers(file.members)):
        grant = found("Hermes Agent", members)
        if grant and grant.refresh_token and grant.refresh_token not in seen:
            seen.add(grant.refresh_token)
            entry = f"{provider}/{label}" if label else provider
            yield grant.but(entry=entry, provider=provider, account=label, alone=False)


def _pool(members: Members) -> Iterator[tuple[str, str, Members]]:
    for provider, entries in mapping(members.get("credential_pool")).items():
        for entry in mappings(entries):
            if entry.get("auth_type") == "oauth":
                yield provider, text(entry.get("label")), entry


def _providers(members: Members) -> Iterator[tuple[str, str, Members]]:
    for provider, state in mapping(members.get("providers")).items():
        yield provider, "", {**mapping(state), **mapping(mapping(state).get("tokens"))}
