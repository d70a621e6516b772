"""Nextcloud: files, calendars and notes of your own server.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, UserinfoRequest

NO_SERVER = (
    'it runs on a server of its own: in config.toml, under [providers.nextcloud], write base_url = "https://..."'
)


def provider(*, base_url: str = "") -> OAuth2:
    """Return Nextcloud; `base_url` is your server, such as ``https://cloud.example``."""
    base = base_url.rstrip("/") or "https://nowhere.invalid"
    return OAuth2(
        name="nextcloud",
        title="Nextcloud",
        authorization_endpoint=f"{base}/apps/oauth2/authorize",
        token_endpoint=f"{base}/apps/oauth2/api/v1/token",
        userinfo_endpoint=f"{base}/ocs/v2.php/cloud/user?format=json",
        resource_hosts=(f"{base}/ocs", f"{base}/remote.php/dav"),
        redirect_port=8765,
        console_url=f"{base}/settings/admin/security",
        manage_url=f"{base}/settings/user/security",
        retired="" if base_url else NO_SERVER,
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
