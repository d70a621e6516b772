"""Fastmail: mail by JMAP (RFC 8620), with an API token that a person makes for themselves.

Its OAuth is for registered apps that are given to others. What is known of it, and from where, stands in `sources`;
what is not confirmed, in `unverified`.
"""

from tokenkit import ApiKey, Field


def provider() -> ApiKey:
    """Return Fastmail."""
    return ApiKey(
        name="fastmail",
        title="Fastmail",
        resource_hosts=("https://api.fastmail.com/jmap",),
        fields={
            "token": Field(
                label="API token",
                about="Settings, Privacy & Security, Integrations: give it only the scopes that you need.",
                where="https://www.fastmail.com/settings/security/tokens",
            )
        },
        userinfo_endpoint="https://api.fastmail.com/jmap/session",
        subject_path="username",
        name_paths=("username",),
        manage_url="https://www.fastmail.com/settings/security/tokens",
        sources={
            "subject_path": "RFC 8620 section 2",
            "name_paths": "RFC 8620 section 2",
            "fields": "TomasHubelbauer/fastmail; www.fastmail.com/for-developers (where in the settings)",
            "manage_url": "TomasHubelbauer/fastmail",
            "*": "fastmail.com/developer/integrating-with-fastmail",
        },
        checked="2026-11-28",
    )
