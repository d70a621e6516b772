"""Trello: boards and cards. It has no OAuth 2: a page of its own shows a token, or puts it into the address.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import ApiKey, Field

AUTHORIZE = "https://trello.com/1/authorize?expiration=never&name=tokenkit&scope=read,write&response_type=token"


def provider() -> ApiKey:
    """Return Trello. The API key of a Power-Up is its client id."""
    return ApiKey(
        name="trello",
        title="Trello",
        resource_hosts=("https://api.trello.com/1",),
        fields={
            "token": Field(
                label="token",
                about="Allow it on that page, then copy the token that it shows, or the whole address.",
                where=f"{AUTHORIZE}&key={{client_id}}",
                fragment="token",
            )
        },
        token_headers={"Authorization": 'OAuth oauth_consumer_key="{client_id}", oauth_token="{token}"'},
        userinfo_endpoint="https://api.trello.com/1/members/me",
        subject_path="id",
        name_paths=("email", "username", "fullName"),
        needs_client=True,
        revocation_endpoint="https://api.trello.com/1/tokens/{token}",
        console_url="https://trello.com/power-ups/admin",
        manage_url="https://trello.com/my/account",
        sources={
            "token_headers": "hazecodeio/utils-sandbox, after developer.atlassian.com/cloud/trello",
            "subject_path": "mrrefactoring.github.io/trello.js",
            "revocation_endpoint": "mrrefactoring.github.io/trello.js, api-evangelist/trello",
            "*": "developer.atlassian.com/cloud/trello/guides/rest-api/authorization (2025-06-24)",
        },
        checked="2026-11-28",
        unverified=("manage_url", "name_paths"),
    )
