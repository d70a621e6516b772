"""Microsoft: Outlook mail, calendar, OneDrive, To Do, by Microsoft Graph.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, Variable

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("openid", "know which Microsoft account it is", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("profile", "see your name", strength="identity"),
    Scope("offline_access", "stay signed in while you are away"),
    Scope("User.Read", "see your profile", strength="identity"),
    Scope("Mail.Read", "read your mail", service="Mail", strength="read"),
    Scope("Mail.Send", "send mail on your behalf", service="Mail", strength="add"),
    Scope(
        "Mail.ReadWrite",
        "read, write, move and delete your mail",
        service="Mail",
        strength="write",
        includes=("Mail.Read",),
    ),
    Scope("Calendars.Read", "see your calendars", service="Calendar", strength="read"),
    Scope(
        "Calendars.ReadWrite",
        "see and change your calendars",
        service="Calendar",
        strength="write",
        includes=("Calendars.Read",),
    ),
    Scope("Files.Read", "read your files in OneDrive", service="OneDrive", strength="read"),
    Scope(
        "Files.ReadWrite",
        "read, change and delete your files in OneDrive",
        service="OneDrive",
        strength="write",
        includes=("Files.Read",),
    ),
    Scope("Tasks.Read", "see your tasks", service="To Do", strength="read"),
    Scope("Tasks.ReadWrite", "see and change your tasks", service="To Do", strength="write", includes=("Tasks.Read",)),
    Scope("Contacts.Read", "see your contacts", service="Contacts", strength="read"),
    Scope(
        "Contacts.ReadWrite",
        "see and change your contacts",
        service="Contacts",
        strength="write",
        includes=("Contacts.Read",),
    ),
    Scope("Notes.Read", "read your OneNote notebooks", service="OneNote", strength="read"),
    Scope(
        "Notes.ReadWrite",
        "read and change your OneNote notebooks",
        service="OneNote",
        strength="write",
        includes=("Notes.Read",),
    ),
    Scope("Chat.Read", "read your Teams chats", service="Teams", strength="read"),
)


def provider() -> OAuth2:
    """Return Microsoft."""
    return OAuth2(
        name="microsoft",
        title="Microsoft",
        variables={
            "tenant": Variable(
                about="a directory's id or domain; or consumers, organizations, or common for any account",
                default="common",
            )
        },
        authorization_endpoint="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        token_endpoint="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        device_authorization_endpoint="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
        userinfo_endpoint="https://graph.microsoft.com/oidc/userinfo",
        resource_hosts=("https://graph.microsoft.com/v1.0",),
        redirect_host="localhost",
        console_url="https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade",
        manage_url="https://account.live.com/consent/Manage",
        scopes=SCOPES,
        default_scopes=("openid", "email", "profile", "offline_access", "User.Read"),
        identity_scopes=("openid", "email", "profile", "offline_access"),
        refresh_scopes=True,
        idle_lifetime=90 * DAY,
        name_paths=("email", "preferred_username", "name"),
        reasons={
            "aadsts700082": "it was unused for 90 days",
            "aadsts70008": "it was unused for too long",
            "aadsts50173": "your password was changed, or an administrator ended your sign-ins",
            "aadsts50076": "your organisation wants a second factor",
            "aadsts65001": "consent is missing: you, or an administrator, must allow these permissions",
        },
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth, better-auth",
            "name_paths": "next-auth, better-auth",
            "redirect_host": "learn.microsoft.com/entra/identity-platform/scenario-desktop-app-registration",
            "authorization_endpoint": "NangoHQ/nango, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, better-auth, arctic, social-core, simov/grant, golang/oauth2",
            "userinfo_endpoint": "better-auth, arctic, simov/grant",
            "scopes": "NangoHQ/integration-templates, NangoHQ/nango, vellum-assistant",
            "*": "learn.microsoft.com pages, MSAL.NET #4688, nango blog (AADSTS codes)",
        },
        checked="2026-11-28",
        unverified=(
            "device_authorization_endpoint",
            "console_url",
            "manage_url",
            "reasons",
        ),
    )
