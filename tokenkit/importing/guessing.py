"""Who issued a grant, told by its looks: where neither the person nor the file says it."""

from urllib.parse import urlsplit

from tokenkit.importing.found import Found
from tokenkit.provider import Provider

HOSTS = {
    "accounts.google.com": "google",
    "oauth2.googleapis.com": "google",
    "www.googleapis.com": "google",
    "accounts.spotify.com": "spotify",
    "login.microsoftonline.com": "microsoft",
    "login.windows.net": "microsoft",
    "login.live.com": "microsoft",
    "github.com": "github",
}
"""The hosts of token endpoints, past ones too."""

_SCOPES = {
    "https://www.googleapis.com/auth/": "google",
    "https://mail.google.com/": "google",
    "https://graph.microsoft.com/": "microsoft",
    "https://outlook.office": "microsoft",
    "user-": "spotify",
    "playlist-": "spotify",
}
"""How scopes begin; Spotify's are of its own making."""

_TOKENS = {"ya29.": "google", "1//": "google", "gho_": "github", "ghu_": "github", "ghr_": "github"}
"""How tokens begin: `docs.github.com <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>`_
for GitHub; Google documents none, and has kept to these for ten years."""


def issuer_of(found: Found) -> str:
    """Return the name of the provider that seems to have issued it; empty where nothing tells."""
    return found.provider or host_of(found.issuer) or looks_of(found)


def host_of(url: str) -> str:
    """Return the provider whose token endpoint is at that address; empty for none that is known."""
    try:
        return HOSTS.get(urlsplit(url).hostname or "", "")
    except ValueError:
        return ""


def is_of(url: str, provider: Provider) -> bool:
    """Tell whether a token endpoint at that address is the provider's, by its host: of today, or a past one."""
    if host_of(url) == provider.name:
        return True
    own = {urlsplit(each).hostname for each in (provider.token_endpoint, provider.issuer) if each}
    try:
        return urlsplit(url).hostname in own
    except ValueError:
        return False


def looks_of(found: Found) -> str:
    """Return the provider of whose making the scopes and tokens look; empty where they look of nobody's."""
    tokens = [found.refresh_token.reveal()] if found.refresh_token else []
    tokens += [found.access_token.value] if found.access_token else []
    for table, values in ((_SCOPES, sorted(found.scopes)), (_TOKENS, tokens)):
        for start, provider in table.items():
            if any(value.startswith(start) for value in values):
                return provider
    return ""
