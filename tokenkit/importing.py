"""Takes over the grant that another tool keeps in a plaintext file: behind ``tokenkit import``.

The file is read and never changed. A grant is proved first, by the identity call or else by one refresh, and then
stored as a sign-in would be; a dead one is told to the person, and nothing stays. Since such a refresh may rotate the
grant, it is made as any other (R9): of a stored account, which is called ``importing`` until it is known whose it is.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from tokenkit import private_file
from tokenkit.account import DEFAULT_NAME, Account
from tokenkit.errors import (
    Conflict,
    ConsentRequired,
    FileRefused,
    InvalidAnswer,
    ProviderChanged,
    StoreError,
    StoreUnavailable,
    TokenKitError,
    UnknownAccount,
    UsageError,
)
from tokenkit.flows.answer import seconds, vschar
from tokenkit.grant import Grant
from tokenkit.grants.refresher import RefreshJob
from tokenkit.grants.sealed_store import StoredGrant, grant_name
from tokenkit.parsing import parse
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Provider
from tokenkit.shell import quoted
from tokenkit.token import AccessToken, Secret

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit

Members = Mapping[str, Any]

Reader = Callable[[str, Members], Grant | None]
"""Reads the members of the file of that name; None where another tool wrote it. `client_id` is empty if not named."""


UNDER_WAY = "importing"
"""What the account is called while it is refreshed, and still is where that is interrupted."""

_SERVICES = {
    "google_gmail": "google",
    "google_calendar": "google",
    "google_drive": "google",
    "google_docs": "google",
    "spotify": "spotify",
}
_GOOGLES = ("https://oauth2.googleapis.com/", "https://accounts.google.com/", "https://www.googleapis.com/")


def import_grant(kit: "TokenKit", path: str, *, name: str = "") -> Account:
    """Store the grant in the file at `path` as a sign-in would, and return the account.

    `name` is what the account shall be called; without it the provider is asked whose it is, and where it cannot say,
    the account is called as the file. Raises `UsageError` for a file that cannot be taken, `ProviderChanged` for the
    grant of another client than ours (R17), `ConsentRequired` for one that the provider has ended, and what a sign-in
    raises.
    """
    grant = read_grant(path)
    provider = kit.provider(grant.provider)
    client = kit.client(provider)
    _check_client(path, grant, client)
    kit.records.store.version(grant_name(Account(provider.name, name or DEFAULT_NAME, kit.owner)))
    kit.authorizations.prepare(provider)
    linker = kit.authorizations.linker
    if _accepted(kit, provider, client, grant):
        return linker.adopt(provider, client, grant, name=name)
    if provider.refresh is None:
        raise UsageError(f"{provider.title} refreshes nothing", hint=f"tokenkit login {provider.name}")
    place = linker.put_aside(provider, client, grant, name=UNDER_WAY)
    proved = _refreshed(kit, provider, place)
    name = name or _name_by_file(kit, provider, client, proved.grant, path)
    try:
        account = linker.adopt(provider, client, proved.grant, name=name)
    except StoreError as error:
        message = f"the grant of {path} was refreshed, and is kept as {place}, for it cannot be renamed: {error}"
        raise StoreUnavailable(message, hint=error.hint, account=str(place)) from None
    if account != place:  # else it is to be called so
        _remove(kit, place, proved)
    return account


def read_grant(path: str) -> Grant:
    """The grant in the file of another tool; its scopes are those asked for, since no tool keeps what was granted.

    Raises `UsageError` for a symlink, a file too large, another's, none at all, or one that no reader knows.
    """
    members = _members(path)
    found = (read(os.path.basename(path), members) for read in READERS)
    grant = next((grant for grant in found if grant is not None), None)
    if grant is None:
        raise _refused(path, "is no file of PocketPaw, spotipy or Google's libraries with a sign-in of a person")
    if not grant.refresh_token:
        raise UsageError(
            f"{path} holds no refresh token, and what it holds ends soon", hint=f"tokenkit login {grant.provider}"
        )
    return grant


def _members(path: str) -> Members:
    try:
        data = private_file.read(path)
    except FileRefused as error:
        raise UsageError(str(error), hint=f"ls -l {quoted(path)}") from None
    if data is None:
        raise _refused(path, "does not exist")
    members = parse(lambda: json.loads(data), lambda _: _refused(path, "is not JSON"))
    return cast(Members, members) if isinstance(members, dict) else {}


def _refused(path: str, why: str) -> UsageError:
    return UsageError(f"{path} {why}", hint=f"ls -l {quoted(path)}")


def pocketpaw(_: str, members: Members) -> Grant | None:
    """``~/.pocketpaw/oauth/SERVICE.json``; without an end its access token counts as spent, as it does there."""
    provider = _SERVICES.get(str(members.get("service")))
    if provider is None:
        return None
    return _grant(provider, members, "access_token", seconds(members.get("expires_at")), members.get("scopes"))


def spotipy(name: str, members: Members) -> Grant | None:
    """``.cache`` or ``.cache-USER``. Only the name tells it: other libraries write the same for other providers."""
    if not name.startswith(".cache") or "expires_at" not in members:
        return None
    return _grant("spotify", members, "access_token", seconds(members["expires_at"]), members.get("scope"))


def google(_: str, members: Members) -> Grant | None:
    """``token.json`` of google-auth's ``Credentials.to_json()``, or application-default credentials of a person."""
    known = members.get("type") == "authorized_user" or str(members.get("token_uri")).startswith(_GOOGLES)
    if not known or not members.get("client_id"):
        return None
    end = _utc(str(members.get("expiry")))
    return _grant("google", members, "token", end, members.get("scopes")).renewed(client_id=str(members["client_id"]))


READERS: tuple[Reader, ...] = (pocketpaw, spotipy, google)


def _grant(provider: str, members: Members, access: str, end: float | None, scopes: object) -> Grant:
    value, refresh_token = _token(members.get(access)), _token(members.get("refresh_token"))
    return Grant(
        provider=provider,
        access_tokens={"": AccessToken(value, expires_at=end)} if value and end is not None else {},
        refresh_token=Secret(refresh_token) if refresh_token else None,
        asked=_scopes(scopes),
    )


def _token(value: object) -> str:
    return value if isinstance(value, str) and vschar(value) else ""


def _scopes(value: object) -> frozenset[str]:
    if isinstance(value, str):
        value = value.split()
    items = cast("list[object]", value) if isinstance(value, list) else []
    return frozenset(item for item in items if isinstance(item, str) and vschar(item))


def _utc(text: str) -> float | None:
    """google-auth writes UTC, with or without fractions and ``Z``."""
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _check_client(path: str, grant: Grant, client: ClientRegistration) -> None:
    """Send the refresh token with no other client than the one that it was issued to (R17)."""
    if grant.client_id in ("", client.client_id):
        return
    ways = f"tokenkit client set {grant.provider}"
    if grant.provider == "google":
        ways += ", or: tokenkit client import google FILE"
    raise ProviderChanged(f"{path} was issued to another client id than the one registered here", hint=ways)


def _accepted(kit: "TokenKit", provider: Provider, client: ClientRegistration, grant: Grant) -> bool:
    """Whether the provider takes the access token of the file; where that cannot be known, a refresh tells more."""
    token = grant.access_token
    if token is None or not token.good(kit.context.now()) or provider.identify is None:
        return False
    try:
        guarded(provider, "identify", provider.identify, kit.context, client, grant)
    except InvalidAnswer:
        return False
    return True


def _name_by_file(kit: "TokenKit", provider: Provider, client: ClientRegistration, grant: Grant, path: str) -> str:
    """The file's name where the provider does not say whose it is, so that PocketPaw's grants lie side by side."""
    with suppress(TokenKitError):  # rotated by now: it is stored, whatever happens
        if _accepted(kit, provider, client, grant):
            return ""
    return os.path.splitext(os.path.basename(path))[0]


def _refreshed(kit: "TokenKit", provider: Provider, place: Account) -> StoredGrant:
    """Refresh what lies there; if that fails, take it away, unless the provider has rotated it (R9)."""
    before = kit.records.get(place).grant
    token = before.access_token
    need = RefreshJob(rejected=None if token is None else Secret(token.value), early=True)  # early: nobody is handed it
    try:
        return kit.refresher.renew(place, need).result().held
    except TokenKitError as error:
        if place not in kit.refresher.unsaved:
            with suppress(StoreError, UnknownAccount):
                held = kit.records.get(place)
                if held.grant.refresh_token == before.refresh_token:
                    _remove(kit, place, held)
        if not isinstance(error, ConsentRequired):
            raise
        reason = error.reason
    raise ConsentRequired(
        f"{provider.title} needs you to sign in again: {reason}",
        hint=f"tokenkit login {provider.name}",
        reason=reason,
    )


def _remove(kit: "TokenKit", place: Account, held: StoredGrant) -> None:
    """Take away what was seen there, and nothing that has come in its place since: it may be the only copy (R8)."""
    with suppress(Conflict):
        kit.records.remove(place, replaces=held.version)
