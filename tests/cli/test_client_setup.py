"""``tokenkit client setup``: from nothing to an account."""

import json
from pathlib import Path

import pytest
from machine import Machine
from tokenkit.sandbox import CLIENTS
from transcript import Run


def download() -> str:
    client = CLIENTS["google"]
    assert client.client_secret is not None
    members = {"client_id": client.client_id, "client_secret": client.client_secret.reveal()}
    return json.dumps({"installed": {**members, "redirect_uris": ["http://localhost"]}})


@pytest.fixture
def folder(machine: Machine) -> Path:
    """The folder for downloads, in which an older download and another program's file lie."""
    (machine.config / "clients" / "google.toml").unlink()
    folder = machine.home / "Downloads"
    folder.mkdir()
    (folder / "client_secret_old.json").write_text(download().replace("sandbox-google", "old"))
    return folder


def test_each_page_is_opened_and_the_download_is_taken_and_used(
    machine: Machine, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def browse(url: str) -> None:
        opened.append(url)
        if url.endswith("/apis/credentials"):
            (folder / "another.json").write_text("{}")
            (folder / "client_secret_1.json").write_text(download())

    monkeypatch.setattr("tokenkit.consent.way_to_ask", lambda environ: "browser")
    monkeypatch.setattr("tokenkit.consent.opener.open_in_browser", browse)
    done = run(["client", "setup", "google"], "")
    assert (done.code, done.stdout) == (0, "google/me@example.com\n"), done.stderr
    assert [url.rpartition("/")[2] for url in opened] == [
        "projectcreate", "library", "overview", "audience", "credentials",
    ]  # fmt: skip
    assert all(url in done.stderr for url in opened)
    assert f"rm {folder}/client_secret_1.json" in done.stderr
    assert "sandbox-google-secret" not in done.stderr


def test_without_a_browser_the_addresses_are_printed_and_the_path_is_pasted(
    machine: Machine, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = machine.home / "my client.json"
    elsewhere.write_text(download())
    monkeypatch.setattr("tokenkit.consent.way_to_ask", lambda environ: "paste")
    monkeypatch.setattr("tokenkit.consent.opener.open_in_browser", pytest.fail)
    done = run(["client", "setup", "google"], f"'{elsewhere}'\n")
    assert (done.code, done.stdout) == (0, "google/me@example.com\n"), done.stderr


def test_where_no_path_comes_the_command_for_a_file_is_named(folder: Path, run: Run) -> None:
    done = run(["client", "setup", "google", "--no-browser"], "")
    assert done.code == 2
    assert "tokenkit client import google FILE" in done.stderr
    assert "1 of 5: Create a project" in done.stderr


def test_a_provider_without_known_pages_names_the_other_way(machine: Machine, run: Run) -> None:
    done = run(["client", "setup", "spotify"], "")
    assert done.code == 2
    assert "tokenkit client set spotify" in done.stderr
