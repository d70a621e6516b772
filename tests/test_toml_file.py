"""Files that people write end in a table or in words, never in a wait and never in a fault of ours."""

import os
from pathlib import Path

import pytest
from tokenkit.errors import ConfigurationError
from tokenkit.toml_file import parse_toml, read_toml_file


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfone = 1\n")
    assert read_toml_file(str(tmp_path / "a.toml")) == {"one": 1}


def test_a_symlink_is_followed_and_a_missing_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("one = 1")
    (tmp_path / "link.toml").symlink_to("real.toml")
    assert read_toml_file(str(tmp_path / "link.toml")) == {"one": 1}
    assert read_toml_file(str(tmp_path / "none.toml")) is None


@pytest.mark.parametrize("what", ["fifo", "zero", "folder", "sparse", "loop"])
def test_what_is_no_small_regular_file_is_refused_at_once(what: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    match what:
        case "fifo":
            os.mkfifo(path)
        case "zero":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "sparse":
            with path.open("wb") as file:
                file.truncate(3 << 30)
        case _:
            path.symlink_to(path)
    with pytest.raises(ConfigurationError) as raised:
        read_toml_file(str(path))
    assert any(words in str(raised.value) for words in ("not a regular file", "more than", "cannot be read"))
    assert str(path) in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"one = [" + b"[" * 5000, "nested too deeply"),
        (b"one = " + b"{a = " * 3000, "nested too deeply"),
        (b"one = " + b"9" * 5000, "is not TOML"),
        ("one = 1".encode("utf-16"), "written in UTF-16"),
        (b'one = "\xff"', "not UTF-8"),
        (b"one = 1\none = 2", "is not TOML"),
    ],
)
def test_what_no_parser_takes_is_told_with_the_file_and_shows_none_of_it(data: bytes, said: str) -> None:
    """R35: the parser's own error holds the file, perhaps with a client secret."""
    with pytest.raises(ConfigurationError, match=said) as raised:
        parse_toml("/c/config.toml", data)
    assert "/c/config.toml" in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    assert raised.value.hint
    assert len(str(raised.value)) < 300
