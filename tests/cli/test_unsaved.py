"""A command that can save a refreshed grant nowhere prints it, sealed, within the command that puts it back (R9)."""

import re
import shlex

import pytest
from tokenkit.errors import StoreUnavailable
from tokenkit.grants import unsaved
from tokenkit.kit import TokenKit
from tokenkit.store.files import FileStore

ME = "google/me@example.com"


@pytest.fixture
def stuck(machine, run, monkeypatch):
    """An account whose token has ended, on disks that take no grant any more, wherever."""
    assert run(["login", "google"]).code == 0
    machine.expire(ME)
    save = FileStore.save

    def refuse(self, name, data, *, replaces, due=None):
        if name.kind in ("grant", "unsaved") and data is not None:
            raise StoreUnavailable("the disk failed", hint="dmesg | tail")
        return save(self, name, data, replaces=replaces)

    monkeypatch.setattr("tokenkit.grants.insistently.SAVE_PAUSES", ())
    monkeypatch.setattr("tokenkit.cli.unsaved.TRY_FOR", 0.0)
    monkeypatch.setattr(FileStore, "save", refuse)
    machine.heal = lambda: monkeypatch.setattr(FileStore, "save", save)
    yield machine
    machine.heal()


def end_the_process():
    """As far as what it holds in memory goes."""
    for kit in list(unsaved._all):
        for account in kit.accounts:
            kit._let_go(account)


def test_what_it_prints_puts_the_grant_back_and_nothing_was_lost(stuck, run):
    """R9, R35: exit code 6, on stderr, and no token can be read in it."""
    done = run(["token", "google"])
    assert (done.code, done.stdout) == (6, "")
    command, sealed = re.search(r"(tokenkit refresh .*) <<'END'\n(.*)\nEND\n", done.stderr).groups()
    assert sealed.count(".") == 4
    end_the_process()
    stuck.heal()
    before = dict(stuck.authority.counters)
    assert run(shlex.split(command)[1:], f"{sealed}\n").code == 0
    token = run(["token", "google"])
    assert (token.code, stuck.authority.counters) == (0, before)
    assert token.stdout.strip() not in done.stderr
    assert TokenKit().refresh(ME)


def test_what_is_not_newer_is_not_put_back(stuck, run):
    """R8: a sign-in in between stands."""
    sealed = re.search(r"<<'END'\n(.*)\nEND\n", run(["token", "google"]).stderr).group(1)
    end_the_process()
    stuck.heal()
    assert run(["login", "google"]).code == 0
    done = run(["refresh", ME, "--restore"], sealed)
    assert (done.code, "nothing was changed" in done.stderr) == (2, True)


@pytest.mark.parametrize("text", ["", "not sealed", "a.b.c.d.e"])
def test_what_was_not_printed_by_a_command_is_refused(stuck, run, text):
    """R30: nothing is changed by it."""
    stuck.heal()
    assert run(["refresh", ME, "--restore"], text).code == 6
