"""Google Health: what Fitbit and others measured.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = {
    "openid": Scope("openid", "know which Google account it is", strength="identity"),
    "email": Scope("https://www.googleapis.com/auth/userinfo.email", "see your email address", strength="identity"),
    "activity.readonly": Scope(
        "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly",
        "see activity",
        service="Activity",
        strength="read",
    ),
    "sleep.readonly": Scope(
        "https://www.googleapis.com/auth/googlehealth.sleep.readonly", "see sleep", service="Sleep", strength="read"
    ),
    "metrics.readonly": Scope(
        "https://www.googleapis.com/auth/googlehealth.health_metrics_and_measurements.readonly",
        "see heart rate, weight and the like",
        service="Measures",
        strength="read",
    ),
    "nutrition.readonly": Scope(
        "https://www.googleapis.com/auth/googlehealth.nutrition.readonly",
        "see food and water",
        service="Nutrition",
        strength="read",
    ),
}


def provider() -> OAuth2:
    """Return Google Health."""
    return OAuth2(
        name="googlehealth",
        title="Google Health",
        authorization_endpoint="https://accounts.google.com/o/oauth2/v2/auth",
        token_endpoint="https://oauth2.googleapis.com/token",
        revocation_endpoint="https://oauth2.googleapis.com/revoke",
        userinfo_endpoint="https://openidconnect.googleapis.com/v1/userinfo",
        issuer="https://accounts.google.com",
        resource_hosts=("https://health.googleapis.com",),
        console_url="https://console.cloud.google.com/apis/credentials",
        manage_url="https://myaccount.google.com/connections",
        scopes=SCOPES,
        revocation_reach="client",
        needs_secret=True,
        authorization_parameters={"access_type": "offline", "prompt": "consent"},
        default_scopes=("openid", "email"),
        identity_scopes=("openid", "email"),
        name_paths=("email",),
        sources={
            "subject_path": "OpenID Connect Core",
            "name_paths": "OpenID Connect Core",
            "authorization_endpoint": "NangoHQ/nango, better-auth, arctic, simov/grant",
            "token_endpoint": "NangoHQ/nango, better-auth, arctic, simov/grant, golang/oauth2",
            "revocation_endpoint": "arctic",
            "scopes": "NangoHQ/nango",
            "*": "developers.google.com/health/about: the successor of Fitbit's API, all scopes are restricted; the "
            "rest as google",
        },
        checked="2026-11-28",
        unverified=(
            "resource_hosts",
            "userinfo_endpoint",
            "revocation_reach",
            "scopes.nutrition.readonly",
        ),
    )
