"""The Spotify flavour: public clients or Basic, all scopes or none, no revocation, an end after six months.

Sources: https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow, /refreshing-tokens,
/concepts/redirect_uri and /concepts/api-calls.
"""

import hashlib
from collections.abc import Mapping
from typing import NoReturn, cast
from urllib.parse import urlsplit

from tokenkit.provider import Response
from tokenkit.sandbox.call import Call, Refused, json_answer
from tokenkit.sandbox.documented import SPOTIFY_API, SPOTIFY_TOKEN
from tokenkit.sandbox.flavour import Route
from tokenkit.sandbox.ledger import Ledger
from tokenkit.sandbox.oauth2 import Lifetimes, OAuth2Flavour
from tokenkit.sandbox.registry import Client, Registry

SCOPES: Mapping[str, str] = {
    "user-read-email": "see your email address",
    "user-read-private": "see your country and kind of subscription",
    "user-read-playback-state": "see what is playing and on which device",
    "user-modify-playback-state": "play, pause and skip",
    "user-read-currently-playing": "see what is playing now",
    "user-read-recently-played": "see what you played lately",
    "user-read-playback-position": "see where you stopped in an episode",
    "user-top-read": "see what you play most",
    "user-library-read": "see what you saved",
    "user-library-modify": "save and remove music",
    "user-follow-read": "see who you follow",
    "user-follow-modify": "follow and unfollow for you",
    "playlist-read-private": "see your private playlists",
    "playlist-read-collaborative": "see the playlists you share",
    "playlist-modify-private": "change your private playlists",
    "playlist-modify-public": "change your public playlists",
    "streaming": "play music here",
}

SIX_MONTHS = 182 * 86400.0
"""Seconds, counted from the authorization (https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration)."""

TRACKS = ("Karma Police", "Weird Fishes", "Everything in Its Right Place", "Pyramid Song", "Daydreaming")

SEARCH_TYPES = frozenset({"album", "artist", "playlist", "track", "show", "episode", "audiobook"})


class Spotify(OAuth2Flavour):
    """Plays Spotify."""

    name = "spotify"
    title = "Spotify"
    prefixes: Mapping[str, str] = {"code": "AQ", "access": "BQ", "refresh": "AQ"}
    errors = SPOTIFY_TOKEN
    own_refresh_lifetime = SIX_MONTHS
    unknown_refresh_refusal = "invalid_refresh_token"
    expired_refresh_refusal = "expired_refresh_token"

    def __init__(self, ledger: Ledger, registry: Registry, lifetimes: Lifetimes, *, rotates: bool) -> None:
        super().__init__(ledger, registry, lifetimes, rotates=rotates)
        self._playing: dict[str, str] = {}

    def routes(self) -> Mapping[str, Route]:
        """Return the paths of Spotify's two hosts, below one prefix."""
        return {
            "/authorize": Route("GET", "authorize", self.authorize),
            "/consent": Route("POST", "", self.consent),
            "/api/token": Route("POST", "token", self.token),
            "/v1/me": Route("GET", "userinfo", self.me),
            "/v1/search": Route("GET", "api", self.search),
            "/v1/me/player": Route("GET", "api", self.player),
            "/v1/me/player/play": Route("PUT", "api", self.play),
        }

    def refuse_redirect_uri(self, redirect_uri: str) -> NoReturn:
        """Refuse ``localhost`` with words of its own: http is for loopback IP addresses only."""
        insecure = urlsplit(redirect_uri).hostname == "localhost"
        self.complain(f"INVALID_CLIENT: {'Insecure' if insecure else 'Invalid'} redirect URI", redirect_uri)

    def authenticated_client(self, call: Call) -> Client:
        """Accept a public client by its name, since PKCE proves the rest; a secret that is given must be right."""
        client, secret = self.named_client(call)
        if secret is not None and not client.accepts(secret):
            self.refuse("wrong_secret")
        return client

    def why_not_admitted(self, call: Call) -> str:
        """Tell a missing, an unknown and an expired token apart, as Spotify does."""
        if not call.bearer:
            return "no_token"
        access = self.ledger.access.get(call.bearer)
        return "invalid_token" if access is None or access.family.revoked else "expired_token"

    # The Web API.

    def me(self, call: Call) -> Response:
        """Play *Get Current User's Profile*: the e-mail address only with its scope."""
        access = self.admitted(call, SPOTIFY_API)
        user = access.family.user
        identifier = hashlib.sha256(user.encode()).hexdigest()[:26]
        email = {"email": user} if "user-read-email" in access.scopes else {}
        names = {"id": identifier, "display_name": user.partition("@")[0], "uri": f"spotify:user:{identifier}"}
        return json_answer({**names, **email, "type": "user"})

    def search(self, call: Call) -> Response:
        """Play *Search for Item*, over five tracks."""
        self.admitted(call, SPOTIFY_API)
        query, types = call.query.get("q", ""), call.query.get("type", "").split(",")
        if not query:
            raise Refused(SPOTIFY_API["missing_query"])
        if not SEARCH_TYPES.issuperset(types):
            raise Refused(SPOTIFY_API["unknown_type"])
        found = [track(name) for name in TRACKS if query.lower() in name.lower()]
        results = {f"{kind}s": {"items": found if kind == "track" else [], "total": len(found)} for kind in types}
        return json_answer(results)

    def player(self, call: Call) -> Response:
        """Play *Get Playback State*: 204 when nothing plays."""
        access = self.admitted(call, SPOTIFY_API, "user-read-playback-state")
        name = self._playing.get(access.family.user)
        return Response(204) if name is None else json_answer({"is_playing": True, "item": track(name)})

    def play(self, call: Call) -> Response:
        """Play *Start Playback*: the first of ``uris``, or the first track there is."""
        access = self.admitted(call, SPOTIFY_API, "user-modify-playback-state")
        wanted = call.fields.get("uris")
        uris = cast(list[object], wanted) if isinstance(wanted, list) else []
        names = (name for name in TRACKS if not uris or track(name)["uri"] == uris[0])
        self._playing[access.family.user] = next(names, TRACKS[0])
        return Response(204)


def track(name: str) -> dict[str, str]:
    """Make a track object."""
    identifier = hashlib.sha256(name.encode()).hexdigest()[:22]
    return {"id": identifier, "name": name, "type": "track", "uri": f"spotify:track:{identifier}"}
