"""Which proxy the environment names: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY``, or the system's."""

from urllib.request import getproxies, proxy_bypass

from tokenkit.net.hosts import is_loopback


def proxy_for(scheme: str, host: str) -> str | None:
    """The URL of the proxy for `host`, or None to go there directly. Loopback is never reached through a proxy.

    The URL may hold the proxy's password: it is not to be shown.
    """
    if is_loopback(host) or host == "localhost" or proxy_bypass(host):
        return None
    proxies = getproxies()
    url = proxies.get(scheme) or proxies.get("all")
    return url if url is None or "://" in url else f"http://{url}"
