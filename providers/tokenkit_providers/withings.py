"""Withings: weight, sleep and activity.

What is known of it, and from where, stands in `sources`; what is not confirmed, in `unverified`.
"""

from tokenkit import AnswerShape, OAuth2, Scope

DAY = 86400.0

SCOPES = Scope.by_value(
    Scope("user.info", "see your profile", strength="identity"),
    Scope("user.metrics", "see weight, blood pressure and the like", service="Measures", strength="read"),
    Scope("user.activity", "see activity and sleep", service="Activity", strength="read"),
    Scope("user.sleepevents", "be told when you go to bed and get up", service="Sleep", strength="read"),
)


def provider() -> OAuth2:
    """Return Withings."""
    return OAuth2(
        name="withings",
        title="Withings",
        authorization_endpoint="https://account.withings.com/oauth2_user/authorize2",
        token_endpoint="https://wbsapi.withings.net/v2/oauth2",
        resource_hosts=("https://wbsapi.withings.net",),
        redirect_port=8765,
        console_url="https://developer.withings.com/dashboard/",
        manage_url="https://account.withings.com/partner/apps",
        scopes=SCOPES,
        scope_separator=",",
        pkce=False,
        needs_secret=True,
        default_expires_in=10800.0,
        idle_lifetime=365 * DAY,
        token_parameters={"action": "requesttoken"},
        refresh_parameters={"action": "requesttoken"},
        answer=AnswerShape(path="body", success="status"),
        captured=("body.userid",),
        subject_path="body.userid",
        name_paths=("body.userid",),
        default_scopes=("user.info",),
        sources={
            "resource_hosts": "several public clients",
            "authorization_endpoint": "arctic, simov/grant, golang/oauth2",
            "token_endpoint": "arctic, simov/grant",
            "*": "Withings developer page: the old refresh token lives 8 hours, or until the new one is used; "
            "refusals come with HTTP 200",
        },
        checked="2026-11-28",
        unverified=(
            "redirect_host",
            "console_url",
            "manage_url",
            "scopes",
        ),
    )
