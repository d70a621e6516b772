import json
import sys

from authlib.integrations.requests_client import OAuth2Session

with open(sys.argv[1], encoding="utf-8") as file:
    session = OAuth2Session("client", "secret", token=json.load(file), token_endpoint="http://127.0.0.1:9/token")
session.ensure_active_token(session.token)
print(session.token["access_token"])
