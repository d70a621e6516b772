"""Stack Exchange: questions and answers.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("no_expiry", "stay signed in"),
    Scope("read_inbox", "read your inbox", service="Inbox", strength="read"),
    Scope("private_info", "see what only you can see of your profile", service="Private", strength="read"),
    Scope("write_access", "vote, comment and ask for you", service="Writing", strength="write"),
)


def provider() -> OAuth2:
    """Return Stack Exchange."""
    return OAuth2(
        name="stackexchange",
        title="Stack Exchange",
        authorization_endpoint="https://stackoverflow.com/oauth",
        token_endpoint="https://stackoverflow.com/oauth/access_token",
        resource_hosts=("https://api.stackexchange.com",),
        redirect_port=8765,
        console_url="https://stackapps.com/apps/oauth",
        manage_url="https://stackexchange.com/users/current",
        scopes=SCOPES,
        scope_separator=",",
        pkce=False,
        needs_secret=True,
        default_expires_in="never",
        default_scopes=("no_expiry",),
        identity_scopes=("no_expiry",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, golang/oauth2",
            "scopes": "NangoHQ/nango",
            "default_expires_in": "golang/oauth2, NangoHQ/nango: with no_expiry, asked always, it does not end",
            "*": "golang/oauth2, NangoHQ/nango: the answer is form-encoded; with the scope no_expiry the token does "
            "not end. Who it is wants the app's key beside the token, so it is not asked",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "console_url",
            "manage_url",
            "scopes.read_inbox",
            "scopes.private_info",
            "scopes.write_access",
        ),
    )
