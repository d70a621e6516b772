"""On a machine where nobody has signed in yet no key is missing, for none was needed (R28)."""

import json

import pytest
from tokenkit.cli.app import main
from tokenkit.kit import TokenKit


@pytest.fixture
def tokenkit(home, capsys):
    """Run the program in this process; returns exit code, stdout and stderr."""

    def run(*arguments):
        code = 0
        try:
            main(list(arguments))
        except SystemExit as end:
            code = end.code or 0
        return code, *capsys.readouterr()

    return run


def test_listing_says_that_there_is_no_key_yet_and_is_no_failure(tokenkit):
    code, out, err = tokenkit("key", "list")
    assert (code, out.split()) == (0, ["KEY", "USE", "RECORDS"])
    assert "There is no key yet; the first sign-in makes one.\n" in err
    code, out, _ = tokenkit("key", "list", "--json")
    assert (code, json.loads(out)["keys"]) == (0, [])


def test_exporting_says_so_and_not_that_a_key_is_missing(tokenkit):
    code, out, err = tokenkit("key", "export")
    assert (code, out) == (6, "")
    assert "There is no key yet; the first sign-in makes one" in err
    assert "missing" not in err


@pytest.mark.parametrize("command", ["list", "export"])
def test_a_key_that_a_record_needs_is_missing_as_before(tokenkit, home, command):
    kit = TokenKit()
    kit.records.probe()
    name = next(iter(kit.records.store.names("metadata")), None)
    assert name is None
    folder = home / ".tokenkit" / "tokens" / "google"
    folder.mkdir(mode=0o700)
    (folder / "me.jwe").write_text("sealed")
    (home / ".local" / "share" / "tokenkit" / "keys.json").unlink()
    code, _, err = tokenkit("key", command)
    assert code == 6
    assert "keys.json is missing" in err
