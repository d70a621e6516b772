"""A person is told ahead of time that an account needs them, by a command of their own."""

import json
import sys

import pytest
from tokenkit.errors import ConsentRequired
from tokenkit.grants.due import SOON

from patience import wait_until
from scripted import LIFETIME, ScriptedKit, expire

WRITES = """
import os, sys
with open(sys.argv[1] + ".env", "w") as file:
    file.write(str(os.environ))
with open(sys.argv[1], "a") as file:
    file.write(sys.argv[2] + "\\n")
"""


@pytest.fixture
def kit(tmp_path):
    """A kit whose notices go into a file."""
    kit = ScriptedKit(tmp_path)
    command = [sys.executable, "-c", WRITES, str(tmp_path / "told")]
    config = tmp_path / ".config" / "tokenkit" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f"notify = {json.dumps(command)}\n")
    kit.me = kit.sign_in()
    return kit


def told(tmp_path, lines):
    """What was told, once there are so many lines: the command runs beside us."""
    file = tmp_path / "told"
    wait_until(lambda: file.exists() and file.read_text().count("\n") >= lines)
    return file.read_text().splitlines()


def ends_in(kit, seconds):
    """Let the next refresh bring a refresh token with an end."""
    refresh = kit.scripted.refresh
    end = kit.clock.now() + seconds
    kit.scripted.refresh = lambda *a: refresh(*a).renewed(refresh_expires_at=end)
    expire(kit)


def test_an_end_that_comes_near_is_told_with_its_date_and_the_command(kit, tmp_path):
    ends_in(kit, SOON / 2)
    kit.token("scripted")
    (line,) = told(tmp_path, 1)
    assert line.startswith("The sign-in of scripted/me@example.com ends on 20")
    assert line.endswith("To renew it: tokenkit login scripted/me@example.com")


def test_a_sign_in_that_has_ended_is_told_in_no_words_of_the_provider(kit, tmp_path):
    expire(kit)
    kit.scripted.will(ConsentRequired("x", reason="visit https://evil.example"))
    with pytest.raises(ConsentRequired):
        kit.token("scripted")
    assert told(tmp_path, 1) == [
        "The sign-in of scripted/me@example.com has ended. To renew it: tokenkit login scripted/me@example.com"
    ]


def test_the_notice_of_an_owners_account_says_whose_it_is_and_their_command(kit, tmp_path):
    """R37: the command without the owner would sign in somebody else, and leave this account as it is."""
    (tmp_path / "told").unlink(missing_ok=True)
    alice = kit.for_owner("alice smith")
    alice.sign_in()
    expire(kit)
    kit.scripted.will(ConsentRequired("x", reason="revoked"))
    with pytest.raises(ConsentRequired):
        alice.token("scripted")
    assert told(tmp_path, 1) == [
        "The sign-in of scripted/me@example.com of alice smith has ended. "
        "To renew it: tokenkit --owner 'alice smith' login scripted/me@example.com"
    ]


def test_it_is_told_once_a_day_for_each_account_by_all_processes_together(kit, tmp_path):
    ends_in(kit, SOON / 2)
    kit.token("scripted")
    told(tmp_path, 1)
    other = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    for _ in range(3):
        kit.clock.advance(LIFETIME + 1)
        other.token("scripted")
    kit.clock.advance(86400)
    another = ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)
    another.token("scripted")
    assert len(told(tmp_path, 2)) == 2
    assert len(list((tmp_path / ".local/state/tokenkit/notified").iterdir())) == 1


def test_the_command_gets_none_of_our_secrets(kit, tmp_path):
    """R28: it is a program of somebody else's."""
    kit.configured.environ["TOKENKIT_KEY"] = "s3cret-key"
    ends_in(kit, SOON / 2)
    kit.token("scripted")
    told(tmp_path, 1)
    text = (tmp_path / "told.env").read_text()
    assert "HOME" in text
    assert "s3cret" not in text


def test_without_a_command_nobody_is_told_and_nothing_is_left(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.sign_in()
    ends_in(kit, SOON / 2)
    kit.token("scripted")
    assert not (tmp_path / ".local/state/tokenkit/notified").exists()


@pytest.mark.parametrize("word", ["/nowhere/notify", "", "a\0b"])
def test_a_command_that_cannot_be_run_keeps_no_token_from_anybody(word, tmp_path):
    config = tmp_path / ".config/tokenkit/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f"notify = {json.dumps([word])}\n")
    kit = ScriptedKit(tmp_path)
    kit.sign_in()
    ends_in(kit, SOON / 2)
    assert kit.token("scripted").value
