import errno
import os
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.errors import ConfigurationError, FileRefused, UsageError
from tokenkit.os_errors import exhausted, unavailable
from tokenkit.paths import LONGEST_NAME, account_name, file_name, folders, may_name_a_store, prefix

HOME = tempfile.gettempdir()
"""A folder that there is, for any user of these tests."""

AS_ROOT = pytest.mark.skipif(os.name == "posix" and os.getuid() != 0, reason="only root may write to /")

HOSTILE = [
    "../../etc/passwd",
    "..",
    ".",
    ".hidden",
    "a/b",
    "a\\b",
    "nul\0byte",
    "line\nbreak",
    "\x1b[31mred",
    "☕",
    "Zoë",
    "con",
    "CON",
    "con.x",
    "lpt1",
    "aux.tar.gz",
    "COM1",
    "ends.",
    "ends ",
    "ends..",
    "%",
    "%41",
    "a:b",
    "c:",
    "*?<>|\"'",
    "-rf",
    "~",
    "@owner",
    "default",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_account_name_round_trips_as_a_harmless_file_name(name):
    encoded = file_name(name)
    assert account_name(encoded) == name
    assert set(encoded) <= set("abcdefghijklmnopqrstuvwxyz0123456789@._-+%")
    assert not encoded.startswith(".")
    assert not encoded.endswith((".", " "))
    assert encoded.split(".")[0] not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


def test_ordinary_names_stay_readable():
    assert file_name("me@example.com") == "me@example.com"
    assert file_name("first.last+work_2-b@example.com") == "first.last+work_2-b@example.com"
    assert file_name("Me") == "%4de"


@given(st.text(min_size=1, max_size=12))
def test_every_name_comes_back_or_is_refused(name):
    try:
        encoded = file_name(name)
    except UsageError:
        assert len(name.encode(errors="replace")) * 3 > LONGEST_NAME or any(0xD800 <= ord(c) < 0xE000 for c in name)
    else:
        assert account_name(encoded) == name


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
def test_two_names_never_meet_on_a_file_system_that_folds_case_and_unicode(one, two):
    if one != two and one.isprintable() and two.isprintable():

        def folded(name):
            return unicodedata.normalize("NFC", file_name(name).casefold())

        assert folded(one) != folded(two)


def test_names_that_differ_in_case_or_normalization_only_are_two_accounts():
    assert file_name("Me").lower() != file_name("me").lower()
    assert file_name(unicodedata.normalize("NFC", "é")) != file_name(unicodedata.normalize("NFD", "é"))


@pytest.mark.parametrize("name", ["", "x" * 300, "é" * 100, "\ud800"])
def test_a_name_that_no_file_can_have_is_refused_with_the_way_out(name):
    with pytest.raises(UsageError) as raised:
        file_name(name)
    assert "--as NAME" in raised.value.hint


def test_the_longest_name_still_has_room_for_what_is_put_behind_it(tmp_path):
    longest = file_name("x" * LONGEST_NAME)
    for suffix in (".jwe", ".jwe.new", ".refresh", ".write"):
        (tmp_path / (longest + suffix)).touch()
    with pytest.raises(UsageError):
        file_name("x" * (LONGEST_NAME + 1))


@pytest.mark.parametrize("name", ["", "Me", "%4D", "%4", "%zz", "a%61", ".x", "con", "a.", "%c3", "é", "a/b", "% 4"])
def test_a_file_name_that_we_never_wrote_is_refused(name):
    with pytest.raises(FileRefused):
        account_name(name)


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="platformdirs decides elsewhere")
def test_the_folders_on_linux_are_the_xdg_ones_and_the_home_moves_the_tokens_only():
    """R26: tokens, keys and configuration lie apart."""
    plain = {"HOME": HOME}
    assert folders("tokenkit", plain) == (
        f"{HOME}/.tokenkit/tokens",
        f"{HOME}/.config/tokenkit",
        f"{HOME}/.local/share/tokenkit",
        f"{HOME}/.local/state/tokenkit",
    )
    assert folders("pocketpaw", {**plain, "POCKETPAW_HOME": "/srv/paw", "XDG_DATA_HOME": "/data"}) == (
        "/srv/paw/tokens",
        f"{HOME}/.config/pocketpaw",
        "/data/pocketpaw",
        f"{HOME}/.local/state/pocketpaw",
    )


@pytest.mark.skipif(os.name != "posix", reason="a drive has a letter elsewhere")
@pytest.mark.parametrize(("home", "top"), [pytest.param("/", "", marks=AS_ROOT), (f"{HOME}/", HOME)])
def test_a_home_that_ends_with_a_slash_gives_the_same_folders(home, top):
    """A container's user often has the home ``/``."""
    assert folders("tokenkit", {"HOME": home}).tokens == f"{top}/.tokenkit/tokens"
    with pytest.raises(ConfigurationError) as raised:
        folders("tokenkit", {"HOME": home, "TOKENKIT_HOME": "here"})
    assert raised.value.hint == f'export TOKENKIT_HOME="{top}/here"'


def test_a_relative_xdg_folder_is_ignored_as_its_specification_says():
    assert folders("tokenkit", {"HOME": HOME, "XDG_CONFIG_HOME": "x"}).config == f"{HOME}/.config/tokenkit"


def test_a_relative_home_is_refused_and_the_hint_is_the_absolute_one():
    with pytest.raises(ConfigurationError) as raised:
        folders("tokenkit", {"HOME": HOME, "TOKENKIT_HOME": "here"})
    assert raised.value.hint == f'export TOKENKIT_HOME="{HOME}/here"'


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/kept", "kept"),
        ("$HOME/kept", "kept"),
        ("${HOME}/kept", "kept"),
        ("~", ".tokenkit"),
        ("~/", ".tokenkit"),
        ("~other/kept", "~other/kept"),
    ],
)
def test_the_hint_for_a_home_that_no_shell_has_put_in_is_the_path_that_was_meant(written, meant):
    """In quotes, in a unit of systemd and in a file of a container's variables the sign for home stays as it is."""
    with pytest.raises(ConfigurationError) as raised:
        folders("tokenkit", {"HOME": HOME, "TOKENKIT_HOME": written})
    assert raised.value.hint == f'export TOKENKIT_HOME="{HOME}/{meant}"'


def test_the_prefix_of_an_app_is_a_variable_name():
    assert prefix("pocketpaw") == "POCKETPAW"
    assert prefix("my-app") == "MY_APP"


@pytest.mark.parametrize("app", ["", "a/b", "../x", "A", "é", "a b"])
def test_an_app_that_cannot_name_a_folder_is_refused(app):
    with pytest.raises(UsageError):
        folders(app, {"HOME": HOME})


@pytest.fixture
def nobody() -> Iterator[None]:
    """Make the files of this process's user somebody else's, as `os.access` sees it."""
    if os.getuid() != 0:
        pytest.skip("only root can try this as another user")
    os.setreuid(65534, -1)
    yield
    os.setreuid(0, -1)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """Return a folder that only root may write to."""
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    "home", [{}, {"HOME": "/"}, {"HOME": "/nonexistent"}, {"HOME": "~"}, {"HOME": "here"}, {"HOME": os.devnull}]
)
def test_a_home_that_is_none_is_an_error_that_names_what_to_set(home, nobody, monkeypatch):
    """Else the sealing key would lie in the working folder, or the first error be about a folder nobody knows."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # a user without an entry in passwd
    with pytest.raises(ConfigurationError, match="no home folder") as raised:
        folders("pocketpaw", home)
    assert "HOME=" in raised.value.hint
    assert "POCKETPAW_HOME=" in raised.value.hint


def test_a_user_without_a_home_keeps_everything_beside_the_tokens(nobody, monkeypatch):
    """A container with any user id and one volume: two working folders see one account, and one key."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.setattr(os, "access", lambda path, mode: path.startswith("/v"))
    assert folders("tokenkit", {"TOKENKIT_HOME": "/v", "XDG_CONFIG_HOME": "/c"}) == (
        "/v/tokens",
        "/c/tokenkit",
        "/v/data",
        "/v/state",
    )


def test_the_state_lies_beside_the_tokens_where_its_own_folder_cannot_be_written(ours, monkeypatch):
    """A read-only home with a volume for the tokens: a refresh needs somewhere to leave its note (R8)."""
    monkeypatch.setattr(os, "access", lambda path, mode: path.startswith("/v"))
    found = folders("tokenkit", {"HOME": str(ours), "TOKENKIT_HOME": "/v"})
    assert (found.tokens, found.state) == ("/v/tokens", "/v/state")
    assert found.data == f"{ours}/.local/share/tokenkit"


def test_the_state_is_where_it_was_while_nothing_can_be_written(ours, nobody):
    """A whole disk that has become read-only: its activity log is not empty, and can be read."""
    assert folders("tokenkit", {"HOME": str(ours)}).state == f"{ours}/.local/state/tokenkit"


def test_root_in_the_home_of_the_user_who_called_sudo_is_refused(tmp_path):
    """What root made there, the user could not open any more."""
    if os.getuid() != 0:
        pytest.skip("only root can try this")
    os.chown(tmp_path, 1000, 1000)
    called = {"HOME": str(tmp_path), "SUDO_UID": "1000"}
    with pytest.raises(ConfigurationError, match="sudo") as raised:
        folders("tokenkit", called)
    assert "sudo -H tokenkit" in raised.value.hint
    assert folders("tokenkit", {**called, "TOKENKIT_HOME": "/srv"}).tokens == "/srv/tokens"
    assert folders("tokenkit", {"HOME": str(tmp_path)})  # a container's root, with a volume of a user
    os.chown(tmp_path, 0, 0)
    assert folders("tokenkit", called)


@pytest.mark.parametrize(
    ("folder", "variable"),
    [
        (".local/state/tokenkit", "XDG_STATE_HOME"),
        (".local/share/tokenkit", "XDG_DATA_HOME"),
        (".local", "XDG_DATA_HOME"),
        (".config/tokenkit", "XDG_CONFIG_HOME"),
        (".tokenkit", "TOKENKIT_HOME"),
    ],
)
def test_the_error_of_a_folder_that_cannot_be_written_names_the_variable_that_moves_it(folder, variable):
    error = unavailable(f"/home/me/{folder}", OSError(errno.EROFS, "Read-only file system"))
    assert f"export {variable}=" in error.hint
    assert variable not in unavailable(f"/home/me/{folder}", OSError(errno.ENOSPC, "No space left on device")).hint


@pytest.mark.parametrize("name", ["EMFILE", "ENFILE", "ENOMEM"])
def test_a_system_that_has_no_more_files_or_memory_is_no_fault_of_ours_at_any_step(name):
    told = exhausted(OSError(getattr(errno, name), "", "some/module.py"))
    assert told.hint
    assert exhausted(MemoryError()).hint
    assert exhausted(OSError(errno.ENOENT, "")) is exhausted(ValueError()) is None


LASTING = ("EROFS", "EACCES", "EPERM", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG", "EXDEV", "EINVAL", "EFBIG")
PASSING = ("ENOSPC", "EDQUOT", "EIO", "ESTALE", "EMFILE", "ENFILE", "ENOMEM", "EBUSY", "EAGAIN", "ENOENT", "ENODEV")


@pytest.mark.parametrize("name", [*LASTING, *PASSING])
def test_an_error_says_whether_it_lasts_until_a_person_changes_something(name):
    """R9: what may pass is waited for, and all that is not known to last."""
    assert unavailable("/home/me", OSError(getattr(errno, name), "")).lasts is (name in LASTING)


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.mkdir(),
        lambda path: (path.touch(), os.truncate(path, 3 << 30)),
        lambda path: None,
    ],
    ids=["FIFO", "device", "folder", "3 GB", "nothing"],
)
def test_whether_a_store_is_named_is_found_without_waiting_and_without_reading_on(make, tmp_path):
    """What needs the file says what is wrong with it."""
    make(tmp_path / "config.toml")
    assert not may_name_a_store(str(tmp_path))


def test_whether_a_store_is_named_is_seen_in_the_file(tmp_path):
    (tmp_path / "config.toml").write_text('store = "postgresql://db"')
    assert may_name_a_store(str(tmp_path))
