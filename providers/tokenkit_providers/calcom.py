"""Cal.com: bookings and event types.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("PROFILE_READ", "see your profile", strength="identity"),
    Scope("BOOKING_READ", "see your bookings", service="Bookings", strength="read"),
    Scope(
        "BOOKING_WRITE",
        "create and cancel bookings",
        service="Bookings",
        strength="write",
        includes=("BOOKING_READ",),
    ),
    Scope("EVENT_TYPE_READ", "see your event types", service="Event types", strength="read"),
    Scope(
        "EVENT_TYPE_WRITE",
        "change your event types",
        service="Event types",
        strength="write",
        includes=("EVENT_TYPE_READ",),
    ),
    Scope("SCHEDULE_READ", "see your availability", service="Availability", strength="read"),
    Scope(
        "SCHEDULE_WRITE",
        "change your availability",
        service="Availability",
        strength="write",
        includes=("SCHEDULE_READ",),
    ),
)


def provider() -> OAuth2:
    """Return Cal.com."""
    return OAuth2(
        name="calcom",
        title="Cal.com",
        authorization_endpoint="https://app.cal.com/auth/oauth2/authorize",
        token_endpoint="https://api.cal.com/v2/auth/oauth2/token",
        userinfo_endpoint="https://api.cal.com/v2/me",
        resource_hosts=("https://api.cal.com/v2",),
        redirect_port=8765,
        console_url="https://app.cal.com/settings/developer/oauth",
        manage_url="https://app.cal.com/settings/security",
        scopes=SCOPES,
        request_format="json",
        subject_path="data.id",
        name_paths=("data.email", "data.username"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "*": "cal.com documentation: PKCE for public clients, JSON bodies",
        },
        checked="2026-11-28",
        unverified=(
            "scope_separator",
            "redirect_host",
            "userinfo_endpoint",
            "subject_path",
            "name_paths",
            "console_url",
            "manage_url",
            "scopes",
        ),
    )
