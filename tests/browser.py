"""A person's browser for the examples: ``$BROWSER`` opens an address, allows what is asked, and comes back."""

import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit
from urllib.request import urlopen

from tokenkit.consent.redirect_file import address_behind
from tokenkit.net.http import Transport
from tokenkit.sandbox.person import approve

from patience import PATIENCE


def main(start: str) -> None:
    """Go where the local address sends us, consent there, and follow the answer home."""
    local = urlsplit(address_behind(start))
    ours = HTTPConnection(
        local.netloc, timeout=PATIENCE
    )  # not by our own client, which trusts no name such as localhost
    ours.request("GET", f"{local.path}?{local.query}" if local.query else local.path)
    consent_screen = ours.getresponse().getheader("Location")
    assert consent_screen is not None
    with urlopen(approve(Transport().send, consent_screen, as_user="me@example.com"), timeout=PATIENCE) as page:
        page.read()


if __name__ == "__main__":
    main(sys.argv[1])
