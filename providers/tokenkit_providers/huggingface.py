"""Hugging Face: models, data sets and spaces.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("openid", "know which account it is", strength="identity"),
    Scope("profile", "see your name and picture", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("read-repos", "read your private repositories", service="Repositories", strength="read"),
    Scope("write-repos", "change your repositories", service="Repositories", strength="write"),
    Scope("manage-repos", "create and delete your repositories", service="Repositories", strength="full"),
    Scope("inference-api", "run models in your name", service="Inference", strength="add"),
    Scope("read-billing", "see whether you pay", service="Billing", strength="read"),
)


def provider() -> OAuth2:
    """Return Hugging Face."""
    return OAuth2(
        name="huggingface",
        title="Hugging Face",
        authorization_endpoint="https://huggingface.co/oauth/authorize",
        token_endpoint="https://huggingface.co/oauth/token",
        userinfo_endpoint="https://huggingface.co/oauth/userinfo",
        issuer="https://huggingface.co",
        resource_hosts=(
            "https://huggingface.co/api",
            "https://api-inference.huggingface.co",
            "https://router.huggingface.co",
        ),
        redirect_port=8765,
        console_url="https://huggingface.co/settings/applications/new",
        manage_url="https://huggingface.co/settings/connected-applications",
        scopes=SCOPES,
        client_auth="basic",
        subject_path="sub",
        name_paths=("email", "preferred_username", "name"),
        default_scopes=("openid", "profile", "email"),
        identity_scopes=("openid", "profile"),
        sources={
            "subject_path": "better-auth, next-auth",
            "name_paths": "better-auth, next-auth",
            "authorization_endpoint": "better-auth",
            "token_endpoint": "better-auth",
            "userinfo_endpoint": "better-auth",
            "scopes": "next-auth, better-auth",
            "*": "better-auth, next-auth: OpenID discovery",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "issuer",
            "resource_hosts",
            "console_url",
            "manage_url",
        ),
    )
