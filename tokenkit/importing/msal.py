"""Microsoft's libraries (msal): the serialized token cache, as the Azure CLI keeps it.

Source: ``msal/token_cache.py`` of msal 1.39: tables ``RefreshToken`` (secret, home_account_id, environment, client_id,
target), ``AccessToken`` and ``Account`` (home_account_id, username). The clients are public: there is no secret.
"""

from collections.abc import Iterator

from tokenkit.importing.files import Members, SourceFile, mappings
from tokenkit.importing.found import Found, found, scopes_in, text

_SAME = ("home_account_id", "client_id")


def read(file: SourceFile) -> Iterator[Found]:
    """Yield a grant for each account and client."""
    accounts, tokens = (mappings(file.members.get(table)) for table in ("Account", "AccessToken"))
    names = {text(account.get("home_account_id")): text(account.get("username")) for account in accounts}
    for entry in mappings(file.members.get("RefreshToken")):
        grant = found("msal", entry, access="", refresh="secret")
        if grant:
            person = text(entry.get("home_account_id"))
            person = names.get(person) or person
            name = f"{person} {text(entry.get('client_id'))}"
            scopes = scopes_in(entry.get("target")) | _scopes(tokens, entry)
            yield grant.but(entry=name, account=person, scopes=scopes, provider="microsoft", alone=False)


def _scopes(tokens: list[Members], entry: Members) -> frozenset[str]:
    """Return the scopes of the access tokens that came with the refresh token."""
    own = (token for token in tokens if all(token.get(key) == entry.get(key) for key in _SAME))
    return frozenset[str]().union(*(scopes_in(token.get("target")) for token in own))
