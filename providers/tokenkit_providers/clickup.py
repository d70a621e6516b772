"""ClickUp: tasks and docs.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2


def provider() -> OAuth2:
    """Return ClickUp."""
    return OAuth2(
        name="clickup",
        title="ClickUp",
        authorization_endpoint="https://app.clickup.com/api",
        token_endpoint="https://api.clickup.com/api/v2/oauth/token",
        userinfo_endpoint="https://api.clickup.com/api/v2/user",
        resource_hosts=("https://api.clickup.com/api",),
        redirect_port=8765,
        console_url="https://app.clickup.com/settings/apps",
        manage_url="https://app.clickup.com/settings/apps",
        pkce=False,
        needs_secret=True,
        parameter_names={"scope": ""},
        default_expires_in="never",
        subject_path="user.id",
        name_paths=("user.email", "user.username"),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "redirect_host": "sectapunterx/heap, OAUTH-SETUP: http on 127.0.0.1 is taken, and may end",
            "authorization_endpoint": "NangoHQ/nango, next-auth",
            "token_endpoint": "NangoHQ/nango, next-auth",
            "userinfo_endpoint": "next-auth",
            "*": "the code sets of each endpoint; it has no scopes and its tokens do not end",
        },
        checked="2026-11-28",
        unverified=(
            "subject_path",
            "name_paths",
            "manage_url",
            "console_url",
            "default_expires_in",
        ),
    )
