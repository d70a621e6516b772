"""Whatever lies where another tool's file should be: read in any encoding, or refused in words, and left as it is."""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tokenkit.errors import TokenKitError, UsageError
from tokenkit.importing.choosing import choose
from tokenkit.importing.files import LIMIT, open_file, remove

TOKENS = json.dumps({"type": "authorized_user", "client_id": "c", "refresh_token": "1//r"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_is_read_in_every_unicode_encoding(encoding: str, home: Path) -> None:
    """Notepad and PowerShell write a byte order mark, and UTF-16."""
    path = home / "token.json"
    path.write_bytes(TOKENS.encode(encoding))
    found = choose(open_file(str(path)))
    assert found.refresh_token is not None
    assert found.refresh_token.reveal() == "1//r"


def test_a_stdin_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(UsageError, match="stdin cannot be read: Bad file descriptor"):
            open_file("-")


DEEP = "[" * 100_000 + "]" * 100_000
NO_SIGN_IN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "binary": (bytes(range(256)), "is not text"),
    "half a UTF-16": (b"\xff\xfe{", "is not text"),
    "NUL": (b"{\0}\0\0", "is not text"),
    "a pickle": (b"\x80\x04\x95made-up", "is a Python pickle"),
    "no JSON": (b"{", "neither a JSON object"),
    "a list": (b"[1]", "neither a JSON object"),
    "a number": (b"1" * 5000, "neither a JSON object"),
    "deep": (DEEP.encode(), "neither a JSON object"),
    "deep inside": (b'{"refresh_token": ' + DEEP.encode() + b"}", "neither a JSON object"),
    "empty object": (b"{}", "neither a JSON object"),
    "odd members": (b'{"refresh_token": ["r"], "access_token": 1, "profiles": 3, "data": []}', "no sign-in"),
    "lone surrogates": (b'{"refresh_token": "\\ud800", "access_token": "\\udfff"}', "no sign-in"),
    "control characters": (b'{"refresh_token": "a\\u0000b", "access_token": "a\\nb"}', "no sign-in"),
    "a client": (b'{"installed": {"client_id": "c"}}', "client registration"),
    "a robot": (b'{"type": "service_account", "private_key": "k"}', "service account"),
    "PGP": (b"-----BEGIN PGP MESSAGE-----\n", "is encrypted"),
    "rclone, encrypted": (b"# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabc", "is encrypted"),
    "no INI": (b"[a\nb=c", "neither a JSON object"),
    "no YAML": (b"oauth_token:\n  - a\n\t&x", "neither a JSON object"),
    "a broken database": (b"SQLite format 3\0" + bytes(100), "is not text"),
}  # fmt: skip


@pytest.mark.parametrize("what", NO_SIGN_IN)
def test_a_file_without_a_sign_in_is_refused_in_words_and_with_a_way_on(what: str, home: Path) -> None:
    data, words = NO_SIGN_IN[what]
    path = home / "file"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=words) as caught:
        choose(open_file(str(path)))
    assert caught.value.hint
    assert path.read_bytes() == data


def test_where_the_github_cli_keeps_its_tokens_in_the_keyring_the_way_to_one_is_told(home: Path) -> None:
    path = home / "hosts.yml"
    path.write_text("github.com:\n    git_protocol: https\n    users:\n        me:\n    user: me\n")
    with pytest.raises(UsageError, match="no token: gh keeps those in the keyring") as caught:
        choose(open_file(str(path)))
    assert caught.value.hint.endswith('"$(gh auth token)" | tokenkit import - --provider github')


def test_another_database_holds_no_sign_in(home: Path) -> None:
    path = home / "credentials.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE credentials (account_id, value)")
        database.execute("INSERT INTO credentials VALUES (1, NULL)")
    with pytest.raises(UsageError):
        choose(open_file(str(path)))


def test_a_file_that_is_too_large_is_not_read(home: Path) -> None:
    path = home / "large"
    with path.open("wb") as file:
        file.truncate(LIMIT + 1)
    with pytest.raises(UsageError, match=f"of {LIMIT} at most"):
        open_file(str(path))


def test_what_is_no_file_is_refused_at_once(home: Path) -> None:
    """A FIFO without a writer would be waited at for ever."""
    os.mkfifo(home / "fifo")
    (home / "folder").mkdir()
    for name in ("fifo", "folder", "missing"):
        with pytest.raises(UsageError) as caught:
            open_file(str(home / name))
        assert caught.value.hint == f"ls -l {home / name}"


def test_of_a_symlink_the_file_that_it_leads_to_is_offered(home: Path) -> None:
    (home / "token.json").write_text(TOKENS)
    (home / "link").symlink_to(home / "token.json")
    with pytest.raises(UsageError, match="symlink") as caught:
        open_file(str(home / "link"))
    assert caught.value.hint == f"tokenkit import {home / 'token.json'}"


def test_a_file_is_removed_while_it_is_what_was_read(home: Path) -> None:
    (home / "token.json").write_text(TOKENS)
    remove(open_file(str(home / "token.json")))
    assert not (home / "token.json").exists()


@pytest.mark.parametrize("change", ["written anew", "replaced", "appended to", "linked"])
def test_a_file_that_has_changed_since_it_was_read_is_left(change: str, home: Path) -> None:
    """The tool has refreshed meanwhile, and what it wrote may be the only copy."""
    path = home / "token.json"
    path.write_text(TOKENS)
    file = open_file(str(path))
    if change == "written anew":
        path.write_text(TOKENS.replace("1//r", "1//s"))
    elif change == "replaced":
        (home / "new").write_text(TOKENS)
        (home / "new").replace(path)
    elif change == "appended to":
        path.write_text(TOKENS + "\n")
    else:
        path.rename(home / "moved")
        path.symlink_to(home / "moved")
    with pytest.raises(TokenKitError):
        remove(file)
    assert path.exists()
