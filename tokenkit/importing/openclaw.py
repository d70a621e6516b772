"""OpenClaw: ``auth-profiles.json``; and ``auth.json`` of opencode, pi and others that write the same for a provider.

Source: ``src/agents/auth-profiles/types.ts`` of openclaw/openclaw: profiles by id, of type ``oauth`` (access, refresh,
expires in milliseconds, email, clientId) or ``token`` (token, expires); older files lack the member ``profiles``.
"""

from collections.abc import Iterator

from tokenkit.importing.files import SourceFile, mapping
from tokenkit.importing.found import Found, client_in, found, text

_NAMES = {"oauth": ("access", "refresh"), "token": ("token", "")}


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of each profile that has one; API keys are none."""
    for id, value in mapping(file.members.get("profiles", file.members)).items():
        profile = mapping(value)
        names = _NAMES.get(str(profile.get("type")))
        grant = found("OpenClaw", profile, access=names[0], refresh=names[1]) if names else None
        if grant:
            provider = text(profile.get("provider")) or id.partition(":")[0]
            client = client_in(profile, camel=True) or grant.client
            yield grant.but(entry=id, provider=provider, account=text(profile.get("email")), client=client, alone=False)
