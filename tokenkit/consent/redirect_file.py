"""A file that only this user can read, and that leads a browser to the address of a sign-in (R24).

Every user of the machine can see the arguments of a browser in ``ps``. With an address that works, another user could
be first, and sign this person's assistant in to their own account. The name of a file of mode 0600 is worth nothing to
them.
"""

import html
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tokenkit import durable_file, private_file
from tokenkit.consent.pages import fill
from tokenkit.errors import StoreError, UsageError

_LEADS_TO = re.compile(r'<meta http-equiv="refresh" content="0; url=([^"]+)">')


@contextmanager
def redirect_file(address: str) -> Generator[str]:
    """Write a file that leads to `address`, and give its ``file:`` URL; the file is gone when the ``with`` is left.

    Raises `OSError` or `StoreUnavailable` where the folder for temporary files takes none.
    """
    folder = tempfile.mkdtemp(prefix="tokenkit-")
    try:
        os.chmod(folder, 0o700)  # a umask may have taken even our own rights
        path = os.path.join(folder, "sign-in.html")
        durable_file.write(path, fill("tokenkit.consent.pages", "redirect.html", {"address": address}).encode())
        yield file_url(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def file_url(path: str) -> str:
    """Return the ``file:`` URL of an absolute path."""
    from pathlib import Path

    return Path(path).as_uri()


def address_behind(url: str) -> str:
    """Return the address to which one of our redirect files leads; any other URL as it is.

    It is for a program that plays the browser, such as the opener of a test. Raises `UsageError` for a ``file:`` URL
    that is not a redirect file of this user.
    """
    if urlsplit(url).scheme != "file":
        return url
    try:
        text = private_file.read(url2pathname(urlsplit(url).path), private=True) or b""
    except StoreError:
        text = b""
    found = _LEADS_TO.search(text.decode("utf-8", "replace"))
    if found is None:
        raise UsageError("a browser is sent to no file but our own", hint="begin the sign-in again")
    return html.unescape(found[1])
