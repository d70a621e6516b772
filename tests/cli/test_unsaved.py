"""A command that can save a refreshed grant nowhere prints it, sealed, within the command that puts it back (R9)."""

import re
import shlex
import threading

import pytest
from tokenkit.cli.errors import reporting
from tokenkit.errors import StoreUnavailable
from tokenkit.grants import unsaved
from tokenkit.grants.at_exit import LINE
from tokenkit.kit import TokenKit
from tokenkit.store.files import FileStore

from patience import PATIENCE

ME = "google/me@example.com"
PRINTED = re.compile(r"(tokenkit refresh .*) <<'END'\n((?:.+\n)+?)END\n")


@pytest.fixture
def failing(machine, monkeypatch):
    """Each disk takes no grant any more, once the provider has answered."""
    save = FileStore.save

    def refuse(self, name, data, *, replaces, due=None):
        if name.kind in ("grant", "unsaved") and data is not None:
            raise StoreUnavailable("the disk failed", hint="dmesg | tail")
        return save(self, name, data, replaces=replaces)

    monkeypatch.setattr("tokenkit.grants.insistently.SAVE_PAUSES", ())
    monkeypatch.setattr("tokenkit.cli.unsaved.TRY_FOR", 0.0)
    machine.fail = lambda: monkeypatch.setattr(FileStore, "save", refuse)
    machine.heal = lambda: monkeypatch.setattr(FileStore, "save", save)
    machine.fail()
    yield machine
    machine.heal()
    end_the_process()


@pytest.fixture
def stuck(failing, run):
    """An account with a token that has ended; no disk takes a new grant."""
    failing.heal()
    assert run(["login", "google"]).code == 0
    failing.expire(ME)
    failing.fail()
    return failing


def end_the_process():
    """As far as what it holds in memory goes."""
    for kit in list(unsaved.all_of_process):
        for account in kit.accounts:
            kit._let_go(account)


def test_what_it_prints_puts_the_grant_back_and_nothing_was_lost(stuck, run):
    """R9, R35: exit code 6, on stderr, and no token can be read in it."""
    done = run(["token", "google"])
    assert (done.code, done.stdout) == (6, "")
    command, sealed = PRINTED.search(done.stderr).groups()
    assert sealed.count(".") == 4
    assert len(sealed) > LINE >= max(map(len, sealed.split()))  # a terminal and a shell cut longer ones
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
    sealed = PRINTED.search(run(["token", "google"]).stderr).group(2)
    end_the_process()
    stuck.heal()
    assert run(["login", "google"]).code == 0
    done = run(["refresh", ME, "--restore"], sealed)
    assert (done.code, "nothing was changed" in done.stderr) == (2, True)


@pytest.mark.parametrize("text", ["", "not sealed", "a.b.c.d.e"])
def test_what_was_not_printed_by_a_command_is_refused(stuck, run, text):
    """R30: nothing is changed by it."""
    stuck.heal()
    done = run(["refresh", ME, "--restore"], text)
    assert done.code == 6
    assert "hint: run again all the lines that the command printed" in done.stderr


def test_a_sign_in_that_could_be_saved_nowhere_prints_what_puts_it_back(failing, run):
    """R9, R18: the code is spent, and the refresh token may be the only one that the person ever gets."""
    done = run(["login", "google"])
    assert (done.code, done.stdout) == (6, "")
    assert f"{ME} was signed in, and its new grant cannot be written: the disk failed." in done.stderr
    command, sealed = PRINTED.search(done.stderr).groups()
    end_the_process()
    failing.heal()
    before = dict(failing.authority.counters)
    put_back = run(shlex.split(command)[1:], f"{sealed}\n")
    assert (put_back.code, put_back.stderr) == (0, f"Put back what keeps {ME} signed in.\n")
    assert run(["token", "google"]).code == 0
    assert failing.authority.counters == before
    assert TokenKit().refresh(ME)


def test_a_sign_in_whose_disk_is_well_again_within_a_minute_has_lost_nothing(failing, run, monkeypatch):
    """R9: the command goes on trying, and says how that ends."""

    def try_all(self):
        if threading.current_thread().name == "tokenkit-at-exit":  # a kit of another test may still try by itself
            failing.heal()
        return tried_for_real(self)

    tried_for_real = unsaved.Unsaved.try_all
    monkeypatch.setattr(unsaved.Unsaved, "try_all", try_all)
    monkeypatch.setattr("tokenkit.cli.unsaved.TRY_FOR", 0.01)
    done = run(["login", "google"])
    assert done.code == 6
    assert "it is saved now, and nothing was lost" in done.stderr
    assert "END" not in done.stderr
    assert run(["token", "google"]).code == 0


def test_ctrl_c_while_it_is_tried_prints_it_at_once(failing, run, monkeypatch):
    """R9: the person need not wait a minute, and loses nothing by that."""

    def interrupted(seconds, kits):
        assert seconds == PATIENCE
        raise KeyboardInterrupt

    monkeypatch.setattr("tokenkit.cli.unsaved.TRY_FOR", PATIENCE)
    monkeypatch.setattr("tokenkit.grants.at_exit._try_aside", interrupted)
    done = run(["login", "google"])
    assert (done.code, "--restore <<'END'" in done.stderr) == (6, True)


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_runs_on_prints_it_as_it_ends(failing, capsys, end):
    """R9: as `tokenkit dashboard` does after Ctrl-C."""
    kit = TokenKit()
    with pytest.raises(StoreUnavailable):
        kit.login("google")
    with pytest.raises(SystemExit) as ended, reporting():
        raise end
    assert ended.value.code == (130 if end is KeyboardInterrupt else 6)
    assert f"tokenkit refresh {ME} --restore" in capsys.readouterr().err


def test_a_command_that_left_nothing_behind_ends_as_it_would(machine, capsys):
    with pytest.raises(SystemExit) as ended, reporting():
        raise SystemExit(7)
    assert (ended.value.code, capsys.readouterr().err) == (7, "")
