"""Which proxy the environment names: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY``, or the system's."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.request import getproxies, proxy_bypass

from tokenkit.errors import ConfigurationError
from tokenkit.net.hosts import is_loopback


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the URL of the proxy for `host`, or None to go there directly. Loopback is never reached through a proxy.

    The URL may hold the proxy's password: it is not to be shown.
    """
    if is_loopback(host) or host == "localhost" or proxy_bypass(host):
        return None
    proxies = getproxies()
    if _in_a_range(host, proxies.get("no", "")):
        return None
    url = proxies.get(scheme) or proxies.get("all")
    return url if url is None or "://" in url else f"http://{url}"


def unusable_proxy(scheme: str) -> ConfigurationError:
    """Return the error for what `proxy_for` has named and nothing can use. It is not shown: it may hold a password."""
    return ConfigurationError(
        f"the proxy that the environment names for {scheme} cannot be used",
        hint="set HTTPS_PROXY=http://host:port, or unset it; for socks5:// install the package socksio",
    )


def _in_a_range(host: str, no_proxy: str) -> bool:
    """Tell whether the host is an address in one of the ranges of ``NO_PROXY``, such as ``192.168.0.0/16``."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    return any(address in network for entry in no_proxy.split(",") if (network := _range(entry.strip())))


def _range(entry: str) -> IPv4Network | IPv6Network | None:
    if "/" not in entry:
        return None
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None
