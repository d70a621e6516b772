"""Splitwise: shared expenses.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2


def provider() -> OAuth2:
    """Return Splitwise."""
    return OAuth2(
        name="splitwise",
        title="Splitwise",
        authorization_endpoint="https://secure.splitwise.com/oauth/authorize",
        token_endpoint="https://secure.splitwise.com/oauth/token",
        userinfo_endpoint="https://secure.splitwise.com/api/v3.0/get_current_user",
        resource_hosts=("https://secure.splitwise.com/api/v3.0",),
        redirect_port=8765,
        console_url="https://secure.splitwise.com/apps",
        manage_url="https://secure.splitwise.com/account/settings",
        pkce=False,
        needs_secret=True,
        parameter_names={"scope": ""},
        default_expires_in="never",
        subject_path="user.id",
        name_paths=("user.email", "user.first_name"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango",
            "token_endpoint": "NangoHQ/nango",
            "*": "NangoHQ/nango; it has no scopes",
        },
        checked="2026-11-28",
        unverified=(
            "default_expires_in",
            "redirect_host",
            "userinfo_endpoint",
            "subject_path",
            "name_paths",
            "console_url",
            "manage_url",
        ),
    )
