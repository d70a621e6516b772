import json
import os
import sys
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir))

from msal import ConfidentialClientApplication
from msal_extensions import FilePersistence, PersistedTokenCache


class NoNetwork:
    """Discovery is answered here; anything else would be a refresh, and fail."""

    def get(self, url, **kwargs):
        base = "https://login.microsoftonline.com/organizations"
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "oauth2/v2.0/token", "issuer": "v2.0"}
        text = json.dumps({name: f"{base}/{end}" for name, end in ends.items()})
        return SimpleNamespace(status_code=200, text=text, headers={}, raise_for_status=lambda: None)


application = ConfidentialClientApplication(
    "client",
    client_credential="secret",
    authority="https://login.microsoftonline.com/organizations",
    instance_discovery=False,
    token_cache=PersistedTokenCache(FilePersistence(sys.argv[1] + ".msal")),
    http_client=NoNetwork(),
)
scope = "https://www.googleapis.com/auth/gmail.readonly"
print(application.acquire_token_silent([scope], application.get_accounts()[0])["access_token"])
