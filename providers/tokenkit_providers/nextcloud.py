"""Nextcloud: files, calendars and notes of your own server.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, UserinfoRequest, Variable


def provider() -> OAuth2:
    """Return Nextcloud."""
    return OAuth2(
        name="nextcloud",
        title="Nextcloud",
        variables={"server": Variable(about="your Nextcloud, such as https://cloud.example", kind="server", path=True)},
        authorization_endpoint="{server}/apps/oauth2/authorize",
        token_endpoint="{server}/apps/oauth2/api/v1/token",
        userinfo_endpoint="{server}/ocs/v2.php/cloud/user?format=json",
        resource_hosts=("{server}/ocs", "{server}/remote.php/dav"),
        redirect_port=8765,
        console_url="{server}/settings/admin/security",
        manage_url="{server}/settings/user/security",
        pkce=False,
        needs_secret=True,
        parameter_names={"scope": ""},
        userinfo=UserinfoRequest(headers={"OCS-APIRequest": "true"}),
        subject_path="ocs.data.id",
        name_paths=("ocs.data.email", "ocs.data.id"),
        sources={
            "resource_hosts": "Nextcloud administration manual by stored pages",
            "authorization_endpoint": "the provider's own pages",
            "token_endpoint": "the provider's own pages",
            "*": "Nextcloud administration manual by stored pages",
        },
        checked="2026-11-28",
        unverified=(
            "userinfo",
            "subject_path",
            "name_paths",
            "redirect_port",
            "console_url",
            "manage_url",
            "userinfo_endpoint",
        ),
    )
