"""``tokenkit store copy``: what it says of an account that it leaves."""

import pytest
from tokenkit import TokenKit
from tokenkit.account import Account
from tokenkit.cli.store_copy import _source, _tell
from tokenkit.errors import UsageError
from tokenkit.moving.account import Moved


def test_what_is_left_of_an_owners_is_told_with_the_command_for_their_account(capsys):
    """R37: without the owner, the command would sign out of the account of that name that is the nameless one's."""
    hint = "sign out of one: tokenkit logout google/me@example.com --local"
    _tell(Moved(Account("google", "me@example.com", "alice"), "left", "both stores serve it", hint), "pocketpaw")
    said = capsys.readouterr().err
    assert "google/me@example.com of alice was not moved: both stores serve it" in said
    assert "tokenkit --app pocketpaw --owner alice logout google/me@example.com --local" in said


def test_a_folder_that_is_called_otherwise_is_not_moved_into_itself(home):
    """Its lease would be waited for a minute at each account, since the move holds it."""
    tokens = home / ".tokenkit" / "tokens"
    tokens.mkdir(parents=True)
    (home / "backup").symlink_to(tokens)
    with pytest.raises(UsageError, match="into itself"):
        _source(TokenKit(), str(home / "backup"))
