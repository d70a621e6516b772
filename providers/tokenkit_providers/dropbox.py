"""Dropbox: files and folders.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, RevocationRequest, Scope, UserinfoRequest

SCOPES = Scope.by_value(
    Scope("account_info.read", "see your name and email address", strength="identity"),
    Scope("files.metadata.read", "see names and dates of your files", service="Files", strength="read"),
    Scope("files.content.read", "read your files", service="Files", strength="read", includes=("files.metadata.read",)),
    Scope(
        "files.metadata.write",
        "see and change details of your files",
        service="Files",
        strength="write",
        includes=("files.metadata.read",),
    ),
    Scope("files.content.write", "change and delete your files", service="Files", strength="write"),
    Scope("sharing.read", "see what you share and with whom", service="Sharing", strength="read"),
    Scope("sharing.write", "share your files and folders", service="Sharing", strength="full"),
    Scope("file_requests.read", "see your file requests", service="File requests", strength="read"),
    Scope("file_requests.write", "make file requests", service="File requests", strength="write"),
    Scope("contacts.read", "see your contacts", service="Contacts", strength="read"),
)


def provider() -> OAuth2:
    """Return Dropbox."""
    return OAuth2(
        name="dropbox",
        title="Dropbox",
        authorization_endpoint="https://www.dropbox.com/oauth2/authorize",
        token_endpoint="https://api.dropboxapi.com/oauth2/token",
        revocation_endpoint="https://api.dropboxapi.com/2/auth/token/revoke",
        userinfo_endpoint="https://api.dropboxapi.com/2/users/get_current_account",
        resource_hosts=("https://api.dropboxapi.com/2", "https://content.dropboxapi.com/2"),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://www.dropbox.com/developers/apps",
        manage_url="https://www.dropbox.com/account/connected_apps",
        scopes=SCOPES,
        authorization_parameters={"token_access_type": "offline"},
        userinfo=UserinfoRequest(method="POST", body="null"),
        revocation=RevocationRequest(which="access", sent_in="bearer"),
        revocation_reach="grant",
        default_expires_in=14400.0,
        subject_path="account_id",
        name_paths=("email", "name.display_name"),
        default_scopes=("account_info.read", "files.metadata.read"),
        identity_scopes=("account_info.read",),
        sources={
            "default_expires_in": "api-evangelist/dropbox 93b7c09: about four hours",
            "resource_hosts": "NangoHQ/nango; several public clients (content.dropboxapi.com)",
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "redirect_host": "organice PR 536: http://localhost, registered exactly",
            "console_url": "vellum-assistant",
            "authorization_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic, social-core, simov/grant, "
            "golang/oauth2",
            "token_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "revocation_endpoint": "arctic",
            "userinfo_endpoint": "next-auth, better-auth, social-core, simov/grant",
            "scopes": "NangoHQ/integration-templates, NangoHQ/nango, vellum-assistant",
            "*": "api-evangelist/dropbox 93b7c09",
        },
        checked="2026-11-28",
        unverified=(
            "manage_url",
            "scopes.file_requests.read",
            "scopes.file_requests.write",
            "scopes.contacts.read",
        ),
    )
