import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir))

from msal import ConfidentialClientApplication
from msal_extensions import FilePersistence, PersistedTokenCache


class NoNetwork:
    """Discovery is answered here; anything else would be a refresh, and fail."""

    def get(self, url, **kwargs):
        base = "https://login.microsoftonline.com/organizations"
        text = f'{{"authorization_endpoint": "{base}/authorize", "token_endpoint": "{base}/oauth2/v2.0/token", "issuer": "{base}/v2.0"}}'
        return type(
            "Answer", (), {"status_code": 200, "text": text, "headers": {}, "raise_for_status": lambda self: None}
        )()


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
