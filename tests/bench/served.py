"""A server of the bench, in a process of its own that says its port first."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def served(script: str, *arguments: str, **environ: str) -> Iterator[str]:
    """Its address, for as long as the context lasts."""
    command = [sys.executable, script, *arguments]
    process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
