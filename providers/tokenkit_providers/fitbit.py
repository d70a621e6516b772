"""Fitbit: steps, heart rate and sleep, until 2026.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2


def provider() -> OAuth2:
    """Return Fitbit."""
    return OAuth2(
        name="fitbit",
        title="Fitbit",
        authorization_endpoint="https://www.fitbit.com/oauth2/authorize",
        token_endpoint="https://api.fitbit.com/oauth2/token",
        resource_hosts=("https://api.fitbit.com/1",),
        redirect_port=8765,
        console_url="https://developers.google.com/health/about",
        manage_url="https://myaccount.google.com/connections",
        retired="its web API and its OAuth ended on 2026-11-02 and answer 410 Gone; Google Health took its place: "
        "tokenkit login googlehealth",
        sources={"retired": "developers.google.com/health/about", "*": "NangoHQ/nango, for the addresses that it had"},
        checked="2026-11-28",
        unverified=("resource_hosts", "manage_url", "authorization_endpoint", "token_endpoint"),
    )
