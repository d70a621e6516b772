"""``tokenkit client setup``: the pages of a provider's console one after the other, the download, and the sign-in."""

import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tokenkit.cli.login import confirmed
from tokenkit.cli.output import ask, data, printable, say, someone_is_there
from tokenkit.cli.registration import read_file, save_registration
from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit
    from tokenkit.provider import ClientRegistration

LOOK = 1.0
"""Seconds between two looks into the download folder."""

LASTS = 1800.0
"""Seconds that a person has for the last page."""


def set_up(kit: "TokenKit", provider: str, *, no_browser: bool) -> None:
    """Lead through the pages of the provider's console, take the download, and sign in."""
    from tokenkit.consent import way_to_ask
    from tokenkit.consent.opener import open_in_browser, open_nothing
    from tokenkit.signing_in.sign_in import sign_in

    plugin = kit.provider(provider)
    steps: Mapping[str, str] = getattr(plugin, "console_steps", {})
    if not steps:
        raise UsageError(
            f"the pages of {plugin.title}'s console are not known here", hint=f"tokenkit client set {quoted(provider)}"
        )
    opener = open_nothing if no_browser or way_to_ask(os.environ) != "browser" else open_in_browser
    before = {*_downloads()}
    for number, (url, sentence) in enumerate(steps.items(), 1):
        say(f"{number} of {len(steps)}: {sentence}\n    {url}")
        opener(url)
        if number < len(steps) and someone_is_there():
            ask("Enter when that is done: ")
    if provider != "google":  # what another console offers for download is not known
        return say(f"Next, with what it gave you: tokenkit client set {quoted(provider)}")
    say("Waiting for the download. Paste its path if it lies elsewhere than in ~/Downloads; Ctrl-C gives up.")
    path, registration = _wait_for_download(before)
    save_registration(kit, plugin, registration)
    say(f"The secret lies in {path}, too, where others may find it. To delete that: rm {quoted(path)}")
    account = sign_in(kit.authorizations, plugin, None, opener=open_nothing if no_browser else None, confirm=confirmed)
    return data(printable(str(account)))


def _downloads() -> Iterator[str]:
    """Yield the files in the folder for downloads that may be what a console offers."""
    folder = os.path.join(os.path.expanduser("~"), "Downloads")
    try:
        names = os.listdir(folder)
    except OSError:
        return
    yield from (os.path.join(folder, name) for name in sorted(names) if _may_be(folder, name))


def _may_be(folder: str, name: str) -> bool:
    return name.lower().endswith(".json") and os.path.isfile(os.path.join(folder, name))


def _wait_for_download(before: "set[str]") -> "tuple[str, ClientRegistration]":
    """Return the first new file that holds a client, or the one that is pasted, and the client."""
    from tokenkit.config import google_download
    from tokenkit.consent.keyboard import Keyboard

    ends, refused = time.monotonic() + LASTS, set(before)
    with Keyboard() as keyboard:
        while time.monotonic() < ends:
            for path in (path for path in _downloads() if path not in refused):
                try:
                    return path, google_download(read_file(path))
                except (ConfigurationError, UsageError):  # another program's file, or one that is not whole yet
                    continue
            line = keyboard.read(LOOK)
            if line == "":
                raise UsageError("stdin ended before a path came", hint="tokenkit client import google FILE")
            if line and line.strip():
                path = os.path.expanduser(line.strip().strip("'\""))
                return path, google_download(read_file(path))
    raise UsageError("no download came within half an hour", hint="tokenkit client import google FILE")
