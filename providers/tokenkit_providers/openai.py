"""OpenAI: the API, with a key. Signing in with ChatGPT registers its client in the callback, and is not described here.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import ApiKey, Field


def provider() -> ApiKey:
    """Return OpenAI's API."""
    return ApiKey(
        name="openai",
        title="OpenAI API",
        resource_hosts=("https://api.openai.com/v1",),
        fields={"key": Field(label="API key", where="https://platform.openai.com/api-keys")},
        userinfo_endpoint="https://api.openai.com/v1/models",
        manage_url="https://platform.openai.com/api-keys",
        sources={
            "fields": "several public clients",
            "manage_url": "several public clients",
            "*": "a copy of its API reference at apifox.com; several public clients",
        },
        checked="2026-11-28",
    )
