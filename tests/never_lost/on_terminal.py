"""Run a command on a terminal of its own, and close the terminal when stdin ends.

usage: on_terminal.py COMMAND [ARGUMENT...]; it ends with the command's exit code, negative for a signal
"""

import os
import pty
import sys

child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
sys.stdin.read()
os.close(terminal)
print("closed", flush=True)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
