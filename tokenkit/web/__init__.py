"""The *Authorize* button of a dashboard and the page behind it: an ASGI app to mount, safe by construction.

``app.mount("/connect", authorize_app(kit))``
"""

from tokenkit.shell import extra_command

try:
    from tokenkit.web.app import authorize_app
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"tokenkit.web needs the package {error.name}, which the extra 'web' brings: "
        f"{extra_command('web')} (or: uv add 'tokenkit-oauth[web]')",
        name=error.name,
    ) from None

__all__ = ["authorize_app"]
