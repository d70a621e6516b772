"""msal with msal-extensions' file cache. Its token endpoint is fixed: an HTTP client of ours sends what it posts on."""

import base64
import json
from typing import Any

import requests
from msal import ConfidentialClientApplication, TokenCache
from msal_extensions import FilePersistence, PersistedTokenCache

from libraries import SCOPE, There, padded

HOME_ACCOUNT = "me.tenant"
AUTHORITY = "https://login.microsoftonline.com/organizations"
CLIENT_INFO = base64.urlsafe_b64encode(b'{"uid":"me","utid":"tenant"}').decode().rstrip("=")

READS_AT_START = False


class Answer:
    def __init__(self, status: int, text: str) -> None:
        self.status_code, self.text, self.headers = status, text, {"Content-Type": "application/json"}

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise requests.HTTPError(str(self.status_code))


class Detour:
    """What msal calls ``http_client``."""

    def __init__(self, token_url: str) -> None:
        self.token_url = token_url
        self.session = requests.Session()

    def get(self, url: str, **kwargs: Any) -> Answer:
        base = AUTHORITY
        metadata = {
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "issuer": f"{base}/v2.0",
        }
        return Answer(200, json.dumps(metadata))

    def post(self, url: str, data: dict[str, str] | None = None, **kwargs: Any) -> Answer:
        asked = {name: value for name, value in (data or {}).items() if name not in ("client_info", "scope", "claims")}
        answer = self.session.post(self.token_url, data=asked, timeout=30)
        members = answer.json()
        if answer.ok:
            members.update(client_info=CLIENT_INFO, scope=SCOPE)
            members.pop("id_token", None)
        return Answer(answer.status_code, json.dumps(members))

    def close(self) -> None:
        self.session.close()


class Library:
    def __init__(self, there: There) -> None:
        self.cache = PersistedTokenCache(FilePersistence(there.path))
        self.application = ConfidentialClientApplication(
            there.client_id,
            client_credential=there.client_secret,
            authority=AUTHORITY,
            instance_discovery=False,
            token_cache=self.cache,
            http_client=Detour(there.token_url),
        )

    def ask(self) -> str:
        account = self.application.get_accounts()[0]
        result = self.application.acquire_token_silent([SCOPE], account)
        if not result or "access_token" not in result:
            raise PermissionError
        return str(result["access_token"])

    def save(self, number: int) -> None:
        add(self.cache, padded(number), "refresh", "me")

    def load(self) -> None:
        if not self.application.get_accounts():
            raise ValueError


def add(cache: TokenCache, access_token: str, refresh_token: str, client_id: str, expires_in: int = 1) -> None:
    claims = {"sub": "me", "oid": "me", "tid": "tenant", "aud": client_id, "preferred_username": "me@example.com"}
    parts = ({"alg": "none"}, claims, {})
    id_token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    cache.add(
        {
            "client_id": client_id,
            "scope": [SCOPE],
            "token_endpoint": "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
            "response": {
                "access_token": access_token,
                "refresh_token": refresh_token,
                "expires_in": expires_in,
                "token_type": "Bearer",
                "id_token": id_token,
                "client_info": CLIENT_INFO,
            },
        }
    )


def seed(there: There, refresh_token: str) -> None:
    add(PersistedTokenCache(FilePersistence(there.path)), "spent", refresh_token, there.client_id)


def multiply(there: There, total: int) -> None:
    """Fill the file up with copies of the one account: msal keeps all of them in one document."""
    with open(there.path, encoding="utf-8") as file:
        cache = json.load(file)
    for kind, entries in cache.items():
        if kind != "AppMetadata":
            text = json.dumps(entries)
            for number in range(1, total):
                entries.update(json.loads(text.replace(HOME_ACCOUNT, f"me{number}.tenant")))
    with open(there.path, "w", encoding="utf-8") as file:
        json.dump(cache, file)


def refresh_token(there: There) -> str:
    with open(there.path, encoding="utf-8") as file:
        return str(next(iter(json.load(file)["RefreshToken"].values()))["secret"])
