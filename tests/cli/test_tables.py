"""What people see: whole on a pipe, and fitted to the terminal, however narrow."""

import io
import sys
from pathlib import Path

import pytest
from tokenkit.cli import tables
from tokenkit.cli.tables import from_home, show_block, show_table

TITLES = ("ACCOUNT", "TOKEN", "SCOPES")
ROWS = [
    ("google/me@example.com", "good for 59 minutes", "calendar, drive, gmail.readonly, gmail.send, openid, profile"),
    ("spotify/me@example.com", "none until you sign in", "user-read-email"),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    return terminal


def test_on_a_pipe_every_row_is_a_line_that_nothing_cuts(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(TITLES, ROWS)
    assert capsys.readouterr().out == (
        "ACCOUNT                 TOKEN                   SCOPES\n"
        "google/me@example.com   good for 59 minutes     calendar, drive, gmail.readonly, gmail.send, openid, profile\n"
        "spotify/me@example.com  none until you sign in  user-read-email\n"
    )


def test_on_a_terminal_only_the_last_column_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch, 80)
    monkeypatch.setenv("NO_COLOR", "1")
    show_table(TITLES, ROWS)
    lines = [line.rstrip() for line in terminal.getvalue().splitlines()]
    assert all(len(line) <= 80 for line in lines)
    assert lines[1] == "google/me@example.com   good for 59 minutes     calendar, drive, gmail.readonly,"
    assert lines[-1] == "spotify/me@example.com  none until you sign in  user-read-email"


def test_on_a_narrow_terminal_every_row_is_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch, 50)
    show_table(TITLES, ROWS)
    assert terminal.getvalue() == (
        "google/me@example.com\n"
        "  token   good for 59 minutes\n"
        "  scopes  calendar, drive, gmail.readonly,\n"
        "          gmail.send, openid, profile\n"
        "spotify/me@example.com\n"
        "  token   none until you sign in\n"
        "  scopes  user-read-email\n"
    )


def test_colours_end_where_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://no-color.org."""
    terminal = open_terminal(monkeypatch, 120)
    show_table(TITLES, ROWS)
    assert "\x1b[1m" in terminal.getvalue()
    terminal = open_terminal(monkeypatch, 120)
    monkeypatch.setenv("NO_COLOR", "1")
    show_table(TITLES, ROWS)
    assert "\x1b" not in terminal.getvalue()


def test_an_address_or_a_command_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are there to be copied."""
    terminal = open_terminal(monkeypatch, 40)
    address = "https://console.example.com/a/very/long/path-to-copy"
    show_block("Google", {"register at": address, "empty": ""})
    assert terminal.getvalue() == f"Google\n  register at  {address}\n"


def test_a_path_in_a_table_stays_whole_too(monkeypatch: pytest.MonkeyPatch) -> None:
    titles, path = ("PROVIDER", "CLIENT ID", "SECRET", "FROM"), "/home/me/.config/tokenkit/clients/google.toml"
    terminal = open_terminal(monkeypatch, 80)
    show_table(titles, [("google", "1234567890-abcdefghij.apps", "yes", path)])
    assert terminal.getvalue().splitlines()[-1] == f"  from       {path}"


def test_the_home_folder_is_a_tilde(home: Path) -> None:
    assert from_home(f"{home}/.config/tokenkit/clients/google.toml") == "~/.config/tokenkit/clients/google.toml"
    assert from_home(f"{home}er/clients") == f"{home}er/clients"
    assert from_home("TOKENKIT_GOOGLE_CLIENT_ID") == "TOKENKIT_GOOGLE_CLIENT_ID"


def test_markup_and_control_characters_in_a_cell_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch, 80)
    monkeypatch.setenv("NO_COLOR", "1")
    show_table(("A", "B"), [("[bold]x[/bold]", "\x1b[2Jy")])
    assert "[bold]x[/bold]" in terminal.getvalue()
    assert "?[2Jy" in terminal.getvalue()


def test_a_long_table_begins_before_its_end_is_known(monkeypatch, capsys):
    """Of ten thousand accounts the first are shown while the others are looked up."""
    monkeypatch.setattr(tables, "PART", 2)
    shown = []

    def rows():
        for number in range(5):
            shown.append(capsys.readouterr().out)
            yield (f"google/{'x' * number}", "good")

    show_table(("ACCOUNT", "TOKEN"), rows())
    shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] == ""
    assert shown[2] == "ACCOUNT   TOKEN\ngoogle/   good\ngoogle/x  good\n"
    assert "".join(shown).count("ACCOUNT") == 1
    assert "".join(shown).splitlines()[-1] == "google/xxxx  good"
