"""``make demo``: the whole life of three accounts, and an honest end when a step fails."""

import os
import runpy
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pytest
from transcript import Run

from documents import TOP


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens that last a second."""
    monkeypatch.setattr("tokenkit.cli.demo.LIFETIME", 1.0)


@pytest.mark.slow
def test_the_demo_shows_the_whole_life_and_touches_nothing(home: Path, run: Run) -> None:
    before = dict(os.environ)
    done = run(["demo"], "")
    assert (done.code, done.stderr) == (0, "")
    for step in (
        "1  Sign in", "-rw-------", "GET /gmail/v1/users/me/messages  200", "one refresh", "its token has no end",
        "google/me@example.com", "audit: ", " 0 errors", "google   revoked there, removed here", "Done in ",
    ):  # fmt: skip
        assert step in done.stdout
    assert dict(os.environ) == before
    assert list(home.iterdir()) == []
    picture = runpy.run_path(str(TOP / "docs" / "picture.py"))
    drawn = [picture["steady"](line) for line in lines_of(TOP / "docs" / "demo.svg")]
    printed = [picture["steady"](line) for line in ("$ make demo", *done.stdout.splitlines())]
    assert drawn == [line for line in printed if line], "the picture is of another demo: make docs"


def lines_of(picture: Path) -> list[str]:
    """Return the lines of a terminal that was drawn: the texts of one height, without the title of its window."""
    texts = list(ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text"))[1:]
    lines = ("".join(text.text or "" for text in line) for _, line in groupby(texts, lambda text: text.get("y")))
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines if line.strip()]


def test_a_step_that_fails_ends_the_demo(fast: None, home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokenkit.cli.demo.CALLS", {"google": ("GET", "/gmail/v1/users/me/nowhere", None)})
    done = run(["demo"], "")
    assert done.code == 1
    assert done.stderr == "tokenkit: error: the demo failed: google answered 404\n"
    assert "Done" not in done.stdout
    assert list(home.iterdir()) == []


def test_with_a_person_the_browser_opens_in_their_own_home(
    fast: None, home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def open_in_browser(url: str) -> None:
        opened.append(os.environ["HOME"])
        raise KeyboardInterrupt  # the person has seen enough

    monkeypatch.setattr("tokenkit.consent.opener.open_in_browser", open_in_browser)
    done = run(["demo", "--browser"], "")
    assert done.code == 130
    assert opened == [str(home)]
    assert "Sign in to google in your browser" in done.stderr
