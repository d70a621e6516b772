"""Sentry: errors of your programs.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("org:read", "see organisations", service="Organisation", strength="read"),
    Scope("project:read", "see projects", service="Projects", strength="read"),
    Scope("project:write", "change projects", service="Projects", strength="write"),
    Scope("team:read", "see teams", service="Teams", strength="read"),
    Scope("event:read", "see errors and issues", service="Errors", strength="read"),
    Scope("event:write", "resolve and assign issues", service="Errors", strength="write"),
    Scope("member:read", "see members", service="Members", strength="read"),
)


def provider() -> OAuth2:
    """Return Sentry."""
    return OAuth2(
        name="sentry",
        title="Sentry",
        authorization_endpoint="https://sentry.io/oauth/authorize/",
        token_endpoint="https://sentry.io/oauth/token/",
        resource_hosts=("https://sentry.io/api/0", "https://us.sentry.io/api/0", "https://de.sentry.io/api/0"),
        redirect_port=8765,
        console_url="https://sentry.io/settings/account/api/applications/",
        manage_url="https://sentry.io/settings/account/authorizations/",
        scopes=SCOPES,
        default_expires_in=2592000.0,
        captured=("user.id", "user.email"),
        subject_path="user.id",
        name_paths=("user.email",),
        default_scopes=("project:read", "event:read", "org:read"),
        needs_secret=True,
        sources={
            "resource_hosts": "NangoHQ/nango",
            "redirect_host": "sectapunterx/heap, OAUTH-SETUP: http on 127.0.0.1",
            "authorization_endpoint": "sentry.io/.well-known/oauth-authorization-server, stored copy",
            "token_endpoint": "sentry.io/.well-known/oauth-authorization-server, stored copy",
            "scopes": "sentry.io/.well-known/oauth-authorization-server, stored copy",
            "captured": "getsentry/sentry, oauth_token.py",
            "subject_path": "getsentry/sentry, oauth_token.py",
            "name_paths": "getsentry/sentry, oauth_token.py",
            "console_url": "docs.n8n.io, Sentry.io credentials; developers.frontegg.com",
            "*": "Sentry documentation by stored pages",
        },
        checked="2026-11-28",
        unverified=("manage_url",),
    )
