"""The *Authorize* button of a dashboard and the page behind it: an ASGI app to mount, safe by construction.

``app.mount("/connect", authorize_app(kit))``
"""

from tokenkit.web.app import authorize_app

__all__ = ["authorize_app"]
