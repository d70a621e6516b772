"""What a person types in place of a consent screen: at a terminal, in a notebook, and piped in by a script."""

import builtins
import getpass
import io
import os
import sys
import threading
from collections.abc import Iterator

import pytest
from tokenkit.consent.typed import read_fields
from tokenkit.errors import UsageError
from tokenkit.provider import Field

FIELDS = {
    "user": Field(label="e-mail address", secret=False),
    "key": Field(label="API key", about="It begins with ak-.", where="https://acme.example/keys"),
}


def read(said: list[str]) -> dict[str, str]:
    return {name: value.reveal() for name, value in read_fields("Acme", FIELDS, said.append).items()}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The end at which a person types."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield ours
    for file in (ours, theirs):
        os.close(file)


def test_at_a_terminal_each_field_is_asked_for_and_only_the_public_one_is_shown(terminal, capsys):
    """R35: and what is typed may be longer than the 4,096 bytes that a terminal keeps of a line."""
    said: list[str] = []
    long = "k" * 9000
    threading.Thread(target=os.write, args=(terminal, f"me@example.com\n{long}\n".encode()), daemon=True).start()
    assert read(said) == {"user": "me@example.com\n", "key": f"{long}\n"}
    assert capsys.readouterr().err == "e-mail address of Acme: me@example.com\nAPI key of Acme: \n"
    assert said == ["It begins with ak-.", "https://acme.example/keys"]


def test_a_script_pipes_a_line_for_each_field_and_nothing_is_said(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("me@example.com\nak-1\n"))
    said: list[str] = []
    assert read(said) == {"user": "me@example.com\n", "key": "ak-1\n"}
    assert (said, capsys.readouterr().err) == ([], "")
    monkeypatch.setattr(sys, "stdin", io.StringIO("me@example.com\n"))
    with pytest.raises(UsageError, match="stdin ended before the API key of Acme"):
        read(said)


def test_in_a_notebook_its_own_ways_to_ask_are_used(monkeypatch):
    """Jupyter puts functions of its own in the places of `input` and `getpass`."""
    prompts: list[str] = []

    def typed(prompt: str = "") -> str:
        prompts.append(prompt)
        return "typed"

    monkeypatch.setattr(builtins, "input", typed)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: typed(f"hidden {prompt}"))
    said: list[str] = []
    assert read(said) == {"user": "typed\n", "key": "typed"}
    assert prompts == ["e-mail address of Acme: ", "hidden API key of Acme: "]
    assert said[-1] == "https://acme.example/keys"
