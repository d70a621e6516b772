"""What the person sees: consent screen, device form, plain notices. Every page says that this is a sandbox."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tokenkit.consent.pages import fill, page
from tokenkit.provider import Response

_PACKAGE = "tokenkit.sandbox.pages"


def consent_page(texts: Mapping[str, str], scopes: Mapping[str, str], redirect_uri: str, *, granular: bool) -> Response:
    """Make the consent screen; `texts` are title, client_id, user, nonce and action.

    `scopes` come with a sentence each, and can be unticked one by one where `granular`. The policy of the page allows
    the form to lead to the redirect URI's origin, since browsers check redirects after a form, too.
    """
    kind = "choice.html" if granular else "item.html"
    items = "".join(
        fill(_PACKAGE, kind, {"number": str(number), "scope": scope, "about": about})
        for number, (scope, about) in enumerate(scopes.items())
    )
    target = urlsplit(redirect_uri)
    form_action = f"'self' {target.scheme}://{target.netloc}" if target.netloc else "'self'"
    return page(_PACKAGE, "consent.html", texts, {"scopes": items}, form_action=form_action)


def device_page(title: str, action: str) -> Response:
    """Make the page where a person enters the code that a device shows."""
    return page(_PACKAGE, "device.html", {"title": title, "action": action}, form_action="'self'")


def notice(title: str, heading: str, message: str, status: int = 200) -> Response:
    """Make a page that only says something: an error, or the end."""
    return page(_PACKAGE, "notice.html", {"title": title, "heading": heading, "message": message}, status=status)
