"""Netatmo: weather, heating and cameras.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("read_station", "see your weather station", service="Weather", strength="read"),
    Scope("read_thermostat", "see your heating", service="Heating", strength="read"),
    Scope("write_thermostat", "change your heating", service="Heating", strength="write"),
    Scope("read_camera", "see your cameras and events", service="Cameras", strength="read"),
    Scope("access_camera", "see live pictures", service="Cameras", strength="full"),
    Scope("read_presence", "see your outdoor cameras", service="Outdoor cameras", strength="read"),
    Scope("read_homecoach", "see your air monitor", service="Air", strength="read"),
    Scope("read_smokedetector", "see your smoke detectors", service="Smoke", strength="read"),
)


def provider() -> OAuth2:
    """Return Netatmo."""
    return OAuth2(
        name="netatmo",
        title="Netatmo",
        authorization_endpoint="https://api.netatmo.com/oauth2/authorize",
        token_endpoint="https://api.netatmo.com/oauth2/token",
        resource_hosts=("https://api.netatmo.com/api",),
        redirect_port=8765,
        console_url="https://dev.netatmo.com/apps/",
        manage_url="https://home.netatmo.com/settings/my-account",
        scopes=SCOPES,
        pkce=False,
        needs_secret=True,
        default_expires_in=10800.0,
        default_scopes=("read_station",),
        sources={
            "resource_hosts": "several public clients",
            "default_expires_in": "philippelt/netatmo-api-python 73",
            "token_endpoint": "several public clients",
            "*": "philippelt/netatmo-api-python 73",
        },
        checked="2026-11-28",
        unverified=(
            "authorization_endpoint",
            "redirect_host",
            "console_url",
            "manage_url",
            "scopes",
        ),
    )
