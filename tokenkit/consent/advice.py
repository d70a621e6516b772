"""What to say to a person who does not come back: the provider may show them an error page of its own."""

from tokenkit.consent.redirect import fixed_redirect_uri, other_loopback
from tokenkit.provider import Provider

ADVICE_TIME = 30.0
"""Seconds after which a person who has not come back is helped."""


def redirect_uri_to_register(provider: Provider, port: int, name: str = "") -> str:
    """Return the redirect URI that a client registration needs; without a port where any is used (`port` is 0).

    `name` is the end of our own paths, where that is not the provider's name alone.
    """
    fixed = fixed_redirect_uri(provider)
    if fixed:
        return fixed
    host = f"[{provider.redirect_host}]" if ":" in provider.redirect_host else provider.redirect_host
    return f"http://{host}{f':{port}' if port else ''}/callback/{name or provider.name}"


def about_error_pages(provider: Provider, port: int, sent: str, name: str = "") -> str:
    """Say what an error page of the provider means, and the exact redirect URI to register.

    `port` is the fixed one, or 0; `sent` is the redirect URI of this sign-in; `name` as for `redirect_uri_to_register`.
    """
    where = f" at {provider.console_url}" if provider.console_url else ""
    lines = [
        f"Still waiting. Where the browser shows an error page of {provider.title}'s (redirect_uri_mismatch,",
        f"for example), the client there lacks a redirect URI. Register exactly this one{where}:",
        "",
        f"    {redirect_uri_to_register(provider, port, name)}",
        "",
    ]
    other = other_loopback(sent)
    if other:
        table = f"[providers.{provider.name}]"
        lines.append(
            f'Where {provider.title} takes {other} alone, put redirect_host = "{other}" below {table} in config.toml.'
        )
    if not port and not fixed_redirect_uri(provider):
        drawn = sent.partition("://")[2].partition("/")[0].rpartition(":")[2]
        lines += [
            f"This sign-in sent {sent}: any free port is used. Where {provider.title} wants the port, too,",
            f"put redirect_port = {drawn} below [providers.{provider.name}] in config.toml, and register it so.",
        ]
    return "\n".join(lines)
