"""Facebook: your profile and pages.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import OAuth2, Scope

SCOPES = Scope.by_value(
    Scope("public_profile", "see your name and picture", strength="identity"),
    Scope("email", "see your email address", strength="identity"),
    Scope("user_posts", "see your posts", service="Posts", strength="read"),
    Scope("user_photos", "see your photos", service="Photos", strength="read"),
    Scope("user_friends", "see friends who use the app", service="Friends", strength="read"),
    Scope("pages_show_list", "see your pages", service="Pages", strength="read"),
    Scope("pages_read_engagement", "see posts of your pages", service="Pages", strength="read"),
    Scope("pages_manage_posts", "post on your pages", service="Pages", strength="write"),
)


def provider() -> OAuth2:
    """Return Facebook."""
    return OAuth2(
        name="facebook",
        title="Facebook",
        authorization_endpoint="https://www.facebook.com/v22.0/dialog/oauth",
        token_endpoint="https://graph.facebook.com/v22.0/oauth/access_token",
        userinfo_endpoint="https://graph.facebook.com/me?fields=id,name,email",
        resource_hosts=("https://graph.facebook.com",),
        redirect_host="localhost",
        redirect_port=8765,
        console_url="https://developers.facebook.com/apps/",
        manage_url="https://www.facebook.com/settings?tab=applications",
        scopes=SCOPES,
        scope_separator=",",
        pkce=False,
        needs_secret=True,
        default_expires_in=5184000.0,
        subject_path="id",
        name_paths=("email", "name"),
        default_scopes=("public_profile", "email"),
        identity_scopes=("public_profile",),
        sources={
            "resource_hosts": "NangoHQ/nango",
            "subject_path": "next-auth",
            "name_paths": "next-auth",
            "authorization_endpoint": "NangoHQ/nango, golang/oauth2",
            "token_endpoint": "NangoHQ/nango, golang/oauth2",
            "userinfo_endpoint": "next-auth, better-auth, arctic, simov/grant",
            "scopes": "NangoHQ/integration-templates, better-auth, NangoHQ/nango",
            "*": "the code sets of each endpoint; it has no refresh token, so a sign-in lasts 60 days at most; the "
            "version in the address ages",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "default_expires_in",
            "manage_url",
            "console_url",
            "scopes.user_posts",
            "scopes.user_photos",
        ),
    )
