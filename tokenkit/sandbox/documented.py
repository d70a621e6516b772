"""The errors that the providers document, as they send them. The flavours answer them, and faults name them.

Sources: Google, https://developers.google.com/identity/protocols/oauth2/web-server and the error reference of the Gmail
API; Spotify, https://developer.spotify.com/documentation/web-api/concepts/api-calls and /quota-modes; Pocket,
https://getpocket.com/developer/docs/authentication and /errors; plain, RFC 6749, 6750 and 8628.
"""

from collections.abc import Mapping

from tokenkit.provider import Response
from tokenkit.sandbox.call import NO_STORE, json_answer

Errors = Mapping[str, Response]


def oauth_error(error: str, description: str, status: int = 400, **members: str) -> Response:
    """Make an error of a token endpoint (RFC 6749 section 5.2)."""
    return json_answer({"error": error, "error_description": description, **members}, status, NO_STORE)


def bearer_error(error: str, status: int) -> Response:
    """Make an error of a resource server (RFC 6750 section 3): it is in the header."""
    return json_answer({"error": error}, status, (("WWW-Authenticate", f'Bearer error="{error}"'),))


def google_error(status: int, word: str, message: str, reason: str, challenge: str = "") -> Response:
    """Make an error of Google's APIs."""
    detail = {"message": message, "domain": "global", "reason": reason}
    members = {"error": {"code": status, "message": message, "errors": [detail], "status": word}}
    realm = 'Bearer realm="https://accounts.google.com/"'
    return json_answer(members, status, (("WWW-Authenticate", f"{realm}, error={challenge}"),) if challenge else ())


def spotify_error(status: int, message: str, **members: str) -> Response:
    """Make an error of Spotify's Web API."""
    return json_answer({"error": {"status": status, "message": message}, **members}, status)


def pocket_error(status: int, code: int, message: str) -> Response:
    """Make an error of Pocket: it is in the headers, the body says nothing."""
    phrase = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}
    headers = (("Content-Type", "text/html; charset=UTF-8"), ("X-Error", message), ("X-Error-Code", str(code)))
    return Response(status, headers, f"{status} {phrase.get(status, 'Error')}".encode())


GOOGLE_TOKEN: Errors = {
    "invalid_grant": oauth_error("invalid_grant", "Token has been expired or revoked."),
    "bad_request": oauth_error("invalid_grant", "Bad Request"),
    "malformed_code": oauth_error("invalid_grant", "Malformed auth code."),
    "invalid_verifier": oauth_error("invalid_grant", "Invalid code verifier."),
    "redirect_uri_mismatch": oauth_error("redirect_uri_mismatch", "Bad Request"),
    "invalid_rapt": oauth_error(
        "invalid_grant",
        "reauth related error (invalid_rapt)",
        error_uri="https://support.google.com/a/answer/9368756",
        error_subtype="invalid_rapt",
    ),
    "missing_secret": oauth_error("invalid_request", "client_secret is missing."),
    "invalid_client": oauth_error("invalid_client", "The OAuth client was not found.", 401),
    "wrong_secret": oauth_error("invalid_client", "Unauthorized", 401),
    "deleted_client": oauth_error("deleted_client", "The OAuth client was deleted.", 401),
    "unauthorized_client": oauth_error("unauthorized_client", "Unauthorized", 401),
    "org_internal": oauth_error("org_internal", "This client is restricted to users within its organization.", 403),
    "admin_policy_enforced": oauth_error("admin_policy_enforced", "Access is blocked by an administrator."),
    "rate_limit_exceeded": oauth_error("rate_limit_exceeded", "Rate Limit Exceeded", 403),
    "internal_failure": oauth_error("internal_failure", "Backend Error", 500),
    "authorization_pending": oauth_error("authorization_pending", "Precondition Required", 428),
    "slow_down": oauth_error("slow_down", "Forbidden", 403),
    "access_denied": oauth_error("access_denied", "Forbidden", 403),
    "expired_token": oauth_error("expired_token", "Expired Token"),
}

GOOGLE_REVOKE: Errors = {
    "invalid_token": oauth_error("invalid_token", "Token expired or revoked"),
    "missing_token": oauth_error("invalid_request", "Missing required parameter: token"),
    "unavailable": oauth_error("internal_failure", "Backend Error", 503),
}

GOOGLE_API: Errors = {
    "unauthenticated": google_error(
        401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", "authError", '"invalid_token"'
    ),
    "insufficient_scope": google_error(
        403,
        "PERMISSION_DENIED",
        "Request had insufficient authentication scopes.",
        "insufficientPermissions",
        '"insufficient_scope"',
    ),
    "invalid_argument": google_error(
        400, "INVALID_ARGUMENT", "'raw' RFC822 payload message required", "invalidArgument"
    ),
    "rate_limit_exceeded": google_error(
        429, "RESOURCE_EXHAUSTED", "Too many concurrent requests for user", "rateLimitExceeded"
    ),
    "backend_error": google_error(503, "UNAVAILABLE", "The service is currently unavailable.", "backendError"),
}

SPOTIFY_TOKEN: Errors = {
    "invalid_grant": oauth_error("invalid_grant", "Refresh token revoked"),
    "invalid_refresh_token": oauth_error("invalid_grant", "Invalid refresh token"),
    "expired_refresh_token": oauth_error("invalid_grant", "Refresh token expired"),
    "invalid_code": oauth_error("invalid_grant", "Invalid authorization code"),
    "invalid_verifier": oauth_error("invalid_grant", "code_verifier was incorrect"),
    "redirect_uri_mismatch": oauth_error("invalid_grant", "Invalid redirect URI"),
    "invalid_client": oauth_error("invalid_client", "Invalid client"),
    "wrong_secret": oauth_error("invalid_client", "Invalid client secret"),
    "server_error": oauth_error("server_error", "Something went wrong", 500),
    "unavailable": oauth_error("temporarily_unavailable", "Service Unavailable", 503),
}

_LATER = (("Retry-After", "30"),)

SPOTIFY_API: Errors = {
    "no_token": spotify_error(401, "No token provided"),
    "invalid_token": spotify_error(401, "Invalid access token"),
    "expired_token": spotify_error(401, "The access token expired"),
    "insufficient_scope": spotify_error(403, "Insufficient client scope"),
    "missing_query": spotify_error(400, "No search query"),
    "unknown_type": spotify_error(400, "Bad search type field"),
    "rate_limit": json_answer({"error": {"status": 429, "message": "API rate limit exceeded"}}, 429, _LATER),
    "quota_exceeded": spotify_error(429, "Quota exceeded", reason="QUOTA_EXCEEDED"),
    "unavailable": spotify_error(503, "Service unavailable"),
}

_POCKET_BOTH: Errors = {
    "missing_consumer_key": pocket_error(400, 138, "Missing consumer key."),
    "invalid_consumer_key": pocket_error(403, 152, "Invalid consumer key."),
    "server_issue": pocket_error(503, 199, "Pocket server issue."),
}

POCKET_REQUEST: Errors = {
    **_POCKET_BOTH,
    "missing_redirect_url": pocket_error(400, 140, "Missing redirect url."),
    "invalid_redirect_uri": pocket_error(400, 181, "Invalid redirect uri."),
}

POCKET_TOKEN: Errors = {
    **_POCKET_BOTH,
    "invalid_redirect_uri": pocket_error(400, 181, "Invalid redirect uri."),
    "missing_code": pocket_error(400, 182, "Missing code."),
    "code_not_found": pocket_error(400, 185, "Code not found."),
    "rejected_code": pocket_error(403, 158, "User rejected code."),
    "used_code": pocket_error(403, 159, "Already used code."),
}

POCKET_API: Errors = {
    **_POCKET_BOTH,
    "bad_request": pocket_error(400, 130, "Bad request"),
    "invalid_token": pocket_error(401, 107, "A valid access token is required to access the requested API endpoint."),
    "no_permission": pocket_error(403, 151, "Your consumer key does not have permission to do that."),
    "rate_limit": Response(
        403,
        (
            ("X-Error", "Rate limit exceeded."),
            ("X-Limit-User-Limit", "320"),
            ("X-Limit-User-Remaining", "0"),
            ("X-Limit-User-Reset", "1800"),
        ),
        b"403 Forbidden",
    ),
    "maintenance": pocket_error(503, 199, "Pocket server issue."),
}

PLAIN_TOKEN: Errors = {
    code: oauth_error(code, "refused by the sandbox", 401 if code == "invalid_client" else 400)
    for code in (
        *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"),
        *("unsupported_grant_type", "invalid_scope"),
        *("authorization_pending", "slow_down", "access_denied", "expired_token"),
    )
}
"""RFC 6749 section 5.2, and RFC 8628 section 3.5."""

PLAIN_API: Errors = {
    "unauthenticated": Response(401, (("WWW-Authenticate", "Bearer"),)),
    "invalid_token": bearer_error("invalid_token", 401),
    "insufficient_scope": bearer_error("insufficient_scope", 403),
    "invalid_request": bearer_error("invalid_request", 400),
}
"""RFC 6750 section 3.1."""

DOCUMENTED: Mapping[tuple[str, str], Errors] = {
    ("google", "token"): GOOGLE_TOKEN,
    ("google", "revoke"): GOOGLE_REVOKE,
    ("google", "userinfo"): GOOGLE_API,
    ("google", "api"): GOOGLE_API,
    ("spotify", "token"): SPOTIFY_TOKEN,
    ("spotify", "userinfo"): SPOTIFY_API,
    ("spotify", "api"): SPOTIFY_API,
    ("pocket", "request"): POCKET_REQUEST,
    ("pocket", "token"): POCKET_TOKEN,
    ("pocket", "api"): POCKET_API,
    ("plain", "token"): PLAIN_TOKEN,
    ("plain", "userinfo"): PLAIN_API,
    ("plain", "api"): PLAIN_API,
}
"""By flavour and endpoint, under the names that `Authority.next` takes as `error`."""
