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
        if url.endswith("/auth/clients"):
            (folder / "another.json").write_text("{}")
            (folder / "client_secret_1.json").write_text(download())

    monkeypatch.setattr("tokenkit.consent.way_to_ask", lambda environ: "browser")
    monkeypatch.setattr("tokenkit.consent.opener.open_in_browser", browse)
    done = run(["client", "setup", "google"], "")
    assert (done.code, done.stdout) == (0, "google/me@example.com\n"), done.stderr
    assert [url.rpartition("/")[2] for url in opened] == [
        "projectcreate", "library", "overview", "audience", "clients",
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


# Any other provider.


SPOTIFY, SECRET = "sandbox-spotify", "sandbox-spotify-secret"


@pytest.fixture
def unregistered(machine: Machine) -> Machine:
    """A machine on which nothing is registered."""
    for file in (machine.config / "clients").iterdir():
        file.unlink()
    return machine


@pytest.mark.parametrize("way", ["browser", "paste"])
def test_the_page_of_any_provider_is_opened_and_what_it_gives_is_asked_for(
    unregistered: Machine, run: Run, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Where no browser can be seen, the address is printed and nothing opened."""
    opened: list[str] = []
    monkeypatch.setattr("tokenkit.consent.way_to_ask", lambda environ: way)
    monkeypatch.setattr("tokenkit.consent.opener.open_in_browser", opened.append)
    done = run(["client", "setup", "spotify"], f"{SPOTIFY}\n{SECRET}\n")
    page = "https://developer.spotify.com/dashboard"
    assert (done.code, done.stdout) == (0, "spotify/me@example.com\n"), done.stderr
    assert opened == ([page] if way == "browser" else [])
    assert done.stderr.index("    http://127.0.0.1/callback/spotify\n") < done.stderr.index(f"    {page}\n")
    assert SECRET not in done.stderr


def test_a_redirect_port_of_ones_own_is_part_of_the_address_to_register(unregistered: Machine, run: Run) -> None:
    unregistered.configure(redirect_port=8888)
    done = run(["client", "setup", "spotify", "--no-browser"], "")
    assert "    http://127.0.0.1:8888/callback/spotify\n" in done.stderr
    assert done.code == 2


def test_where_no_source_says_which_redirect_uri_it_takes_another_one_can_be_configured(
    unregistered: Machine, run: Run
) -> None:
    done = run(["client", "setup", "asana", "--no-browser"], "")
    assert "    http://127.0.0.1:8765/callback/asana\n" in done.stderr
    assert "If Asana refuses it, put another below [providers.asana] in config.toml" in done.stderr
    (unregistered.config / "config.toml").write_text('[providers.asana]\nredirect_host = "localhost"\n')
    done = run(["client", "setup", "asana", "--no-browser"], "")
    assert "    http://localhost:8765/callback/asana\n" in done.stderr


@pytest.mark.parametrize(
    ("provider", "code", "said"),
    [
        ("fitbit", 3, "nobody can sign in to Fitbit"),
        ("netatmo", 3, "no source confirms where Netatmo wants sign-ins to be sent"),
        ("gogle", 3, "did you mean google"),
    ],
)
def test_where_nobody_can_sign_in_that_is_said_before_the_first_page(
    unregistered: Machine, run: Run, provider: str, code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokenkit.consent.opener.open_in_browser", pytest.fail)
    done = run(["client", "setup", provider], "id\nsecret\n")
    assert done.code == code
    assert said in done.stderr
    assert "redirect URI" not in done.stderr


def test_what_asks_for_a_key_of_the_persons_needs_no_client(unregistered: Machine, run: Run) -> None:
    done = run(["client", "setup", "openai"], "")
    assert done.code == 2
    assert "tokenkit: hint: tokenkit login openai" in done.stderr


def test_a_client_without_a_consent_screen_needs_no_redirect_uri(unregistered: Machine, run: Run) -> None:
    done = run(["client", "setup", "trello", "--no-browser"], "id\n\n")
    assert "https://trello.com/power-ups/admin" in done.stderr
    assert "redirect URI" not in done.stderr
    assert (unregistered.config / "clients" / "trello.toml").exists()


def test_a_file_of_ones_own_without_a_page_is_asked_about_all_the_same(
    unregistered: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokenkit.signing_in.sign_in.PENDING_LASTS", 0.0)  # nobody comes back
    folder = unregistered.config / "providers"
    folder.mkdir()
    base = "https://acme.example"
    (folder / "acme.toml").write_text(
        f'[provider]\nname = "acme"\ntitle = "Acme"\nauthorization_endpoint = "{base}/a"\ntoken_endpoint = "{base}/t"\n'
    )
    done = run(["client", "setup", "acme", "--no-browser"], "id\nsecret\n")
    assert "    http://127.0.0.1/callback/acme\n" in done.stderr
    assert (unregistered.config / "clients" / "acme.toml").exists()


def test_what_copying_brings_along_and_nobody_sees_is_not_part_of_a_client(unregistered: Machine, run: Run) -> None:
    """A server says only that it does not know the client, and another copy brings the same along."""
    done = run(["client", "set", "google"], "\ufeff 1234.apps\u200b.example\u2060\n\u200bs3cr\u00adet\u200b\n")
    assert done.code == 0
    stored = (unregistered.config / "clients" / "google.toml").read_text()
    assert stored == 'client_id = "1234.apps.example"\nclient_secret = "s3cret"\n'


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_around_a_client_are_stored_and_told(quote: str, unregistered: Machine, run: Run) -> None:
    done = run(["client", "set", "google"], f"{quote}my-id{quote}\ns3cret\n")
    assert done.code == 0
    assert "The client id is stored with the quotes around it." in done.stderr
    assert "The client secret" not in done.stderr
    done = run(["client", "set", "google"], f"my-id\n{quote}s3cret{quote}\n")
    assert "The client secret is stored with the quotes around it." in done.stderr
    assert "s3cret" not in done.stderr + done.stdout


def test_an_empty_client_id_is_none(unregistered: Machine, run: Run) -> None:
    done = run(["client", "set", "google"], "\ns3cret\n")
    assert done.code == 3
    assert "Google needs a client id" in done.stderr
