"""The device authorization grant (RFC 8628) at the sandbox: a short code, the page to enter it on, and the poll."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tokenkit.provider import Response
from tokenkit.sandbox.call import NO_STORE, Call, json_answer
from tokenkit.sandbox.flavour import Decision
from tokenkit.sandbox.ledger import Asked, Family, Ledger
from tokenkit.sandbox.oauth2 import Lifetimes, OAuth2Flavour
from tokenkit.sandbox.pages import device_page, notice
from tokenkit.sandbox.registry import Client, Registry

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
LASTS = 1800.0
INTERVAL = 5.0
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters that are not taken for one another, and make no words (RFC 8628 section 6.1)."""


@dataclass(slots=True)
class Device:
    """A device that waits for its code to be entered. `family` is set once the person has allowed it."""

    asked: Asked
    device_code: str = field(repr=False)
    ends_at: float
    polled_at: float
    denied: bool = False
    family: Family | None = None


class DeviceFlavour(OAuth2Flavour):
    """A provider that speaks OAuth 2 and has the device flow. A subclass says who may begin it, and at which path."""

    device_prefix = "device-"
    device_page = "/enter-code"
    """Where a person enters the code, below the flavour."""
    unknown_device_refusal = "invalid_grant"
    verification_name = "verification_uri"

    def __init__(self, ledger: Ledger, registry: Registry, lifetimes: Lifetimes, *, rotates: bool) -> None:
        super().__init__(ledger, registry, lifetimes, rotates=rotates)
        self.grants[GRANT_TYPE] = self.poll
        self._devices: dict[str, Device] = {}

    def give_codes(self, call: Call, client: Client, scopes: Sequence[str]) -> Response:
        """Give out a device code and the code that a person enters (section 3.2)."""
        device_code, user_code = self.ledger.secret(self.device_prefix), self._user_code()
        now = self.ledger.now()
        asked = Asked(self.name, client.client_id, scopes=tuple(scopes), user_code=user_code)
        self._devices[user_code] = Device(asked, device_code, now + LASTS, polled_at=now)
        members: dict[str, Any] = {
            "device_code": device_code,
            "user_code": user_code,
            self.verification_name: f"{call.base}{self.device_page}",
            "expires_in": int(LASTS),
            "interval": int(INTERVAL),
        }
        return json_answer(members, headers=NO_STORE)

    def _user_code(self) -> str:
        digest = hashlib.sha256(self.ledger.secret().encode()).digest()
        letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:8])
        return f"{letters[:4]}-{letters[4:]}"

    def enter_code(self, call: Call) -> Response:
        """Take the code that a device shows, and ask for consent."""
        user_code = call.query.get("user_code", "").strip().upper()
        if not user_code:
            return device_page(self.title, f"/{self.name}{self.device_page}")
        device = self._devices.get(user_code)
        if device is None or device.family is not None or self.ledger.now() >= device.ends_at:
            self.complain("That code is not known", "It was used, has expired, or is misspelled.", 404)
        return self.present(device.asked)

    def decided(self, asked: Asked, decision: Decision, call: Call) -> Response:
        """Tell a device's poll what was decided, or send the browser back."""
        if not asked.user_code:
            return super().decided(asked, decision, call)
        device = self._devices.get(asked.user_code)
        if device is None or device.family is not None:
            self.complain("That code is not known", "It was used already.", 404)
        if not decision.allowed:
            device.denied = True
            return notice(self.title, "Denied", "Your device gets no access. You can close this window.")
        device.family, _ = self.consented(asked, decision)
        return notice(self.title, "Connected", "Your device is signed in. You can close this window.")

    def poll(self, call: Call, client: Client) -> Response:
        """Answer a device that asks whether the person has decided (section 3.5)."""
        value, now = call.field("device_code"), self.ledger.now()
        device = next((device for device in self._devices.values() if device.device_code == value), None)
        if device is None or device.asked.client_id != client.client_id:
            self.refuse(self.unknown_device_refusal)
        early = now < device.polled_at + INTERVAL
        device.polled_at = now
        if now >= device.ends_at:
            self.refuse("expired_token")
        if device.denied:
            self.refuse("access_denied")
        if early:
            self.refuse("slow_down")
        if device.family is None:
            self.refuse("authorization_pending")
        del self._devices[device.asked.user_code]
        refresh_token = self.ledger.new_refresh(self.prefixes["refresh"], device.family)
        return self.answer(device.family, device.family.scopes, refresh_token)
