"""The fixtures for other people's tests, as the page shows them: copied to an empty folder of a fresh machine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from patience import PATIENCE

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "develop-against-the-sandbox.md"


@pytest.mark.slow
def test_the_tests_of_the_page_pass_in_an_empty_environment(tmp_path: Path) -> None:
    """Nothing is configured there: the sandbox brings its clients, and pytest finds the fixtures."""
    (block,) = re.findall(r"```python\n(# test_mail\.py\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "test_mail.py").write_text(block)
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "test_mail.py"],
        cwd=tmp_path, env={"HOME": str(home)}, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    assert list(home.iterdir()) == []


def test_a_kit_of_the_fixture_is_signed_in_at_three(tokenkit_kit) -> None:
    assert [account.provider for account in tokenkit_kit.accounts()] == ["google", "pocket", "spotify"]
    assert tokenkit_kit.token("spotify").value
