"""Proof Key for Code Exchange (RFC 7636), with the method S256 only: ``plain`` would show the verifier (R23)."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from tokenkit.provider import Context


def unguessable(ctx: Context) -> str:
    """Return 256 random bits as 43 characters that are safe in a URL: a state, or a code verifier."""
    return _base64url(ctx.random(32))


def challenge(code_verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return _base64url(sha256(code_verifier.encode("ascii")).digest())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
