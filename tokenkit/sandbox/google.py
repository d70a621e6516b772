"""The Google flavour: always a client secret, scopes one by one, no rotation by default, revocation of all at once.

Sources: https://developers.google.com/identity/protocols/oauth2/web-server, /native-app and /limited-input-device.
"""

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tokenkit.provider import Response
from tokenkit.sandbox.call import Call, Refused, json_answer
from tokenkit.sandbox.device import GRANT_TYPE, DeviceFlavour
from tokenkit.sandbox.documented import GOOGLE_API, GOOGLE_REVOKE, GOOGLE_TOKEN, oauth_error
from tokenkit.sandbox.flavour import Route
from tokenkit.sandbox.ledger import Asked, Family, Ledger
from tokenkit.sandbox.oauth2 import Lifetimes
from tokenkit.sandbox.registry import Client, Registry

AUTH = "https://www.googleapis.com/auth/"

SCOPES: Mapping[str, str] = {
    "openid": "know which account it is",
    "email": "see your email address",
    "profile": "see your name and picture",
    f"{AUTH}userinfo.email": "see your email address",
    f"{AUTH}userinfo.profile": "see your name and picture",
    f"{AUTH}gmail.readonly": "read your mail",
    f"{AUTH}gmail.send": "send mail for you",
    f"{AUTH}gmail.modify": "read, write and send your mail",
    f"{AUTH}gmail.compose": "write drafts and send mail",
    "https://mail.google.com/": "do everything with your mail",
    f"{AUTH}calendar": "see and change your calendars",
    f"{AUTH}calendar.events": "see and change your events",
    f"{AUTH}calendar.readonly": "see your calendars",
    f"{AUTH}drive": "see and change all your files",
    f"{AUTH}drive.file": "see and change the files you use with it",
    f"{AUTH}drive.readonly": "see all your files",
    f"{AUTH}documents": "see and change your documents",
    f"{AUTH}documents.readonly": "see your documents",
}

SHORT = {"email": f"{AUTH}userinfo.email", "profile": f"{AUTH}userinfo.profile"}
"""Scopes that may be asked for by a short name; the answer has the long one."""

DEVICE_SCOPES = frozenset({"openid", "email", "profile", *SHORT.values(), f"{AUTH}drive.file"})
"""The short list of scopes that the device flow takes."""

READ_MAIL = (f"{AUTH}gmail.readonly", f"{AUTH}gmail.modify", "https://mail.google.com/")
SEND_MAIL = (f"{AUTH}gmail.send", f"{AUTH}gmail.compose", f"{AUTH}gmail.modify", "https://mail.google.com/")
READ_CALENDAR = (f"{AUTH}calendar", f"{AUTH}calendar.events", f"{AUTH}calendar.readonly")

EVENTS = ("Breakfast", "Lunch")
"""What is in everybody's calendar."""


class Google(DeviceFlavour):
    """Plays Google."""

    name = "google"
    title = "Google"
    granular = True
    prefixes: Mapping[str, str] = {"code": "4/0A", "access": "ya29.", "refresh": "1//0"}
    errors = GOOGLE_TOKEN
    code_refusal = "malformed_code"
    unknown_refresh_refusal = "bad_request"
    device_prefix = "AH-1Ng"
    device_page = "/device"
    unknown_device_refusal = "malformed_code"
    verification_name = "verification_url"  # Google's name for it, older than the RFC
    sends_iss = True

    def __init__(self, ledger: Ledger, registry: Registry, lifetimes: Lifetimes, *, rotates: bool) -> None:
        super().__init__(ledger, registry, lifetimes, rotates=rotates)
        self._mail: dict[str, list[str]] = {}

    def routes(self) -> Mapping[str, Route]:
        """Return the paths of Google's several hosts, below one prefix."""
        return {
            "/o/oauth2/v2/auth": Route("GET", "authorize", self.authorize),
            "/consent": Route("POST", "", self.consent),
            "/token": Route("POST", "token", self.token),
            "/revoke": Route("POST", "revoke", self.revoke),
            "/device/code": Route("POST", "device", self.begin_device),
            self.device_page: Route("GET", "", self.enter_code),
            "/v1/userinfo": Route("GET", "userinfo", self.userinfo),
            "/gmail/v1/users/me/messages": Route("GET", "api", self.list_messages),
            "/gmail/v1/users/me/messages/send": Route("POST", "api", self.send_message),
            "/calendar/v3/calendars/primary/events": Route("GET", "api", self.list_events),
            "/.well-known/openid-configuration": Route("GET", "", self.metadata),
        }

    def wrong_request(self, call: Call, asked: Asked) -> dict[str, str]:
        """Refuse also a request without scopes, and ``prompt=none``: nobody is signed in at a sandbox."""
        wrong = super().wrong_request(call, asked)
        if not wrong and not asked.scopes:
            wrong = {"error": "invalid_request", "error_description": "Missing required parameter: scope"}
        if not wrong and call.query.get("prompt") == "none":
            wrong = {"error": "interaction_required"}
        return wrong

    def detailed(self, asked: Asked, call: Call) -> Asked:
        """Note whether a refresh token is due: for ``access_type=offline``, once or with ``prompt=consent``."""
        return replace(
            asked,
            offline=call.query.get("access_type") == "offline",
            press="consent" in call.query.get("prompt", "").split(),
            merge=call.query.get("include_granted_scopes") == "true",
        )

    def spelled(self, scopes: frozenset[str]) -> frozenset[str]:
        """Spell ``email`` and ``profile`` by their long names, as Google does."""
        return frozenset(SHORT.get(scope, scope) for scope in scopes)

    def beside_the_code(self, family: Family) -> dict[str, str]:
        """Say in the redirect, too, what was granted, as Google does."""
        return {"scope": " ".join(sorted(family.scopes)), "authuser": "0"}

    def beside_the_tokens(self, family: Family) -> Mapping[str, Any]:
        """Say how long the refresh token lives, where access was granted for a time."""
        if family.refresh_ends_at is None:
            return {}
        return {"refresh_token_expires_in": int(family.refresh_ends_at - self.ledger.now())}

    def authenticated_client(self, call: Call) -> Client:
        """Require the secret, also of desktop clients."""
        client, secret = self.named_client(call)
        if secret is None:
            self.refuse("missing_secret")
        if not client.accepts(secret):
            self.refuse("wrong_secret")
        return client

    def revoke(self, call: Call) -> Response:
        """Revoke (RFC 7009): an access or a refresh token, and with it all that this client has of the person."""
        token = call.field("token") or call.query.get("token", "")
        if not token:
            raise Refused(GOOGLE_REVOKE["missing_token"])
        family = self.ledger.family_of(token, self.name)
        if family is None or family.revoked:
            raise Refused(GOOGLE_REVOKE["invalid_token"])
        self.ledger.end(self.name, family.user, family.client_id)
        return json_answer({})

    # The device flow (RFC 8628), as Google has it.

    def begin_device(self, call: Call) -> Response:
        """Give out a device code, for a few scopes only."""
        client = self.registry.client(self.name, call.field("client_id"))
        if client is None:
            self.refuse("invalid_client")
        scopes = tuple(call.field("scope").split())
        for scope in scopes:
            if scope not in DEVICE_SCOPES:
                raise Refused(oauth_error("invalid_scope", f"Invalid device flow scope: {scope}"))
        return self.give_codes(call, client, scopes)

    # The APIs.

    def userinfo(self, call: Call) -> Response:
        """Answer as OpenID Connect Core section 5.3 says."""
        access = self.admitted(call, GOOGLE_API, "openid", *SHORT.values())
        user = access.family.user
        members: dict[str, Any] = {"sub": subject(user)}
        if SHORT["email"] in access.scopes:
            members |= {"email": user, "email_verified": True}
        if SHORT["profile"] in access.scopes:
            members["name"] = user.partition("@")[0]
        return json_answer(members)

    def list_messages(self, call: Call) -> Response:
        """Play ``users.messages.list`` of the Gmail API."""
        mail = self._mail_of(self.admitted(call, GOOGLE_API, *READ_MAIL).family.user)
        messages = [{"id": message, "threadId": message} for message in reversed(mail)]
        return json_answer({"messages": messages, "resultSizeEstimate": len(messages)})

    def send_message(self, call: Call) -> Response:
        """Play ``users.messages.send`` of the Gmail API: ``raw`` is an RFC 822 message in base64url."""
        mail = self._mail_of(self.admitted(call, GOOGLE_API, *SEND_MAIL).family.user)
        try:
            message = urlsafe_b64decode(call.field("raw") + "==")
        except ValueError:
            message = b""
        if b":" not in message:
            raise Refused(GOOGLE_API["invalid_argument"])
        mail.append(hashlib.sha256(message + str(len(mail)).encode()).hexdigest()[:16])
        return json_answer({"id": mail[-1], "threadId": mail[-1], "labelIds": ["SENT"]})

    def list_events(self, call: Call) -> Response:
        """Play ``events.list`` of the Calendar API: a calendar with two events."""
        self.admitted(call, GOOGLE_API, *READ_CALENDAR)
        return json_answer({"kind": "calendar#events", "items": [{"id": id, "summary": id} for id in EVENTS]})

    def _mail_of(self, user: str) -> list[str]:
        return self._mail.setdefault(user, [f"18c0ffee{number:08x}" for number in range(1, 4)])

    def metadata(self, call: Call) -> Response:
        """Answer as OpenID Connect Discovery section 4 says."""
        return json_answer(
            {
                "issuer": call.base,
                "authorization_endpoint": f"{call.base}/o/oauth2/v2/auth",
                "device_authorization_endpoint": f"{call.base}/device/code",
                "token_endpoint": f"{call.base}/token",
                "userinfo_endpoint": f"{call.base}/v1/userinfo",
                "revocation_endpoint": f"{call.base}/revoke",
                "response_types_supported": ["code"],
                "scopes_supported": ["openid", "email", "profile"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
                "grant_types_supported": ["authorization_code", "refresh_token", GRANT_TYPE],
                "authorization_response_iss_parameter_supported": True,
            }
        )


def subject(user: str) -> str:
    """Return the identifier of a person, which never changes: 21 digits, as at Google."""
    return f"1{int.from_bytes(hashlib.sha256(user.encode()).digest()[:8], 'big'):020d}"
