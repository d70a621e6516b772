import json
import os
import sys

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

url, path = sys.argv[1:]
with open(path, "rb") as file:
    data = file.read()
key, iv = data[:32], os.urandom(12)
record = json.loads(AESGCM(key).decrypt(data[32:44], data[44:], None))
with httpx.Client() as client:
    answer = client.post(url, data={"grant_type": "refresh_token", "refresh_token": record["refresh_token"]})
record["answer"] = len(answer.content)
with open(path + ".new", "wb") as file:
    file.write(key + iv + AESGCM(key).encrypt(iv, json.dumps(record).encode(), None))
    file.flush()
    os.fsync(file.fileno())
os.replace(path + ".new", path)
print(record["access_token"])
