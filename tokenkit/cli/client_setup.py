"""``tokenkit client setup``: the pages where a client is registered, one after the other, and the sign-in."""

import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tokenkit.cli.login import confirmed
from tokenkit.cli.output import ask, data, printable, say, someone_is_there
from tokenkit.cli.registration import ask_for_client, read_file, redirect_uri, save_registration
from tokenkit.errors import ConfigurationError, UsageError
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.consent.opener import Opener
    from tokenkit.kit import TokenKit
    from tokenkit.provider import ClientRegistration, Provider

LOOK = 1.0
"""Seconds between two looks into the download folder."""

LASTS = 1800.0
"""Seconds that a person has for the last page."""


def set_up(kit: "TokenKit", plugin: "Provider", *, no_browser: bool, unverified: bool = False) -> None:
    """Lead through the pages where a client is registered, take what they give, and sign in.

    Where nobody can sign in, that is said before the first page.
    """
    from tokenkit.consent import way_to_ask
    from tokenkit.consent.opener import open_in_browser, open_nothing
    from tokenkit.signing_in.sign_in import sign_in

    _check(kit, plugin, unverified=unverified)
    before = {*_downloads()}
    opener = open_nothing if no_browser or way_to_ask(os.environ) != "browser" else open_in_browser
    _show_pages(kit, plugin, opener)
    registration = _from_download(before) if plugin.name == "google" else ask_for_client(plugin)
    save_registration(kit, plugin, registration, sign_in_next=False)
    account = sign_in(
        kit.authorizations,
        plugin,
        None,
        opener=open_nothing if no_browser else None,
        confirm=confirmed,
        unverified=unverified,
    )
    return data(printable(str(account)))


def _check(kit: "TokenKit", provider: "Provider", *, unverified: bool) -> None:
    """Raise the error that a sign-in would end in, whatever is registered."""
    if provider.retired:
        raise ConfigurationError(
            f"nobody can sign in to {provider.title}: {provider.retired}",
            hint=f"tokenkit providers {quoted(provider.name)}",
        )
    if not getattr(provider, "needs_client", True):  # a plugin may be older than the question
        raise UsageError(f"{provider.title} needs no client of yours", hint=f"tokenkit login {quoted(provider.name)}")
    kit.authorizations.check_confirmed(provider, allowed=unverified)


def _show_pages(kit: "TokenKit", provider: "Provider", opener: "Opener") -> None:
    """Open the pages of its console one after the other; where it declares none, the one where clients are registered.

    That one has to be told where people come back to: a client that lacks it shows them an error page.
    """
    from tokenkit.signing_in.asking import asks

    steps: Mapping[str, str] = getattr(provider, "console_steps", {})
    if not steps and provider.console_url:
        steps = {provider.console_url: "Register an application of your own."}
    if provider.name != "google" and not asks(provider):  # a desktop client of Google's needs none
        say(f"The client needs this redirect URI, exactly:\n    {redirect_uri(kit, provider)}")
        if "redirect_host" in getattr(provider, "unverified", ()):
            say(f"If {provider.title} refuses it, put another below [providers.{provider.name}] in config.toml, as in")
            say('    redirect_host = "localhost"    or    redirect_uri = "https://localhost:8765/callback"')
    for number, (url, sentence) in enumerate(steps.items(), 1):
        say(f"{number} of {len(steps)}: {sentence}\n    {url}")
        opener(url)
        if number < len(steps) and someone_is_there():
            ask("Enter when that is done: ")


def _from_download(before: "set[str]") -> "ClientRegistration":
    say("Waiting for the download. Paste its path if it lies elsewhere than in ~/Downloads; Ctrl-C gives up.")
    path, registration = _wait_for_download(before)
    say(f"The secret lies in {path}, too, where others may find it. To delete that: rm {quoted(path)}")
    return registration


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
