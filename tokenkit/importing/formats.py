"""The JSON formats in which tools keep sign-ins: each a few lines that turn its objects into ones like token answers.

Beside each stands where it is described. What a reader yields has the names of RFC 6749 section 5.1, or the same in
camel case; `found.found` reads it.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tokenkit.importing.files import Members, SourceFile, mapping, mappings
from tokenkit.importing.found import Found, found, scopes_in, text
from tokenkit.importing.guessing import host_of, looks_of

POCKETPAW_SERVICES = {
    "google_gmail": "google",
    "google_calendar": "google",
    "google_drive": "google",
    "google_docs": "google",
    "spotify": "spotify",
}
"""The services that PocketPaw's tools ask for, and whose they are."""


class Entry(NamedTuple):
    """An object that may be a grant: what the tool calls it, whose it is, and what the tool calls the person."""

    members: Members
    name: str = ""
    provider: str = ""
    account: str = ""


class Format(NamedTuple):
    """The `tool` that writes it, and what finds its entries in a file; none where another tool wrote it.

    `by_looks` says that other tools write the same for other providers: then the tokens must look of the provider's.
    """

    tool: str
    entries: Callable[[SourceFile], Iterator[Entry]]
    by_looks: bool = False

    def read(self, file: SourceFile) -> Iterator[Found]:
        """Yield the grant of each entry that has one."""
        for members, name, provider, account in self.entries(file):
            if grant := found(self.tool, members):
                theirs = provider if not self.by_looks or looks_of(grant) == provider else ""
                yield grant.but(entry=name, provider=theirs, account=account)


def google_credentials(members: Members) -> Iterator[Entry]:
    """Yield the sign-in of a person; a service account's key is none.

    google/oauth2/credentials.py of google-auth (``to_json``: token, refresh_token, token_uri, client_id, client_secret,
    scopes, expiry, account), oauth2client/client.py (access_token, token_expiry), and
    cloud.google.com/docs/authentication/application-default-credentials (``"type": "authorized_user"``).
    """
    known = members.get("type") == "authorized_user" or host_of(text(members.get("token_uri"))) == "google"
    if known and members.get("client_id"):
        usual = {**members, "access_token": members["token"]} if "token" in members else members
        yield Entry(usual, provider="google", account=text(members.get("account")))


def _google(file: SourceFile) -> Iterator[Entry]:
    return google_credentials(file.members)


def _object(*names: str, provider: str) -> Callable[[SourceFile], Iterator[Entry]]:
    """Make a reader of one object with these members; `provider` is the one that says whose it is."""

    def entries(file: SourceFile) -> Iterator[Entry]:
        members = file.members
        if members.keys() >= set(names):
            yield Entry(members, provider=text(members.get(provider)), account=text(members.get("email")))

    return entries


def _objects(*names: str, provider: str = "") -> Callable[[SourceFile], Iterator[Entry]]:
    """Make a reader of the objects with these members: the file itself, and those that are its members."""

    def entries(file: SourceFile) -> Iterator[Entry]:
        found = ((name, members) for name, members in file.objects() if members.keys() >= set(names))
        yield from (Entry(members, name, provider) for name, members in found)

    return entries


def _pocketpaw(file: SourceFile) -> Iterator[Entry]:
    """Read ``~/.pocketpaw/oauth/SERVICE.json``: pocketpaw/integrations/token_store.py of versions 0.4.4 to 0.4.18."""
    provider = POCKETPAW_SERVICES.get(str(file.members.get("service")))
    if provider:
        yield Entry(file.members, provider=provider)


def _spotipy(file: SourceFile) -> Iterator[Entry]:
    """Read ``.cache`` and ``.cache-USER``: spotipy/cache_handler.py (2.26). Others write the same elsewhere."""
    if file.name.startswith(".cache") and "expires_at" in file.members:
        yield Entry(file.members, provider="spotify")


def _gogcli(file: SourceFile) -> Iterator[Entry]:
    """Read what ``gog auth tokens export`` writes: internal/cmd/auth.go of openclaw/gogcli.

    Its ``client`` is a name in gogcli's own settings, and no client id.
    """
    members = file.members
    own = {"client", "services", "created_at"} & members.keys()
    if "email" in members and "access_token" not in members and own:
        yield Entry(members, provider="google", account=text(members["email"]))


def _msal(file: SourceFile) -> Iterator[Entry]:
    """Read the token cache of Microsoft's libraries, a grant for each account and client: msal/token_cache.py (1.39).

    Tables ``RefreshToken`` (secret, home_account_id, client_id, target), ``AccessToken`` and ``Account``
    (home_account_id, username). The scopes of a grant stand with the access tokens, too.
    """
    accounts, tokens = (mappings(file.members.get(table)) for table in ("Account", "AccessToken"))
    names = {text(account.get("home_account_id")): text(account.get("username")) for account in accounts}
    for entry in mappings(file.members.get("RefreshToken")):
        person, client_id = text(entry.get("home_account_id")), text(entry.get("client_id"))
        person = names.get(person) or person
        same = (each for each in (entry, *tokens) if _whose(each) == _whose(entry))
        scopes = frozenset[str]().union(*(scopes_in(each.get("target")) for each in same))
        members = {"refresh_token": entry.get("secret"), "client_id": client_id, "scopes": sorted(scopes)}
        yield Entry(members, f"{person} {client_id}", "microsoft", person)


def _whose(entry: Members) -> tuple[Any, ...]:
    return entry.get("home_account_id"), entry.get("client_id")


def _hermes(file: SourceFile) -> Iterator[Entry]:
    """Read ``~/.hermes/auth.json``: agent/credential_pool.py and hermes_cli/auth.py of NousResearch/hermes-agent.

    ``credential_pool`` has a list for a provider (auth_type, label, and the usual names), ``providers`` one state for
    each, some with the tokens in ``tokens``; a grant may stand in both.
    """
    seen: set[str] = set()
    pool = mapping(file.members.get("credential_pool"))
    listed = ((provider, each) for provider, entries in pool.items() for each in mappings(entries))
    states = mapping(file.members.get("providers")).items()
    own = ((provider, {**mapping(state), **mapping(mapping(state).get("tokens"))}) for provider, state in states)
    for provider, entry in (*(pair for pair in listed if pair[1].get("auth_type") == "oauth"), *own):
        token, label = text(entry.get("refresh_token")), text(entry.get("label"))
        if token and token not in seen:
            seen.add(token)
            yield Entry(entry, f"{provider}/{label}" if label else provider, provider, label)


def _home_assistant(file: SourceFile) -> Iterator[Entry]:
    """Read ``.storage/core.config_entries``: the sign-ins of Home Assistant's integrations.

    homeassistant/helpers/config_entry_oauth2_flow.py of home-assistant/core; Google has several, as ``google_mail``.
    """
    if file.members.get("key") != "core.config_entries":
        return
    for entry in mappings(mapping(file.members.get("data")).get("entries")):
        domain, title = text(entry.get("domain")), text(entry.get("title"))
        provider = "google" if domain == "youtube" or domain.startswith("google") else domain
        token = mapping(mapping(entry.get("data")).get("token"))
        yield Entry(token, f"{domain}/{title}" if title else domain, provider, title)


def _home_assistant_itself(file: SourceFile) -> Iterator[Entry]:
    """Read a sign-in to Home Assistant: lib/auth.ts of home-assistant-js-websocket (hassUrl, clientId, expires)."""
    if "hassUrl" in file.members:
        yield Entry(file.members, provider="homeassistant")


_OPENCLAW = {"oauth": {"access_token": "access", "refresh_token": "refresh"}, "token": {"access_token": "token"}}
"""What each kind of profile calls its tokens; an API key is no sign-in."""


def _openclaw(file: SourceFile) -> Iterator[Entry]:
    """Read ``auth-profiles.json``, and ``auth.json`` of opencode, pi and others that write the same for a provider.

    src/agents/auth-profiles/types.ts of openclaw/openclaw: profiles by id, of type ``oauth`` (access, refresh, expires
    in milliseconds, email, clientId) or ``token`` (token, expires); older files lack the member ``profiles``.
    """
    for id, value in mapping(file.members.get("profiles", file.members)).items():
        profile = mapping(value)
        names = _OPENCLAW.get(str(profile.get("type")))
        if names:
            tokens = {usual: profile.get(name) for usual, name in names.items()}
            provider = text(profile.get("provider")) or id.partition(":")[0]
            yield Entry({**profile, **tokens}, id, provider, text(profile.get("email")))


JSON_FORMATS = (
    Format("PocketPaw", _pocketpaw),
    Format("spotipy", _spotipy),
    Format("Google's libraries", _google),
    Format("gogcli", _gogcli),
    # lib/OAMa/Environment.hs of pdobsan/oama (``AuthRecord``), which gpg or secret-tool prints: email, service, scope,
    # refresh_token, access_token, exp_date as in ``2026-11-28 05:00 UTC``. Its client stands in another file.
    Format("oama", _object("exp_date", "service", provider="service")),
    # contrib/oauth2/mutt_oauth2.py of neomutt, as gpg prints it: registration, authflow, email, access_token,
    # access_token_expiration in the machine's own time, refresh_token, client_id, client_secret.
    Format("mutt_oauth2.py", _object("registration", "authflow", provider="registration")),
    Format("msal", _msal),
    Format("Hermes Agent", _hermes),
    Format("Home Assistant", _home_assistant_itself),
    Format("Home Assistant", _home_assistant),
    Format("OpenClaw", _openclaw),
    # src/auth/credentials.ts of google-auth-library-nodejs: access_token, refresh_token, scope, expiry_date in
    # milliseconds. The Google Calendar MCP server keeps one such object for an account, by its name; Qwen Code, made of
    # Google's own, keeps its provider's tokens so.
    Format("Google's library for Node", _objects("expiry_date", provider="google"), by_looks=True),
    # token.go of golang/oauth2: access_token, refresh_token, expiry, a time as RFC 3339 has it, in the machine's zone.
    Format("Go's oauth2 library", _objects("expiry", "access_token")),
)
"""The first that finds something has it: the more a format says of itself, the earlier it stands."""

ANY = Format("another program", _objects())
"""Any other: Authlib's, requests-oauthlib's, yours. Whose it is must be told by the person, or by the token's looks."""
