"""The program in the process of the test: what it ends with, what it prints, and what it says."""

import pytest
from tokenkit.cli.app import main


def ended(capfd, *arguments):
    """Run it, and return the exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capfd.readouterr()
    return ended.value.code or 0, out, err
