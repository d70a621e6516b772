"""Polar: training, sleep and recovery.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("accesslink.read_all", "see your training, activity, sleep and profile", service="Training", strength="read"),
)


def provider() -> OAuth2:
    """Return Polar."""
    return OAuth2(
        name="polar",
        title="Polar",
        authorization_endpoint="https://flow.polar.com/oauth2/authorization",
        token_endpoint="https://polarremote.com/v2/oauth2/token",
        resource_hosts=("https://www.polaraccesslink.com/v3",),
        redirect_port=8765,
        console_url="https://admin.polaraccesslink.com/",
        manage_url="https://account.polar.com/",
        scopes=SCOPES,
        client_auth="basic",
        pkce=False,
        needs_secret=True,
        default_expires_in="never",
        captured=("x_user_id",),
        subject_path="x_user_id",
        name_paths=("x_user_id",),
        default_scopes=("accesslink.read_all",),
        sources={
            "redirect_host": "public clients use http://127.0.0.1:5000",
            "authorization_endpoint": "several public clients",
            "token_endpoint": "several public clients",
            "*": "public clients",
        },
        checked="2026-11-28",
        unverified=(
            "default_expires_in",
            "client_auth",
            "captured",
            "subject_path",
            "resource_hosts",
            "console_url",
            "manage_url",
            "scopes",
        ),
    )
