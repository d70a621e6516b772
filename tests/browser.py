"""A person's browser for the examples: ``$BROWSER`` opens an address, allows what is asked, and comes back."""

import sys
from urllib.request import urlopen

from tokenkit.consent.redirect_file import address_behind
from tokenkit.net.http import Transport
from tokenkit.provider import Request
from tokenkit.sandbox.person import approve


def main(start: str) -> None:
    """Go where the local address sends us, consent there, and follow the answer home."""
    transport = Transport()
    consent_screen = transport.send(Request("GET", address_behind(start))).header("Location")
    assert consent_screen is not None
    with urlopen(approve(transport.send, consent_screen, as_user="me@example.com"), timeout=10) as page:
        page.read()


if __name__ == "__main__":
    main(sys.argv[1])
