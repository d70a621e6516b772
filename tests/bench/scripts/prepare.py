"""A good token for each of the peers' scripts.

usage: prepare.py PATH TOKEN_URL CLIENT_ID CLIENT_SECRET HOME REFRESH_TOKEN
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir))

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from libraries import There, padded, spent, with_msal, write
from msal_extensions import FilePersistence, PersistedTokenCache

there, home, refresh_token = There(*sys.argv[1:5]), sys.argv[5], sys.argv[6]
good = {**spent("refresh"), "access_token": padded(1), "expires_at": int(time.time()) + 36_000}
write(there.path, good)
google = {"token": padded(1), "refresh_token": "refresh", "client_id": "client", "client_secret": "secret"}
write(there.path + ".google", google)
write(there.path + ".mcp", {"access_token": padded(1), "refresh_token": "refresh", "token_type": "Bearer"})
with_msal.add(PersistedTokenCache(FilePersistence(there.path + ".msal")), padded(1), "refresh", "client", 36_000)
kept = {**good, "refresh_token": refresh_token, "client_id": there.client_id, "client_secret": there.client_secret}
key, iv = os.urandom(32), os.urandom(12)
with open(os.path.join(home, "floor.bin"), "wb") as file:
    file.write(key + iv + AESGCM(key).encrypt(iv, json.dumps(kept).encode(), None))
