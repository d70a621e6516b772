"""One refresh by hand: httpx, AES-GCM, and a durable save. No lock, no look at anything else."""

import json
import os

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libraries import There, read, spent, write
from store import bare_save


class Library:
    way = staticmethod(lambda: httpx.post)
    """As most people write it: a client for each call."""

    def __init__(self, there: There) -> None:
        self.there = there
        self.key = AESGCM(AESGCM.generate_key(256))
        self.post = self.way()
        self.post(there.token_url, data={})  # what is loaded late is loaded, as in the others

    def ask(self) -> str:
        fields = {"grant_type": "refresh_token", "refresh_token": str(read(self.there.path)["refresh_token"])}
        fields |= {"client_id": self.there.client_id, "client_secret": self.there.client_secret}
        answer = self.post(self.there.token_url, data=fields)
        iv = os.urandom(12)
        bare_save(f"{self.there.path}.sealed", iv + self.key.encrypt(iv, answer.content, None))
        return str(json.loads(answer.content)["access_token"])


def seed(there: There, refresh_token: str) -> None:
    write(there.path, spent(refresh_token))


def refresh_token(there: There) -> str:
    return str(read(there.path)["refresh_token"])
