"""email-oauth2-proxy: ``emailproxy.config``, a section for an address, its tokens sealed with the mail password.

Source: ``emailproxy.py`` of simonrob/email-oauth2-proxy (``Cryptographer``: Fernet, its key by PBKDF2-SHA256 from the
password, ``token_salt`` in base64 and ``token_iterations``; 100,000 of them where it names none, 1,200,000 at most).
What a section does not say stands in that of its domain, ``[@example.com]``, or in ``[@]``, where
``allow_catch_all_accounts`` is on.
"""

import base64
from collections.abc import Iterator, Mapping

from tokenkit.errors import UsageError
from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, client_in, scopes_in
from tokenkit.importing.guessing import host_of
from tokenkit.importing.rclone import sections
from tokenkit.token import Secret

ROUNDS = (1_200_000, 100_000)
"""The rounds of PBKDF2 that its versions use; a section may name others."""

MOST_ROUNDS = 10_000_000
"""A section that names more would keep the machine busy for minutes: it is damaged."""


def read(file: SourceFile) -> Iterator[Found]:
    """Yield a sealed grant for each address that has one; `Found.unlock` opens it."""
    every = sections(file.text)
    for address, own in every.items():
        section = {**every.get("@", {}), **every.get(f"@{address.rpartition('@')[2]}", {}), **own}
        if "token_url" in section and "refresh_token" in own:
            yield _found(address, section)


def _found(address: str, section: Mapping[str, str]) -> Found:
    sealed = Found(
        "email-oauth2-proxy",
        scopes=scopes_in(section.get("oauth2_scope")),
        provider=host_of(section["token_url"]),
        entry=address,
        account=address,
        client=client_in(section),
        issuer=section["token_url"],
        issuer_in="token_url",
    )

    def unlock(password: str) -> Found:
        return _unlocked(sealed, section, password)

    return sealed.but(unlock=unlock)


def _unlocked(sealed: Found, section: Mapping[str, str], password: str) -> Found:
    """Return the grant opened; raises `UsageError` for another password, or a section that is damaged."""
    named = section.get("token_iterations", "")
    rounds = {int(named)} if named.isdecimal() and len(named) < 10 else set[int]()
    opened = ""
    for each in sorted({*rounds, *ROUNDS}):
        opened = opened or (_opened(section, password, each) if 0 < each <= MOST_ROUNDS else "")
    if not opened:  # raised out here: the error of the decryption does not come along (R35)
        raise UsageError(
            f"that password does not open the tokens of {sealed.entry}",
            hint="it is the one that your mail program logs in to the proxy with",
        )
    return sealed.but(refresh_token=Secret(opened), unlock=None)


def _opened(section: Mapping[str, str], password: str, rounds: int) -> str:
    from cryptography.fernet import Fernet, InvalidToken
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    try:
        salt = base64.b64decode(section.get("token_salt", ""))
        key = PBKDF2HMAC(SHA256(), length=32, salt=salt, iterations=rounds).derive(password.encode())
        return Fernet(base64.urlsafe_b64encode(key)).decrypt(section["refresh_token"].encode()).decode()
    except (ValueError, InvalidToken):
        return ""
