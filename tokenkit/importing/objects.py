"""The formats that are one JSON object with the usual names, or several by name: each is a row of what tells it.

Where a format says more of itself than that, it has a module of its own beside this one.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tokenkit.importing.files import Members, SourceFile
from tokenkit.importing.found import Found, found, text


class Objects(NamedTuple):
    """A format: the `tool` that writes it, and how an object of it is `known`, by the file's name and its members.

    `provider` is whose it is, or the member that names it as we do; `account` is the member with the person's name.
    With `several` there may be one object for each of several grants; else the file is one object.
    """

    tool: str
    known: Callable[[str, Members], bool]
    provider: str = ""
    account: str = ""
    several: bool = False

    def read(self, file: SourceFile) -> Iterator[Found]:
        """Yield the grant of each object of this format."""
        for entry, members in file.objects() if self.several else [("", file.members)]:
            if self.known(file.name, members) and (grant := _usual(self.tool, members)):
                provider = text(members[self.provider]) if self.provider in members else self.provider
                yield grant.but(entry=entry, provider=provider, account=text(members.get(self.account)))


def _usual(tool: str, members: Members) -> Found | None:
    """Return what an object holds under the names of RFC 6749 section 5.1, or the same in camel case."""
    return found(tool, members) or found(tool, members, access="accessToken", refresh="refreshToken")


def _has(*names: str) -> Callable[[str, Members], bool]:
    def known(name: str, members: Members) -> bool:
        return members.keys() >= set(names)

    return known


def _is_spotipy(name: str, members: Members) -> bool:
    """Tell it by the file's name: others write the same members for other services."""
    return name.startswith(".cache") and "expires_at" in members


def _is_gogcli(name: str, members: Members) -> bool:
    other = "access_token" in members
    return "email" in members and not other and not members.keys().isdisjoint(("client", "services", "created_at"))


# spotipy/cache_handler.py (2.26): ``.cache`` or ``.cache-USER``.
SPOTIPY = Objects("spotipy", _is_spotipy, provider="spotify")

# internal/cmd/auth.go of openclaw/gogcli, ``gog auth tokens export``: email, client, services, scopes, created_at,
# refresh_token. Its ``client`` is a name in gogcli's own settings, and no client id.
GOGCLI = Objects("gogcli", _is_gogcli, provider="google", account="email")

# lib/OAMa/Environment.hs of pdobsan/oama (``AuthRecord``), which gpg or secret-tool prints: email, service, scope,
# refresh_token, access_token, exp_date as in ``2026-11-28 05:00 UTC``. Its client stands in another file.
OAMA = Objects("oama", _has("exp_date", "service"), provider="service", account="email")

# contrib/oauth2/mutt_oauth2.py of neomutt, as gpg prints it: registration, authflow, email, access_token,
# access_token_expiration in the machine's own time, refresh_token, client_id, client_secret.
MUTT = Objects("mutt_oauth2.py", _has("registration", "authflow"), provider="registration", account="email")

# src/auth/credentials.ts of google-auth-library-nodejs: access_token, refresh_token, scope, expiry_date in
# milliseconds. The Google Calendar MCP server keeps one such object for an account, by its name.
GOOGLEAPIS = Objects("Google's library for Node", _has("expiry_date"), provider="google", several=True)

# token.go of golang/oauth2: access_token, refresh_token, expiry, a time as RFC 3339 has it, in the machine's zone.
GO = Objects("Go's oauth2 library", _has("expiry", "access_token"), several=True)

# Any other: Authlib's, requests-oauthlib's, yours. Whose it is must be told by the person, or by the token's looks.
PLAIN = Objects("another program", _has(), several=True)
