"""``tokenkit sandbox``."""

import os
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.cli.output import data, say
from tokenkit.core_dumps import become_undumpable
from tokenkit.errors import ConfigurationError
from tokenkit.shell import quoted
from tokenkit.signals import wait_for

if TYPE_CHECKING:
    from tokenkit.sandbox import Served


def sandbox(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8137,
    lifetime: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long an access token is good.")
    ] = 3600.0,
    provider: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE", help="Play this one, too, from its declaration; may be repeated."),
    ] = None,
) -> None:
    """Serve three providers to develop against, without credentials.

    It plays Google, Spotify and Pocket on this machine until Ctrl-C: sign-in, refresh, revocation, and a small API of
    each; and at /plain a server that does what the RFCs say, for provider files of your own. All that it knows ends
    with it. GET /_control shows what was asked; POST there, with a JSON object such as
    {"endpoint": "token", "status": 503, "times": 2}, says what the next requests get.
    """
    from tokenkit.paths import folders
    from tokenkit.sandbox import Authority, declared_provider, serve
    from tokenkit.sandbox.known import APP

    become_undumpable()
    config = folders(APP, os.environ).config
    files = [_file(each, config, str(ctx.find_root().params["app"])) for each in provider or ()]
    played = [declared_provider(each, config, "http://127.0.0.1") for each in files]
    try:
        with _hinting(port), serve(Authority(access_lifetime=lifetime, declared=played), port=port) as served:
            say("The sandbox listens until Ctrl-C. In another terminal, for accounts apart from your own:\n")
            say("\n".join([*_lines(port, served.base_url), *_files(files, config)]) + "\n")
            say("Their tokens go to its own addresses and to no real provider. Those of its APIs:\n")
            say("\n".join([*_apis(served), *_keys(served)]) + "\n")
            data(served.base_url)
            wait_for(threading.Event())
    except KeyboardInterrupt:
        say("The sandbox is closed.")


@contextmanager
def _hinting(port: int) -> Generator[None]:
    """Add to an error of a port that is taken what finds a free one; the sandbox then prints what to export."""
    try:
        yield
    except ConfigurationError as error:
        error.hint = f"tokenkit sandbox --port 0 takes a free one; or {error.hint}" if port else error.hint
        raise


def _file(provider: str, config: str, app: str) -> str:
    """Return the person's own file of that name, which the sandbox's app does not have; else the name as it is."""
    from tokenkit.paths import folders
    from tokenkit.plugins import provider_file

    own = folders(app, os.environ).config
    if own == config or provider_file(config, provider) or not provider_file(own, provider):
        return provider
    return os.path.join(own, "providers", f"{provider}.toml")


def _lines(port: int, base_url: str) -> Iterator[str]:
    """Yield the lines for a shell that make tokenkit use the sandbox."""
    from tokenkit.sandbox.known import APP, BASE_URL, PORT

    yield f"export TOKENKIT_APP={APP}"
    if port != PORT:
        yield f"export {BASE_URL}={base_url}"


def _files(played: Iterable[str], config: str) -> Iterator[str]:
    """Yield the lines for a shell that give the sandbox's app the provider files that are played."""
    for path in (each for each in played if each.endswith(".toml")):
        yield f"install -Dm600 -t {quoted(os.path.join(config, 'providers'))} {quoted(os.path.abspath(path))}"


def _apis(served: "Served") -> Iterator[str]:
    """Yield what can be called with a token, as a method and an address."""
    for name, flavour in served.authority.flavours.items():
        for method, path in flavour.apis():
            yield f"{method:4} {served.base_url}/{name}{path}"


def _keys(served: "Served") -> Iterator[str]:
    """Yield what a person types where there is no consent screen."""
    for name, flavour in served.authority.flavours.items():
        for field, key in flavour.keys().items():
            yield f"{name}: the {field} is {key}"
