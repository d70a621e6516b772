"""Which addresses are public: where a host may lead that came out of a document, and that no person typed.

Such a host must not lead into the network of this machine (RFC 1918 and the like, a cloud's metadata service): every
address that its name has is looked at, and the connection goes to one of those, so that no second answer of the name
server counts.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_HOLDING_IPV4 = (
    (ip_network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (ip_network("64:ff9b:1::/48"), 0),  # NAT64 of a network's own, RFC 8215
    (ip_network("2002::/16"), 80),  # 6to4, RFC 3056
    (ip_network("::/96"), 0),  # IPv4-compatible, RFC 4291 section 2.5.5.1
    (ip_network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 7915
)
"""IPv6 networks whose addresses stand for IPv4 ones, and how many bits follow those in them."""

_NEVER = tuple(map(ip_network, ("2001::/32", "fec0::/10", "3fff::/20", "192.88.99.0/24", "100.64.0.0/10")))
"""Teredo, former site-local addresses, documentation, a former relay, and what lies behind a provider's own NAT."""


def is_public(address: str) -> bool:
    """Tell whether a whole IP address is one of the public internet, in whatever form it is written."""
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(read, IPv6Address):
        embedded = _embedded(read)
        if embedded is not None:
            return is_public(str(embedded))
    special = read.is_multicast or read.is_reserved or any(read in network for network in _NEVER)
    return read.is_global and not special and "%" not in address


def first_private(addresses: Sequence[str]) -> str:
    """Return the first of the addresses that is not public; empty where all are."""
    return next((address for address in addresses if not is_public(address)), "")


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    for network, bits in _HOLDING_IPV4:
        if address in network:
            return IPv4Address((int(address) >> bits) & 0xFFFFFFFF)
    return None
