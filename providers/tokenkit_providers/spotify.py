"""Spotify.

Sources: https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow, /refreshing-tokens,
/concepts/scopes and /concepts/redirect_uri (a loopback redirect is an IP literal, ``localhost`` is refused), and
https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration (six months, counted from the authorization).
"""

from tokenkit import OAuth2, Scope

SIX_MONTHS = 182 * 86400.0
"""Seconds. The blog counts in months, and a warning should come a day early rather than a day late."""

SCOPES = Scope.by_value(
    Scope("user-read-email", "see your email address", strength="identity"),
    Scope("user-read-private", "see your country and your kind of subscription", strength="identity"),
    Scope("user-read-currently-playing", "see what is playing now", service="Playing", strength="read"),
    Scope(
            "user-read-playback-state", "see what is playing and on which device", service="Playing", strength="read",
            includes=("user-read-currently-playing",),
        ),
    Scope(
            "user-modify-playback-state", "play, pause, skip and change the volume", service="Playing",
            strength="write",
        ),
    Scope("user-read-recently-played", "see what you played lately", service="History", strength="read"),
    Scope("user-read-playback-position", "see where you stopped in an episode", service="History", strength="read"),
    Scope("user-top-read", "see the artists and tracks that you play most", service="History", strength="read"),
    Scope("user-library-read", "see what you saved", service="Library", strength="read"),
    Scope("user-library-modify", "save and remove tracks, albums and shows", service="Library", strength="write"),
    Scope("user-follow-read", "see who you follow", service="Following", strength="read"),
    Scope("user-follow-modify", "follow and unfollow for you", service="Following", strength="write"),
    Scope("playlist-read-private", "see your private playlists", service="Playlists", strength="read"),
    Scope(
            "playlist-read-collaborative", "see the playlists you share with others", service="Playlists",
            strength="read",
        ),
    Scope("playlist-modify-private", "change your private playlists", service="Playlists", strength="write"),
    Scope("playlist-modify-public", "change your public playlists", service="Playlists", strength="write"),
    Scope("streaming", "play music in this program"),
)  # fmt: skip

_ENDED = (
    "Spotify ends every sign-in six months after it was given, and earlier when you remove the app "
    "(https://www.spotify.com/account/apps/)"
)


def provider(*, base_url: str = "") -> OAuth2:
    """Return Spotify; `base_url` moves all of it under another address, a sandbox's."""
    base = base_url.rstrip("/")
    accounts, api = base or "https://accounts.spotify.com", base or "https://api.spotify.com"
    return OAuth2(
        name="spotify",
        title="Spotify",
        authorization_endpoint=f"{accounts}/authorize",
        token_endpoint=f"{accounts}/api/token",
        userinfo_endpoint=f"{api}/v1/me",
        issuer=accounts,
        resource_hosts=(f"{api}/v1",),
        redirect_host="127.0.0.1",
        console_url="https://developer.spotify.com/dashboard",
        manage_url="https://www.spotify.com/account/apps/",
        scopes=SCOPES,
        default_scopes=("user-read-email", "user-read-private"),
        client_auth="basic",
        refresh_lifetime=SIX_MONTHS,
        subject_path="id",
        name_paths=("email", "display_name"),
        reasons={"revoked": _ENDED, "expired": _ENDED, "invalid refresh token": _ENDED},
        sources={
            "*": "developer.spotify.com/documentation/web-api and its blog, stored copies",
            "resource_hosts": "a copy of Spotify's OpenAPI description",
            "subject_path": "a copy of Spotify's OpenAPI description",
            "name_paths": "a copy of Spotify's OpenAPI description",
        },
        checked="2026-11-28",
    )
