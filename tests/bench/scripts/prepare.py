"""usage: prepare.py PATH TOKEN_URL CLIENT_ID CLIENT_SECRET HOME      a good token for each of the peers' scripts"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir))

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from libraries import There, padded, spent, with_msal, write
from msal_extensions import FilePersistence, PersistedTokenCache

there, home = There(*sys.argv[1:5]), sys.argv[5]
good = {**spent("refresh"), "access_token": padded(1), "expires_at": int(time.time()) + 36_000}
write(there.path, good)
google = {"token": padded(1), "refresh_token": "refresh", "client_id": "client", "client_secret": "secret"}
write(there.path + ".google", google)
with_msal.add(PersistedTokenCache(FilePersistence(there.path + ".msal")), padded(1), "refresh", "client", 36_000)
key, iv = os.urandom(32), os.urandom(12)
with open(os.path.join(home, "floor.bin"), "wb") as file:
    file.write(key + iv + AESGCM(key).encrypt(iv, json.dumps(good).encode(), None))
