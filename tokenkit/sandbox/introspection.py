"""Token introspection at the sandbox (RFC 7662): what a client hears about a token that it was given."""

from tokenkit.provider import Response
from tokenkit.sandbox.call import NO_STORE, json_answer
from tokenkit.sandbox.ledger import Ledger
from tokenkit.sandbox.registry import Client


def described(ledger: Ledger, flavour: str, client: Client, token: str) -> Response:
    """Answer whether a token is active; of one that is not, or is another client's, nothing else is said (2.2)."""
    access, refresh = ledger.living(token, flavour), ledger.refresh.get(token)
    family = None if refresh is None or refresh.spent else refresh.family
    family = access.family if access is not None else family
    if family is None or family.revoked or (family.flavour, family.client_id) != (flavour, client.client_id):
        return json_answer({"active": False}, headers=NO_STORE)
    members: dict[str, object] = {
        "active": True,
        "client_id": client.client_id,
        "username": family.user,
        "scope": " ".join(sorted(family.scopes if access is None else access.scopes)),
        "token_type": "refresh_token" if access is None else "Bearer",
    }
    if access is not None and access.ends_at is not None:
        members["exp"] = int(access.ends_at)
    return json_answer(members, headers=NO_STORE)
