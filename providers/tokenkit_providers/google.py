"""Google: Gmail, Calendar, Drive, Docs.

Sources: https://developers.google.com/identity/protocols/oauth2 with its pages /native-app, /web-server,
/limited-input-device, /scopes and /resources/granular-permissions, and #expiration for why refresh tokens end.
"""

from tokenkit import OAuth2, Scope

_AUTH = "https://www.googleapis.com/auth/"

SCOPES = {
    "openid": Scope("openid", "know which Google account it is", device=True, strength="identity"),
    "email": Scope(f"{_AUTH}userinfo.email", "see your email address", device=True, strength="identity"),
    "profile": Scope(f"{_AUTH}userinfo.profile", "see your name and picture", device=True, strength="identity"),
    "gmail.readonly": Scope(
        f"{_AUTH}gmail.readonly", "read your mail and its settings", service="Mail", strength="read"
    ),
    "gmail.send": Scope(f"{_AUTH}gmail.send", "send mail on your behalf", service="Mail", strength="add"),
    "gmail.compose": Scope(
        f"{_AUTH}gmail.compose", "manage your drafts and send mail", service="Mail", strength="write",
        includes=("gmail.send",),
    ),
    "gmail.modify": Scope(
        f"{_AUTH}gmail.modify", "read, write and send your mail, and move it to the bin", service="Mail",
        strength="write", includes=("gmail.readonly", "gmail.send", "gmail.compose"),
    ),
    "mail": Scope(
        "https://mail.google.com/", "read, write, send and delete for good all your mail", service="Mail",
        strength="full", includes=("gmail.readonly", "gmail.send", "gmail.compose", "gmail.modify"),
    ),
    "calendar.readonly": Scope(
        f"{_AUTH}calendar.readonly", "see your calendars and their events", service="Calendar", strength="read"
    ),
    "calendar.events": Scope(
        f"{_AUTH}calendar.events", "see and edit the events of all your calendars", service="Calendar", strength="write"
    ),
    "calendar": Scope(
        f"{_AUTH}calendar", "see, edit, share and delete for good all your calendars", service="Calendar",
        strength="full", includes=("calendar.readonly", "calendar.events"),
    ),
    "drive.readonly": Scope(
        f"{_AUTH}drive.readonly", "see and download all your files in Drive", service="Drive", strength="read"
    ),
    "drive": Scope(
        f"{_AUTH}drive", "see, edit, create and delete all your files in Drive", service="Drive", strength="full",
        includes=("drive.readonly",),
    ),
    "drive.file": Scope(
        f"{_AUTH}drive.file", "see and edit the files in Drive that you use with it", device=True,
        service="Chosen files in Drive", strength="write",
    ),
    "documents.readonly": Scope(
        f"{_AUTH}documents.readonly", "see all your documents in Docs", service="Docs", strength="read"
    ),
    "documents": Scope(
        f"{_AUTH}documents", "see, edit, create and delete all your documents in Docs", service="Docs", strength="full",
        includes=("documents.readonly",),
    ),
}  # fmt: skip
"""`email` and `profile` have the names of Google's answers, so that asked and granted scopes can be compared as sets.
Google's device flow takes the scopes marked for devices, and refuses Gmail, Calendar, Docs and the whole of Drive."""

_CONSOLE = "https://console.cloud.google.com"
_STEPS = {
    f"{_CONSOLE}/projectcreate": "Create a project for your assistant, or choose one that you have.",
    f"{_CONSOLE}/apis/library": "Enable the APIs that it is to use, as the Gmail API and the Google Calendar API.",
    f"{_CONSOLE}/auth/overview": "Say what the consent screen shows: a name and your address; audience: External.",
    f"{_CONSOLE}/auth/audience": "Publish the app: while it is in testing, every sign-in ends after seven days.",
    f"{_CONSOLE}/auth/clients": "Create a client of the type Desktop app, and download its JSON: it is shown once.",
}

_RESOURCES = (
    ("https://gmail.googleapis.com", ("/gmail", "/upload/gmail", "/batch")),
    ("https://www.googleapis.com", ("/calendar", "/drive", "/upload/drive", "/batch/calendar", "/batch/drive")),
    ("https://docs.googleapis.com", ("/v1/documents", "/batch")),
    ("https://sheets.googleapis.com", ("/v4/spreadsheets", "/batch")),  # the scopes of Drive are good there, too
)

_ENDED = (
    "Google has ended it: you removed the app, it was unused for six months, your password was changed while it could "
    "read mail, or newer sign-ins of the same app took its place; and an app that is still in testing is signed out "
    "every seven days, until it is set to In production in the Google Cloud console"
)

_REASONS = {
    "rapt": "your Workspace administrator requires that you confirm who you are again and again "
    "(https://support.google.com/a/answer/9368756); only the administrator can make that interval longer",
    "expired or revoked": _ENDED,
    "bad request": _ENDED,
    "invalid device flow scope": "the device flow is not open to one of these scopes, only a browser is",
}


def provider(*, base_url: str = "") -> OAuth2:
    """Return Google; `base_url` moves all of it under another address, a sandbox's."""

    def at(host: str, path: str) -> str:
        return f"{base_url.rstrip('/') or host}{path}"

    return OAuth2(
        name="google",
        title="Google",
        authorization_endpoint=at("https://accounts.google.com", "/o/oauth2/v2/auth"),
        token_endpoint=at("https://oauth2.googleapis.com", "/token"),
        revocation_endpoint=at("https://oauth2.googleapis.com", "/revoke"),
        device_authorization_endpoint=at("https://oauth2.googleapis.com", "/device/code"),
        userinfo_endpoint=at("https://openidconnect.googleapis.com", "/v1/userinfo"),
        issuer=at("https://accounts.google.com", ""),
        resource_hosts=tuple(dict.fromkeys(at(host, path) for host, paths in _RESOURCES for path in paths)),
        console_steps=_STEPS,
        console_url="https://console.cloud.google.com/apis/credentials",
        manage_url="https://myaccount.google.com/connections",
        scopes=SCOPES,
        default_scopes=("openid", "email"),
        identity_scopes=("openid", "email"),
        needs_secret=True,  # also for desktop clients, although it is no secret there
        authorization_parameters={
            "access_type": "offline",
            "include_granted_scopes": "true",
            "prompt": "consent",  # without it, an app that was allowed before gets no refresh token
        },
        name_paths=("email",),
        keeps_refresh_token=True,
        revocation_reach="client",
        reasons=_REASONS,
        sources={
            "*": "developers.google.com/identity/protocols/oauth2 and its pages, stored copies",
            # it shows a refresh that answers without one, and tells to go on using it as long as it remains valid
            "keeps_refresh_token": "developers.google.com/identity/protocols/oauth2/web-server#offline, as quoted",
            "subject_path": "developers.google.com/identity/openid-connect/reference",
            "name_paths": "developers.google.com/identity/openid-connect/reference",
            "resource_hosts": "developers.google.com: the REST references of Gmail, Drive and Sheets; for Calendar and "
            "Docs ten public programs; for batches google-api-python-client",
            "console_steps": "developers.google.com/workspace/guides: configure-oauth-consent and create-credentials; "
            "support.google.com/cloud: answers 15544987 (overview) and 15549257 (clients)",
        },
        checked="2026-11-28",
        unverified=("revocation_reach",),
    )
