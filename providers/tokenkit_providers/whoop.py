"""WHOOP: strain, recovery and sleep.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("offline", "stay signed in while you are away"),
    Scope("read:profile", "see your name and email address", strength="identity"),
    Scope("read:recovery", "see recovery", service="Recovery", strength="read"),
    Scope("read:cycles", "see day strain", service="Strain", strength="read"),
    Scope("read:sleep", "see sleep", service="Sleep", strength="read"),
    Scope("read:workout", "see workouts", service="Workouts", strength="read"),
    Scope("read:body_measurement", "see height and weight", service="Body", strength="read"),
)


def provider() -> OAuth2:
    """Return WHOOP."""
    return OAuth2(
        name="whoop",
        title="WHOOP",
        authorization_endpoint="https://api.prod.whoop.com/oauth/oauth2/auth",
        token_endpoint="https://api.prod.whoop.com/oauth/oauth2/token",
        userinfo_endpoint="https://api.prod.whoop.com/developer/v2/user/profile/basic",
        resource_hosts=("https://api.prod.whoop.com/developer",),
        redirect_port=8765,
        console_url="https://developer-dashboard.whoop.com/",
        manage_url="https://app.whoop.com/settings/profile/app-integrations",
        scopes=SCOPES,
        needs_secret=True,
        refresh_parameters={"scope": "offline"},
        subject_path="user_id",
        name_paths=("email", "first_name"),
        default_scopes=("read:profile", "offline"),
        identity_scopes=("read:profile", "offline"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "userinfo_endpoint": "several public clients: the first version of the API has ended",
            "subject_path": "several public clients",
            "name_paths": "several public clients",
            "scopes": "NangoHQ/nango",
            "*": "developer.whoop.com, by stored pages: the refresh repeats scope=offline",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "console_url",
            "manage_url",
            "scopes.read:profile",
            "scopes.read:recovery",
            "scopes.read:cycles",
            "scopes.read:sleep",
            "scopes.read:workout",
            "scopes.read:body_measurement",
        ),
    )
