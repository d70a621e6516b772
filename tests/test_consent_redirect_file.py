"""The file that leads a browser to the sign-in, which no other user can read (R24)."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tokenkit.consent.redirect_file import address_behind, file_url, redirect_file
from tokenkit.errors import UsageError

ADDRESS = "http://127.0.0.1:50000/start/abc?a=1&b=2"

TRY = """
import os, sys
os.setuid(65534)
try:
    print(open(sys.argv[1]).read())
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture
def file() -> Path:
    """A redirect file that stays for the test."""
    with redirect_file(ADDRESS) as url:
        yield Path(urlsplit(url).path)


def test_it_leads_to_the_address_and_is_gone_afterwards() -> None:
    with redirect_file(ADDRESS) as url:
        assert url.startswith("file:///")
        assert ADDRESS not in url
        assert address_behind(url) == ADDRESS
        path = Path(urlsplit(url).path)
        assert path.exists()
    assert not path.parent.exists()


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_it_is_private_under_any_umask(umask: int) -> None:
    before = os.umask(umask)
    try:
        with redirect_file(ADDRESS) as url:
            path = Path(urlsplit(url).path)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can become another user")
def test_another_user_cannot_read_it(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", TRY, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Permission denied"


def test_any_other_url_is_as_it_is() -> None:
    assert address_behind("https://accounts.example/auth?a=b") == "https://accounts.example/auth?a=b"


def test_a_file_that_is_not_ours_leads_nowhere(file: Path, tmp_path: Path) -> None:
    plain, link, wide = tmp_path / "plain.html", tmp_path / "link.html", tmp_path / "wide.html"
    plain.write_text("<p>nothing</p>")
    plain.chmod(0o600)
    link.symlink_to(file)
    wide.write_bytes(file.read_bytes())
    wide.chmod(0o644)
    for path in (plain, link, wide, tmp_path / "missing", Path("/etc/passwd"), Path("/dev/zero")):
        with pytest.raises(UsageError):
            address_behind(file_url(str(path)))
