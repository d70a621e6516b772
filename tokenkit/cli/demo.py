"""``tokenkit demo``: the whole life of three accounts, against the sandbox, in a home folder that is thrown away."""

import os
import stat
import tempfile
import time
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tokenkit.cli.account_list import print_accounts
from tokenkit.cli.output import data, say, waiting
from tokenkit.errors import TokenKitError

if TYPE_CHECKING:
    from tokenkit.consent.opener import Opener
    from tokenkit.kit import TokenKit
    from tokenkit.sandbox import Served

LIFETIME = 3.0
"""Seconds for which the demo's access tokens are good."""

CALLERS = 8
"""How many threads ask at once for a token that has ended."""

SCOPES = {
    "google": ["gmail.readonly", "gmail.send"],
    "spotify": ["user-read-email", "user-read-playback-state"],
    "pocket": [],
}

CALLS = {
    "google": ("GET", "/gmail/v1/users/me/messages", None),
    "spotify": ("GET", "/v1/search?q=a&type=track", None),
    "pocket": ("POST", "/v3/get", {"count": 10}),
}


class Stage(NamedTuple):
    """Where the demo plays: a kit in an empty home, a served sandbox, and the person's own environment or None."""

    kit: "TokenKit"
    served: "Served"
    home: Path
    person: Mapping[str, str] | None


def demo(
    browser: Annotated[bool, typer.Option("--browser", help="Open the consent pages: you are the person.")] = False,
) -> None:
    """Watch the whole life of three accounts in half a minute.

    The providers are played on this machine; code, files and HTTP are real. Your own accounts are not touched.
    """
    began = time.monotonic()
    with _stage(browser=browser) as stage:
        data(f"Three providers, played at {stage.served.base_url}; access tokens last {LIFETIME:.0f} seconds.")
        _sign_in(stage)
        _show_files(stage)
        _call(stage, "3  Call their APIs")
        _let_end(stage)
        _call(stage, "5  Call them again, with what the refresh brought")
        _show_accounts(stage)
        _sign_out(stage)
    data(f"\nDone in {time.monotonic() - began:.0f} seconds. To try it yourself: tokenkit sandbox")


@contextmanager
def _stage(*, browser: bool) -> Generator[Stage]:
    """Make a home of its own, with providers and clients configured as a person would."""
    from tokenkit.config import save_client
    from tokenkit.kit import TokenKit
    from tokenkit.sandbox import CLIENTS, Authority, serve

    before = dict(os.environ)
    ours = ("TOKENKIT_", "XDG_", "CREDENTIALS_DIRECTORY")
    with (
        tempfile.TemporaryDirectory(prefix="tokenkit-demo-") as home,
        serve(Authority(access_lifetime=LIFETIME)) as served,
    ):
        kept = {name: value for name, value in before.items() if not name.startswith(ours)}
        with _environment({**kept, "HOME": home}):
            kit = TokenKit(background=False)
            for name, client in CLIENTS.items():
                save_client(kit.folders.config, name, client)
            tables = (f'[providers.{name}]\nbase_url = "{served.base_url}/{name}"\n' for name in CLIENTS)
            Path(kit.folders.config, "config.toml").write_text("".join(tables))
            yield Stage(kit, served, Path(home), before if browser else None)


@contextmanager
def _environment(values: Mapping[str, str]) -> Generator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _sign_in(stage: Stage) -> None:
    from tokenkit.signing_in.sign_in import sign_in

    data("\n1  Sign in" + ("" if stage.person else ": a scripted person says yes at each consent screen"))
    for provider, scopes in SCOPES.items():
        account = sign_in(
            stage.kit.authorizations,
            stage.kit.provider(provider),
            scopes,
            way="browser",
            opener=_opener(stage),
            say=say if stage.person else _say_nothing,
        )
        status = stage.kit.status(str(account))
        _line(provider, f"{account}" + (f" may {_sentences(stage.kit, provider)}" if status.scopes else ""))


def _sentences(kit: "TokenKit", provider: str) -> str:
    known = kit.provider(provider).scopes
    return ", ".join(known[scope].about for scope in SCOPES[provider])


def _opener(stage: Stage) -> "Opener":
    from tokenkit.consent.opener import open_in_browser
    from tokenkit.testing import Browser

    person = stage.person
    if person is None:
        return Browser(stage.served.authority)

    def open_in_their_home(url: str) -> None:
        with _environment(person):
            open_in_browser(url)

    return open_in_their_home


def _say_nothing(text: str) -> None:
    """Say nothing: the scripted person needs no words."""


def _show_files(stage: Stage) -> None:
    data("\n2  What is on the disk: one sealed file an account")
    secrets = stage.served.authority.issued
    for path in sorted(Path(stage.kit.folders.tokens).rglob("*.jwe")):
        held = path.read_text()
        _must(not any(secret in held for secret in secrets), f"{path.name} shows a secret")
        _must(stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path.name} is open to others")
        place = f"~/{path.relative_to(stage.home)}"
        data(f"   {stat.filemode(path.stat().st_mode)} {path.stat().st_size:5} bytes  {place:<50} {held[:16]}...")
    data(f"   None of the {len(secrets)} secrets that went over the wire so far can be read in them.")


def _call(stage: Stage, title: str) -> None:
    data(f"\n{title}")
    for provider, (method, path, body) in CALLS.items():
        with stage.kit.http(provider) as http:
            response = http.request(method, f"{stage.served.base_url}/{provider}{path}", json=body)
        _must(response.status_code == 200, f"{provider} answered {response.status_code}")
        _line(provider, f"{method} {path.partition('?')[0]}  {response.status_code}, {len(response.content)} bytes")


def _let_end(stage: Stage) -> None:
    data(f"\n4  Let the tokens end, then have {CALLERS} callers ask at once")
    ends = [stage.kit.status(provider).expires_at or 0.0 for provider in CALLS]
    with waiting("waiting until the tokens have ended"):
        time.sleep(max(0.0, max(ends) - time.time()))
    for provider in CALLS:
        before = _refreshes(stage, provider)
        with ThreadPoolExecutor(CALLERS) as pool:
            tokens = {token.value for token in pool.map(stage.kit.token, [provider] * CALLERS)}
        made = _refreshes(stage, provider) - before
        _must(len(tokens) == 1 and made == (provider != "pocket"), f"{provider} was refreshed {made} times")
        _line(provider, "one refresh, and all have the new token" if made else "its token has no end")


def _refreshes(stage: Stage, provider: str) -> int:
    return stage.served.authority.counters[f"{provider} token refresh_token"]


def _show_accounts(stage: Stage) -> None:
    from tokenkit.audit import Inventory, Severity, audit

    data("\n6  tokenkit list, and what tokenkit audit has to say")
    print_accounts(stage.kit, stage.kit.statuses())
    report = audit(Inventory(stage.kit, home=str(stage.home), cwd=str(stage.home)))
    counts = ", ".join(f"{report.count(severity)} {severity}s" for severity in Severity)
    data(f"audit: {len(report.checks)} checks, {counts}")
    _must(not report.fails(Severity.ERROR), "the audit found an error")


def _sign_out(stage: Stage) -> None:
    data("\n7  Sign out")
    for account in stage.kit.accounts():
        outcome = stage.kit.logout(str(account))
        _must(outcome.removed, f"{account} is still here")
        _line(account.provider, "revoked there, removed here" if outcome.revoked else f"removed here. {outcome.note}")
    _must(not stage.kit.accounts(), "an account is left")


def _line(provider: str, words: str) -> None:
    data(f"   {provider:<8} {words}")


def _must(true: bool, otherwise: str) -> None:
    if not true:
        raise TokenKitError(f"the demo failed: {otherwise}")
