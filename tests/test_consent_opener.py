"""Opening a browser (R24, R28, R35)."""

import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tokenkit.consent.loopback import LoopbackConsent
from tokenkit.consent.opener import in_wsl, open_in_browser, require_web_url
from tokenkit.errors import UsageError
from tokenkit.oauth2 import OAuth2
from tokenkit.pending import PendingAuthorization
from tokenkit.token import Secret

STATE = "the-state-of-this-sign-in"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "-remote",
        "https:/no-host",
        "ms-settings:",
        "",
        "http://a.example/\x1b[2J",
        "http://a.example/\n",
    ],
)
def test_only_plain_http_urls_go_to_a_browser(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_in_browser(url)
    assert not url or url not in str(caught.value)


def test_the_hint_names_a_key_that_a_provider_file_has() -> None:
    with pytest.raises(UsageError) as caught:
        require_web_url("file:///etc/passwd")
    assert caught.value.hint.split()[1] in OAuth2.__dataclass_fields__


def test_http_and_https_urls_go_to_a_browser() -> None:
    for url in ("http://127.0.0.1:8000/start/1", "https://accounts.example/auth?a=b&c=$(touch%20x)"):
        assert require_web_url(url) == url


def test_the_browser_gets_the_url_as_one_argument_and_none_of_our_streams_or_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """R24: no shell. R28: the key is not passed to processes that we start. stdout stays data."""
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    script = 'printf "%s|%s|" "$#" "$1" >SEEN; env >>SEEN; echo noise; echo noise >&2'
    browser.write_text(f"#!/bin/sh\n{script.replace('SEEN', shlex.quote(str(seen)))}\n")
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.setenv("TOKENKIT_KEY", "top-secret")
    monkeypatch.setenv("POCKETPAW_GOOGLE_CLIENT_SECRET", "top-secret")
    open_in_browser("http://127.0.0.1:9/start/a;b$(c)")
    assert seen.read_text().startswith("1|http://127.0.0.1:9/start/a;b$(c)|")
    assert "top-secret" not in seen.read_text()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("release", ["5.15.153.1-microsoft-standard-WSL2", "4.4.0-19041-Microsoft"])
def test_wsl_is_known_by_its_kernel_or_its_variable(release: str) -> None:
    assert in_wsl({}, release)
    assert in_wsl({"WSL_DISTRO_NAME": "Ubuntu"}, "6.1.0-generic")
    assert not in_wsl({}, "6.1.0-generic")


def test_while_a_browser_starts_the_process_list_shows_no_address_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R24: another user who reads it there would be first, and sign this assistant in to an account of theirs."""
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(f'#!/bin/sh\nps -eo args >{shlex.quote(str(seen))}; echo "$1" >>{shlex.quote(str(seen))}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    with LoopbackConsent("google") as consent:
        url = f"https://of-this-test-alone.example/auth?state={STATE}"
        consent.present(
            PendingAuthorization(provider="google", url=url, redirect_uri=consent.redirect_uri, state=Secret(STATE)),
            say=[].append,
        )
        shown = seen.read_text()
        port = str(urlsplit(consent.redirect_uri).port)
    assert "file:///" in shown
    assert not any(part in shown for part in (STATE, "of-this-test-alone", f":{port}/"))


def test_code_in_the_working_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "webbrowser.py").write_text("open('ran', 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", "true %s")
    open_in_browser("http://127.0.0.1:9/")
    assert not (tmp_path / "ran").exists()
