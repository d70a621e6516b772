"""The page on 127.0.0.1: let in once, held by one browser, and out of reach of other ports and other people."""

import os
import re
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from queue import Queue
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx
import pytest
from tokenkit import TokenKit, TokenKitError
from tokenkit.cli.dashboard import _asks, opened
from tokenkit.consent.redirect_file import address_behind
from tokenkit.web.stand_alone import StandAlone
from visitor import NAVIGATION, RETURN, SCRIPT, Visitor
from world_of_web import World

from patience import PATIENCE

pytestmark = pytest.mark.slow

PORT = 43210
HERE = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def page(world: World) -> StandAlone:
    return StandAlone(world.kit, PORT)


@pytest.fixture
def me(page: StandAlone) -> Visitor:
    """The person who opened the link; `base` is their page."""
    visitor = Visitor(page, HERE)
    visitor.base += visitor.go(page.link).headers["location"].rstrip("/")
    return visitor


def test_the_link_opens_the_page_once(page, me):
    assert me.go("/").status_code == 200
    assert me.go(page.link).status_code == 403
    assert "used already" in me.seen[-1].text


def test_the_link_is_too_old_after_ten_minutes(world, page):
    world.clock.advance(601)
    assert Visitor(page, HERE).go(page.link).status_code == 403


def test_a_guessed_link_does_not_use_up_the_right_one(page):
    visitor = Visitor(page, HERE)
    for path in ("/open/", "/open/x", "/open/é", page.link[:-1], page.link + "/"):
        assert visitor.go(path).status_code == 403
    for method in ("HEAD", "POST"):
        assert visitor.send(method, page.link, **NAVIGATION).status_code in (403, 404)
    assert visitor.go(page.link).status_code == 303


def test_the_cookie_is_for_a_path_that_no_other_port_knows(page):
    """A cookie of 127.0.0.1 goes to every port; a browser sends this one below an unguessable path alone."""
    response = Visitor(page, HERE).go(page.link)
    path = response.headers["location"].rstrip("/")
    assert re.fullmatch(r"/[\w-]{43}", path)
    cookie = rf"tokenkit=[\w-]{{43}}; Path={re.escape(path)}; HttpOnly; SameSite=Lax"
    assert re.fullmatch(cookie, response.headers["set-cookie"])


def test_the_path_alone_lets_nobody_in_and_neither_does_a_cookie_of_their_own(me):
    for cookie in ("tokenkit=", f"tokenkit={'A' * 43}", "other=1"):
        for path in ("/", "/status", "/start/google", "/callback/google?code=x&state=y"):
            response = me.send("POST" if "start" in path else "GET", path, **SCRIPT, origin=HERE, cookie=cookie)
            assert response.status_code == 401
            assert "csrf" not in response.text
            assert "Run tokenkit dashboard again" in response.text


def test_a_cookie_that_another_port_sets_beside_ours_does_not_shut_the_person_out(me):
    mine = me.cookies["tokenkit"]
    assert me.send("GET", "/", **NAVIGATION, cookie=f"tokenkit={'A' * 43}; tokenkit={mine}").status_code == 200


@pytest.mark.parametrize("path", ["/", "/status", "/button.js", "/start/google", "/callback", "/favicon.ico", "/a/b"])
def test_outside_its_path_there_is_nothing(page, path):
    response = Visitor(page, HERE).go(path)
    assert response.status_code == 404
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"x.localhost:{PORT}"]
)
def test_another_host_or_port_is_answered_by_nothing(page, me, host):
    assert me.send("GET", "/", **NAVIGATION, host=host).status_code == 421
    assert me.send("GET", page.link, **NAVIGATION, host=host).status_code == 421


@pytest.mark.parametrize("provider", ["google", "spotify", "pocket"])
def test_a_return_comes_to_a_fixed_path_and_is_sent_on_to_the_page(world, page, me, provider):
    """Providers must know the redirect URI beforehand; the cookie is only where the secret path is (R22)."""
    url = world.authority.approve(me.start(provider))
    assert url.startswith(f"{HERE}/callback/{provider}")
    stranger = Visitor(page, HERE)
    sent_on = stranger.come_back(url)
    assert sent_on.status_code == 303
    assert stranger.come_back(sent_on.headers["location"]).status_code == 401
    assert world.accounts() == []
    done = me.come_back(me.come_back(url).headers["location"])
    assert done.headers["location"].endswith(f"/connected/{provider}?name=me%40example.com")
    assert world.accounts() == [f"{provider}/me@example.com"]


def test_a_forged_return_does_not_learn_the_path(me):
    for tail in ("google?code=x&state=forged", "pocket/forged", "google", "google?state=a&state=b"):
        response = me.send("GET", f"{HERE}/callback/{tail}", **RETURN)
        assert response.status_code == 403
        assert "location" not in response.headers


def test_a_provider_that_insists_on_localhost_is_sent_back_from_there(world, page, me):
    world.kit.providers.add(replace(world.kit.provider("google"), redirect_host="localhost"))
    url = world.authority.approve(me.start("google"))
    assert url.startswith(f"http://localhost:{PORT}/callback/google")
    sent_on = Visitor(page, HERE).come_back(url).headers["location"]
    assert sent_on.startswith(f"{HERE}/")
    assert me.come_back(sent_on).status_code == 303


def test_a_provider_with_a_port_of_its_own_names_the_command(world, me):
    world.kit.providers.add(replace(world.kit.provider("google"), redirect_port=8765))
    answer = me.post("/start/google", {"csrf": me.csrf()}, **SCRIPT)
    assert answer.status_code == 409
    assert "tokenkit dashboard --port 8765" in answer.json()["error"]["hint"]


def test_a_provider_that_wants_another_host_names_no_port_that_would_not_help(world, me):
    world.kit.providers.add(replace(world.kit.provider("google"), redirect_host="::1"))
    error = me.post("/start/google", {"csrf": me.csrf()}, **SCRIPT).json()["error"]
    assert error["message"] == "Google sends people back to ::1, and this page is at 127.0.0.1"
    assert error["hint"] == "tokenkit login google"


def program(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environ = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.Popen(
        [sys.executable, "-c", "from tokenkit.cli.fast_path import main; main()", *arguments],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_the_command_prints_the_link_serves_the_page_and_logs_no_request(home: Path):
    """stdout is the link and nothing else; Ctrl-C is how it ends (R35: no access log)."""
    with program(home, "dashboard") as process:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        with httpx.Client(trust_env=False, follow_redirects=True, timeout=PATIENCE) as client:
            assert "Your accounts" in client.get(link).text
        process.send_signal(2)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, "")
    assert err == "Open this link in a browser on this machine. It works once; stop the page with Ctrl-C.\n"


def test_the_browser_is_opened_by_a_file_of_ours_and_the_link_is_nobody_elses_to_see(tmp_path):
    """R24: no usable link is an argument of a program, for every user of the machine can read those."""
    link, seen = "http://127.0.0.1:1/open/once", Queue()
    with opened(link, lambda url: seen.put((url, address_behind(url)))) as opens:
        url, behind = seen.get(timeout=PATIENCE)
        path = Path(url2pathname(urlsplit(url).path))
        assert (opens, behind, path.stat().st_mode & 0o777) == (True, link, 0o600)
        assert "once" not in url
    assert not path.exists()


def test_where_no_browser_can_be_seen_the_link_is_only_printed():
    with opened("http://127.0.0.1:1/open/once", None) as opens:
        assert not opens


def test_where_no_file_can_be_written_the_link_is_only_printed(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with opened("http://127.0.0.1:1/open/once", pytest.fail) as opens:
        assert not opens


def test_a_port_that_is_taken_is_told(home: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with program(home, "dashboard", "--port", port) as process:
            _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert f"port {port} of 127.0.0.1 cannot be had" in err


# What the assistant needs.


def shown(world: World, asks: dict[str, tuple[str, ...]]) -> str:
    page = StandAlone(world.kit, PORT, asks=asks)
    visitor = Visitor(page, HERE)
    visitor.base += visitor.go(page.link).headers["location"].rstrip("/")
    return visitor.go("/").text


def test_what_the_assistant_needs_comes_first_and_is_chosen_beforehand(world: World):
    plain, asked = shown(world, {}), shown(world, {"spotify": (), "google": ("gmail.readonly",)})
    first = re.compile(r'action="[^"]*/start/(\w+)"')
    assert first.findall(plain)[:2] != ["spotify", "google"]
    assert first.findall(asked)[:2] == ["spotify", "google"]
    chosen = re.compile(r'value="gmail\.readonly" checked')
    assert not chosen.search(plain)
    assert chosen.search(asked)


def test_the_command_takes_it_from_the_options_or_else_from_the_configuration(tmp_path: Path):
    config = tmp_path / ".config" / "tokenkit"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[asks]\ngoogle = ["gmail.readonly", "drive.file"]\n')
    kit = TokenKit(environ={"HOME": str(tmp_path)})
    assert _asks(kit, ()) == {"google": ("gmail.readonly", "drive.file")}
    assert _asks(kit, ["spotify", "google=calendar.readonly,gmail.send"]) == {
        "spotify": (),
        "google": ("calendar.readonly", "gmail.send"),
    }


@pytest.mark.parametrize(
    ("named", "hint"), [("google=gmail.readony", "did you mean gmail.readonly"), ("gogle", "did you mean google")]
)
def test_a_misspelled_wish_is_told_before_the_page_is_served(tmp_path: Path, named: str, hint: str):
    with pytest.raises(TokenKitError) as caught:
        _asks(TokenKit(environ={"HOME": str(tmp_path)}), [named])
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('google = ["gmail.readony"]', "did you mean gmail.readonly"),
        ('google = ["gmail.readonly drive.file"]', "one by one"),
        ('gogle = ["gmail.readonly"]', "did you mean google"),
    ],
)
def test_a_misspelled_wish_of_config_toml_is_told_with_its_place(tmp_path: Path, line: str, hint: str):
    config = tmp_path / ".config" / "tokenkit" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f"[asks]\n{line}\n")
    with pytest.raises(TokenKitError) as caught:
        _asks(TokenKit(environ={"HOME": str(tmp_path)}), ())
    assert caught.value.hint.startswith(f"correct {line.partition(' ')[0]} under [asks] in {config}: {hint}")
