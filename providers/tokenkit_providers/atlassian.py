"""Atlassian: Jira and Confluence in the cloud.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import Ended, OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("read:me", "see your name and email address", strength="identity"),
    Scope("offline_access", "stay signed in while you are away"),
    Scope("read:jira-work", "see issues and projects", service="Jira", strength="read"),
    Scope("write:jira-work", "create and change issues", service="Jira", strength="write"),
    Scope("read:jira-user", "see people in Jira", service="Jira people", strength="read"),
    Scope("manage:jira-project", "manage projects", service="Jira projects", strength="full"),
    Scope("read:confluence-content.all", "read pages", service="Confluence", strength="read"),
    Scope("write:confluence-content", "write pages", service="Confluence", strength="write"),
    Scope("search:confluence", "search pages", service="Confluence", strength="read"),
    Scope("read:confluence-space.summary", "see spaces", service="Confluence", strength="read"),
)


def provider() -> OAuth2:
    """Return Atlassian."""
    return OAuth2(
        name="atlassian",
        title="Atlassian",
        authorization_endpoint="https://auth.atlassian.com/authorize",
        token_endpoint="https://auth.atlassian.com/oauth/token",
        userinfo_endpoint="https://api.atlassian.com/me",
        resource_hosts=("https://api.atlassian.com",),
        redirect_port=8765,
        console_url="https://developer.atlassian.com/console/myapps/",
        manage_url="https://id.atlassian.com/manage-profile/apps",
        scopes=SCOPES,
        needs_secret=True,
        request_format="json",
        authorization_parameters={"audience": "api.atlassian.com", "prompt": "consent"},
        default_expires_in=3600.0,
        refresh_lifetime=365 * DAY,
        idle_lifetime=90 * DAY,
        subject_path="account_id",
        name_paths=("email", "name"),
        default_scopes=("read:me", "offline_access"),
        identity_scopes=("read:me", "offline_access"),
        ended=(
            Ended(
                status=403,
                code="unauthorized_client",
                fragment="refresh_token is invalid",
                reason="it was unused for 90 days, is a year old, or an older refresh token was used",
            ),
        ),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth, better-auth",
            "name_paths": "next-auth, better-auth",
            "redirect_host": "sectapunterx/heap, OAUTH-SETUP: 127.0.0.1 alone, one callback an app",
            "authorization_parameters": "NangoHQ/nango, social-core",
            "ended": "raycast/extensions 11836",
            "authorization_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic, social-core, simov/grant",
            "token_endpoint": "NangoHQ/nango, next-auth, better-auth, arctic, social-core, simov/grant",
            "userinfo_endpoint": "next-auth, better-auth, arctic, simov/grant",
            "scopes": "NangoHQ/nango, NangoHQ/integration-templates, social-core",
            "*": "Atlassian's announcement of 2022 (rotating refresh tokens); gitguardian",
        },
        checked="2026-11-28",
        unverified=(
            "manage_url",
            "console_url",
            "scopes.search:confluence",
        ),
    )
