"""The ID token (OpenID Connect Core), as far as it says whose account it is.

It comes from the token endpoint over TLS, which takes the place of its signature (section 3.1.3.7, step 6).
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import cast

from tokenkit.errors import CallbackRefused
from tokenkit.flows.paths import jwt_claims
from tokenkit.token import Secret


def nonce(state: str) -> str:
    """Return the nonce of the sign-in with that state: nobody without the state can tell it."""
    return urlsafe_b64encode(sha256(f"nonce {state}".encode()).digest()).rstrip(b"=").decode()


def check_id_token(title: str, id_token: Secret | None, *, issuer: str, client_id: str, nonce: str) -> None:
    """Refuse an answer whose ID token is not for this client, issuer and sign-in; an empty one of them is not compared.

    Raises `CallbackRefused`, which quotes nothing.
    """
    claims = jwt_claims(id_token.reveal()) if id_token else {}
    audience = claims.get("aud")
    audiences = cast(list[object], audience) if isinstance(audience, list) else [audience]
    said = claims.get("nonce")
    if not claims:
        fault = "holds no ID token"
    elif client_id not in audiences:
        fault = "holds an ID token for another client"
    elif issuer and claims.get("iss") != issuer:
        fault = "holds an ID token of another issuer"
    elif nonce and not (isinstance(said, str) and hmac.compare_digest(said.encode(), nonce.encode())):
        fault = "holds an ID token of another sign-in"
    else:
        return
    raise CallbackRefused(f"the answer of {title} {fault}", hint="sign in again")
