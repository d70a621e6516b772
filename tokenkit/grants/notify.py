"""Tell the person, by a command of their own, that an account needs them: at most once a day for each account.

What the command gets is a sentence with the account's name, as its last argument: no link, and nothing that a provider
said. The first process that has something to tell on a day tells it; the others find its mark.
"""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256

from tokenkit.account import Account
from tokenkit.config.client_command import environment_of_programs
from tokenkit.grants.events import Event
from tokenkit.shell import our_program, quoted

DAY = 86400.0


class Notifier:
    """A callback for the events ``ends_soon`` and ``consent_needed``.

    `command` is asked for the command when there is something to tell; an empty one tells nobody. `folder` is where
    the marks lie, and may be lost. `environ` is what the command gets, without what is ours or secret (R28).
    """

    def __init__(
        self,
        command: Callable[[], Sequence[str]],
        folder: str,
        *,
        app: str,
        environ: Mapping[str, str],
        now: Callable[[], float],
    ) -> None:
        self._command = command
        self._folder = os.path.join(folder, "notified")
        self._app = app
        self._environ = environ
        self._now = now

    def __call__(self, event: Event) -> None:
        """Tell it, if nobody has told of this account today; a command that cannot be run is as good as none."""
        command = self._command()
        if command and self._first_today(event.account):
            _start([*command, _sentence(event, self._app)], environment_of_programs(self._environ, self._app))

    def _first_today(self, account: Account) -> bool:
        """Leave the mark of today, and say whether it is new. Where none can be left, nobody is told every minute."""
        digest = sha256(f"{account.owner}\n{account}".encode()).hexdigest()[:32]
        mark = os.path.join(self._folder, f"{digest}.{int(self._now() // DAY)}")
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            older = [name for name in os.listdir(self._folder) if name.startswith(digest) and name not in mark]
        except OSError:
            return False
        for name in older:
            with suppress(OSError):
                os.unlink(os.path.join(self._folder, name))
        return True


def _start(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Start it, and wait for its end where nobody else waits; it outlives a program that ends now."""
    nothing = subprocess.DEVNULL
    with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: no thread begins while a program ends
        started = subprocess.Popen(
            command, env=environ, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        )
        threading.Thread(target=started.wait, name="tokenkit-notify", daemon=True).start()


def _sentence(event: Event, app: str) -> str:
    account, owner = event.account, event.account.owner
    who = f"{account} of {owner}" if owner else str(account)
    again = f"To renew it: {our_program(app, owner)} login {quoted(str(account))}"
    if event.kind == "ends_soon" and event.ends_at is not None:
        return f"The sign-in of {who} ends on {datetime.fromtimestamp(event.ends_at, UTC):%Y-%m-%d}. {again}"
    return f"The sign-in of {who} has ended. {again}"
