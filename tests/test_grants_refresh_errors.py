"""The errors that a refresh ends in: what they say, and what they never do."""

import traceback

import pytest
from tokenkit import Account
from tokenkit.errors import StoreUnavailable
from tokenkit.grants.refresh_errors import cannot_be_saved

from scripted import ScriptedKit

ME = Account("scripted", "me@example.com")


def test_another_programs_words_are_not_passed_on_when_a_grant_cannot_be_saved():
    """R35: a driver's message may hold what was to be written."""
    told = cannot_be_saved(ME, RuntimeError("the value 'refresh-7' does not fit"))
    assert "refresh-7" not in f"{told} {told.hint} {told!r}"
    assert "RuntimeError" in str(told)
    assert told.hint


def test_our_own_words_are_and_so_is_their_hint():
    told = cannot_be_saved(ME, StoreUnavailable("the disk is full", hint="df -h"))
    assert "the disk is full" in str(told)
    assert told.hint == "df -h"


def test_a_store_that_raises_what_it_was_to_write_tells_none_of_it(tmp_path, monkeypatch):
    """R35, R9: neither in the error nor in the traceback."""
    kit = ScriptedKit(tmp_path)
    kit.sign_in()
    kit.clock.advance(7200)
    monkeypatch.setattr("tokenkit.grants.insistently.SAVE_PAUSES", ())

    def fails(name, data, **more):
        raise RuntimeError("no room for refresh-token-4711")

    monkeypatch.setattr(kit.records.store, "save", fails)
    with pytest.raises(StoreUnavailable, match="its new grant cannot be written: RuntimeError") as caught:
        kit.refresh("scripted")
    shown = "".join(traceback.format_exception(caught.value))
    assert "4711" not in shown + caught.value.hint
