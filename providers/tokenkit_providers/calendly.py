"""Calendly: event types and bookings.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("users:read", "see your profile", strength="identity"),
    Scope("event_types:read", "see your event types", service="Event types", strength="read"),
    Scope("scheduled_events:read", "see your bookings", service="Bookings", strength="read"),
    Scope("scheduled_events:write", "cancel bookings", service="Bookings", strength="write"),
    Scope("availability:read", "see your availability", service="Availability", strength="read"),
)


def provider() -> OAuth2:
    """Return Calendly."""
    return OAuth2(
        name="calendly",
        title="Calendly",
        authorization_endpoint="https://auth.calendly.com/oauth/authorize",
        token_endpoint="https://auth.calendly.com/oauth/token",
        revocation_endpoint="https://auth.calendly.com/oauth/revoke",
        userinfo_endpoint="https://api.calendly.com/users/me",
        resource_hosts=("https://api.calendly.com",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://developer.calendly.com/console/apps",
        manage_url="https://calendly.com/integrations",
        scopes=SCOPES,
        client_auth="basic",
        needs_secret=True,
        default_expires_in=7200.0,
        revocation_reach="grant",
        subject_path="resource.uri",
        name_paths=("resource.email", "resource.name"),
        reasons={"invalid_grant": "an older refresh token was used: each serves once"},
        sources={
            "resource_hosts": "NangoHQ/nango",
            "redirect_host": "Calendly developer pages: http://localhost for sandbox apps, https for production",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "revocation_endpoint": "several public clients",
            "userinfo_endpoint": "the provider's own pages",
            "scopes": "NangoHQ/integration-templates",
            "*": "Calendly developer pages; a connector design of 2026-07-21 (single use refresh tokens, for all by "
            "2026-08-31)",
        },
        checked="2026-11-28",
        unverified=(
            "subject_path",
            "name_paths",
            "revocation_reach",
            "console_url",
            "manage_url",
            "scopes.users:read",
            "scopes.scheduled_events:write",
            "scopes.availability:read",
        ),
    )
