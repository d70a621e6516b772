"""What holds a grant that no disk takes prints it, sealed, as it ends: a program of ours, and a host of the library."""

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tokenkit import Account

from patience import PATIENCE

TOKENKIT = str(Path(sys.executable).with_name("tokenkit"))

ENDS = {
    "worker by SIGTERM": 6,
    "impatient worker by SIGTERM": 6,
    "dashboard by SIGTERM": 6,
    "dashboard by SIGINT": 6,
    "command": 6,
    "killed": -signal.SIGKILL,
    "told by SIGTERM": 128 + signal.SIGTERM,
    "closed": 0,
    "closed on a loop": 0,
    "pool": 0,
    "fork": 0,
}
"""How each ends, by the signal that it gets once it holds the grant, and with what code."""

pytestmark = pytest.mark.slow


def test_what_can_be_written_nowhere_is_printed_as_its_process_ends_and_can_be_put_back(assistant):
    """R9, R35: once, within the command that puts it back, and within the ten seconds that a supervisor gives."""
    holders = [Holder(assistant, number, how) for number, how in enumerate(ENDS)]
    for holder in holders[:2]:
        holder.end()  # a worker sees to all accounts: the others are not due before
    for holder in holders[2:]:
        holder.start()
    for holder in holders[2:]:
        holder.end()
    assert assistant.refreshes() == 2 * len(ENDS)


class Holder:
    """A process that holds the newest grant of an account of its own."""

    def __init__(self, assistant, number, how):
        self.assistant = assistant
        self.account = Account("google", f"user{number}@example.com")
        self.how, _, self.signal = how.partition(" by ")
        assistant.sign_in(self.account.name)
        self.process = None

    def start(self):
        self.assistant.expire(self.account)
        self.process = self.assistant.start("ending.py", self.how, str(self.account))

    def end(self):
        if self.process is None:
            self.start()
        line = ""
        while line != "held\n":
            line = self.process.stdout.readline()
            assert line, (self.how, self.process.communicate())
        if self.signal:
            self.process.send_signal(getattr(signal, self.signal))
        _, err = self.process.communicate(timeout=PATIENCE)
        ended = f"{self.how} by {self.signal}" if self.signal else self.how
        assert self.process.returncode == ENDS[ended], (ended, err)
        assert "Traceback" not in err, (ended, err)
        self.put_back(ended, err)

    def put_back(self, ended, err):
        if ended == "killed":  # nobody is left who could print it, and its child goes on
            assert self.assistant.kit().token(str(self.account))
            assert self.assistant.kit().refresh(str(self.account))
            return
        ((command, sealed),) = re.findall(r"tokenkit (refresh .*) <<'END'\n((?:.+\n)+?)END\n", err) or [(ended, err)]
        if ended == "closed":
            done = subprocess.run([TOKENKIT, *shlex.split(command)], input=sealed, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        else:
            self.assistant.kit().refresher.restore(self.account, "".join(sealed.split()).encode())
        assert self.assistant.kit().refresh(str(self.account))
