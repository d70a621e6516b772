"""Basecamp: projects and to-dos.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2


def provider() -> OAuth2:
    """Return Basecamp."""
    return OAuth2(
        name="basecamp",
        title="Basecamp",
        authorization_endpoint="https://launchpad.37signals.com/authorization/new",
        token_endpoint="https://launchpad.37signals.com/authorization/token",
        userinfo_endpoint="https://launchpad.37signals.com/authorization.json",
        resource_hosts=("https://3.basecampapi.com",),
        redirect_port=8765,
        console_url="https://launchpad.37signals.com/integrations",
        manage_url="https://launchpad.37signals.com/authorizations",
        pkce=False,
        needs_secret=True,
        parameter_names={"scope": ""},
        authorization_parameters={"type": "web_server"},
        token_parameters={"type": "web_server"},
        refresh_parameters={"type": "refresh"},
        default_expires_in=1209600.0,
        subject_path="identity.id",
        name_paths=("identity.email_address",),
        sources={
            "token_parameters": "NangoHQ/nango",
            "authorization_endpoint": "NangoHQ/nango, simov/grant",
            "token_endpoint": "NangoHQ/nango, simov/grant",
            "userinfo_endpoint": "simov/grant",
            "*": "NangoHQ/nango, simov/grant; it has no scopes",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "resource_hosts",
            "subject_path",
            "name_paths",
            "manage_url",
            "authorization_parameters",
            "console_url",
            "default_expires_in",
        ),
    )
