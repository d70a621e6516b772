"""Zoho: mail, calendar and CRM.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope, Variable

SCOPES = Scope.by_value(
    Scope("AaaServer.profile.READ", "see your name and email address", strength="identity"),
    Scope("ZohoMail.messages.READ", "read your mail", service="Mail", strength="read"),
    Scope(
        "ZohoMail.messages.ALL",
        "read, write and delete your mail",
        service="Mail",
        strength="full",
        includes=("ZohoMail.messages.READ",),
    ),
    Scope("ZohoCalendar.event.ALL", "see and change events", service="Calendar", strength="write"),
    Scope("ZohoCRM.modules.READ", "see records of the CRM", service="CRM", strength="read"),
    Scope(
        "ZohoCRM.modules.ALL",
        "see, change and delete records of the CRM",
        service="CRM",
        strength="full",
        includes=("ZohoCRM.modules.READ",),
    ),
    Scope("ZohoCRM.users.READ", "see users of the CRM", service="CRM people", strength="read"),
)


def provider() -> OAuth2:
    """Return Zoho."""
    return OAuth2(
        name="zoho",
        title="Zoho",
        variables={
            "data_center": Variable(
                about="where your Zoho account is kept",
                choices=("com", "eu", "in", "com.au", "jp", "sa", "uk"),
                default="com",
                redirect_parameter="accounts-server",
            )
        },
        authorization_endpoint="https://accounts.zoho.{data_center}/oauth/v2/auth",
        token_endpoint="https://accounts.zoho.{data_center}/oauth/v2/token",
        revocation_endpoint="https://accounts.zoho.{data_center}/oauth/v2/token/revoke",
        userinfo_endpoint="https://accounts.zoho.{data_center}/oauth/user/info",
        resource_hosts=(
            "https://www.zohoapis.{data_center}",
            "https://mail.zoho.{data_center}/api",
            "https://calendar.zoho.{data_center}/api",
        ),
        redirect_port=8765,
        console_url="https://api-console.zoho.com/",
        manage_url="https://accounts.zoho.{data_center}/home#sessions/connectedapps",
        scopes=SCOPES,
        scope_separator=",",
        needs_secret=True,
        authorization_parameters={"access_type": "offline", "prompt": "consent"},
        revocation_reach="token",
        subject_path="ZUID",
        name_paths=("Email",),
        default_scopes=("AaaServer.profile.READ",),
        identity_scopes=("AaaServer.profile.READ",),
        sources={
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "authorization_endpoint": "NangoHQ/nango, next-auth",
            "token_endpoint": "next-auth",
            "scopes": "NangoHQ/integration-templates, NangoHQ/nango",
            "variables": "zoho.com/accounts/protocol/oauth/multi-dc.html, bigin.com/developer/docs/apis/multi-dc.html",
            "*": "a connector design of 2026-07-21 that quotes Zoho CRM v8 pages: at most 20 live refresh tokens a "
            "person; the callback names another data centre in accounts-server",
        },
        checked="2026-11-28",
        unverified=(
            "pkce",
            "redirect_host",
            "revocation_endpoint",
            "revocation_reach",
            "userinfo_endpoint",
            "resource_hosts",
            "authorization_parameters",
            "console_url",
            "manage_url",
        ),
    )
