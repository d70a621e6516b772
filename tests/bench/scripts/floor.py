import json
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

with open(sys.argv[1], "rb") as file:
    data = file.read()
print(json.loads(AESGCM(data[:32]).decrypt(data[32:44], data[44:], None))["access_token"])
