"""How a command asks and waits."""

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenkit.cli import output
from tokenkit.cli.log import _words
from tokenkit.errors import UsageError

from patience import PATIENCE, wait_until


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_wait_is_spoken_of_on_a_terminal_once_it_takes_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "QUIET", 0.0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with output.waiting("asking google for a new token"):
        wait_until(lambda: "asking google" in sys.stderr.getvalue())
    assert "asking google for a new token" in sys.stderr.getvalue()


def test_a_short_wait_and_a_pipe_get_no_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with output.waiting("asking google"):
        pass
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(output, "QUIET", PATIENCE)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with output.waiting("asking google"):
        pass
    assert sys.stderr.getvalue() == ""


def test_where_stderr_is_closed_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``tokenkit token google 2>&-``: words never take the place of data."""
    monkeypatch.setattr(sys, "stderr", None)
    with output.waiting("asking google"):
        output.say("it failed")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("typed", "agreed"), {"y": True, "yes": True, "YES": True, "": False, "no": False}.items())
def test_nothing_but_yes_is_agreement(typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(f"{typed}\n"))
    assert output.agree("Revoking this ends that, too.", otherwise="--yes") == agreed


def test_where_nobody_can_be_asked_the_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError) as caught:
        output.agree("Revoking this ends that, too.", otherwise="tokenkit logout google --yes")
    assert caught.value.hint == "tokenkit logout google --yes"


@pytest.mark.parametrize("ask", [output.ask, output.ask_secret, lambda prompt: output.agree(prompt, otherwise="-")])
def test_a_stdin_that_was_closed_answers_nothing(ask: Callable[[str], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is in many a service."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError):
        ask("Go on?")
    assert output.read_stdin() == b""


def test_what_is_no_text_on_stdin_is_refused_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"secret\xff\n"), "utf-8"))
    with pytest.raises(UsageError, match="not text") as caught:
        output.ask("Client id: ")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("ask", [output.ask, output.ask_secret, lambda _: output.read_stdin()])
def test_a_stdin_that_cannot_be_read_is_told(
    ask: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is open to be written only, or the terminal is gone that a command in the background reads from."""
    with open(os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(UsageError, match="stdin cannot be read: Bad file descriptor"):
            ask("Client id: ")


def test_a_line_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be read until there is no memory left."""
    with open("/dev/zero") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(UsageError, match="does not end"):
            output.ask("Client id: ")


def test_ctrl_d_in_the_place_of_a_secret_ends_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(prompt: str, stream: object) -> str:
        raise EOFError

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", ends)
    with pytest.raises(UsageError, match="stdin ended before the answer"):
        output.ask_secret("Client secret: ")


@pytest.mark.parametrize(
    ("text", "pasted"),
    {
        "tokenkit login google": "tokenkit --owner 'al ice' login google",
        "sign in (tokenkit login google), or tokenkit key list": (
            "sign in (tokenkit --owner 'al ice' login google), or tokenkit --owner 'al ice' key list"
        ),
        "tokenkit --app x login google": "tokenkit --app x login google",
        "the output of tokenkit --version": "the output of tokenkit --version",
        "tokenkit writes no file of that name": "tokenkit writes no file of that name",
        "rm /opt/tokenkit list": "rm /opt/tokenkit list",
    }.items(),
)
def test_the_options_before_the_command_stand_in_every_command_that_is_named(text: str, pasted: str) -> None:
    output.keep_options(["--owner 'al ice'"])
    try:
        assert output.to_paste(text) == pasted
        assert output.to_paste(pasted) == pasted
    finally:
        output.keep_options([])
    assert output.to_paste(text) == text


def test_a_secret_is_not_shown_while_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """R35: a secret is not seen where it is not needed."""
    asked = []
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: asked.append((prompt, stream)) or " the-secret ")
    assert output.ask_secret("Client secret: ") == "the-secret"
    assert asked == [("Client secret: ", sys.stderr)]


def test_a_prompt_stands_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("me\n"))
    assert output.ask("Who? ") == "me"
    assert capsys.readouterr() == ("", "Who? ")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
@pytest.mark.parametrize("name", ["Zo\u00eb", "\u6f22\u5b57 \u2192", "\U0001f511", "not-\udcff-text", "plain"])
def test_a_name_that_the_console_cannot_show_is_written_as_json_writes_it(
    encoding: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service has ASCII and an old console cp1252: neither ends a command, nor breaks what a script reads."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding, newline="\n"))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding=encoding, newline="\n"))
    output.data(json.dumps({"name": name}, ensure_ascii=False))
    sys.stdout.flush()
    read = json.loads(written.getvalue().decode(encoding))
    assert read == {"name": name}
    output.say(name)


LONG = "tokenkit: error: " + "the address at which the browser stopped is another than the one that is awaited " * 3


@pytest.mark.parametrize(
    ("environ", "bold"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)], ids=str
)
def test_on_a_terminal_an_error_stands_out_and_is_broken_between_words(
    environ: dict[str, str], bold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TERM": "xterm", "COLUMNS": "40", "NO_COLOR": "", **environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Terminal())
    output.say_loudly(LONG)
    written = sys.stderr.getvalue()
    assert written.startswith("\x1b[1mtokenkit: error:") == bold
    assert ("\x1b" in written) == bold
    lines = written.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert " ".join(lines).split() == LONG.split()
    assert max(map(len, lines)) <= 40


def test_in_a_pipe_an_error_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_loudly(LONG)
    assert capsys.readouterr().err == f"{LONG}\n"


@pytest.mark.parametrize(("narrow", "lines"), [(False, 1), (True, 2)])
def test_a_name_that_breaks_a_line_makes_no_line_of_its_own_in_the_log(narrow: bool, lines: int) -> None:
    """It would look like an entry that nobody has written."""
    entry = {"at": 0.0, "event": "used", "account": "a/b", "owner": "x\n2026-11-29 04:21:58  exported", "kid": "y\nz"}
    said = _words(entry, narrow=narrow)
    assert said.count("\n") == lines - 1
    assert "x?2026-11-29" in said
