"""Oura: sleep, activity and readiness.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("email", "see your email address", strength="identity"),
    Scope("personal", "see age, weight, height and sex", strength="identity"),
    Scope("daily", "see sleep, activity and readiness of each day", service="Days", strength="read"),
    Scope("heartrate", "see your heart rate", service="Heart rate", strength="read"),
    Scope("workout", "see workouts", service="Workouts", strength="read"),
    Scope("tag", "see tags", service="Tags", strength="read"),
    Scope("session", "see sessions of breathing and meditation", service="Sessions", strength="read"),
    Scope("spo2", "see the oxygen in your blood", service="Oxygen", strength="read"),
)


def provider() -> OAuth2:
    """Return Oura."""
    return OAuth2(
        name="oura",
        title="Oura",
        authorization_endpoint="https://cloud.ouraring.com/oauth/authorize",
        token_endpoint="https://api.ouraring.com/oauth/token",
        userinfo_endpoint="https://api.ouraring.com/v2/usercollection/personal_info",
        resource_hosts=("https://api.ouraring.com/v2",),
        redirect_host="localhost",
        redirect_port=8080,
        console_url="https://cloud.ouraring.com/oauth/applications",
        manage_url="https://cloud.ouraring.com/user/settings",
        scopes=SCOPES,
        pkce=False,
        needs_secret=True,
        default_expires_in=86400.0,
        subject_path="id",
        name_paths=("email",),
        default_scopes=("personal", "email", "daily"),
        identity_scopes=("personal", "email"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "pkce": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "*": "the code sets of each endpoint; guides use http://localhost:8080; personal access tokens ended in "
            "2026-08",
        },
        checked="2026-11-28",
        unverified=(
            "userinfo_endpoint",
            "redirect_host",
            "redirect_port",
            "default_expires_in",
            "subject_path",
            "name_paths",
            "console_url",
            "manage_url",
            "scopes",
        ),
    )
