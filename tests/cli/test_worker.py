"""``tokenkit worker``, and the pages that it serves."""

import re
import threading
import time
import urllib.error
import urllib.request

import pytest
from tokenkit.worker.worker import Worker

from patience import PATIENCE, wait_until


@pytest.fixture
def due(machine, run):
    """An account whose token ends soon."""
    assert run(["login", "google"]).code == 0
    account = "google/me@example.com"
    machine.change(account, access_tokens={"": _closing(machine, account)})
    return account


def _closing(machine, account):
    token = machine._held(account, "")[2].grant.access_token
    now = time.time()
    return type(token)(token.value, expires_at=now + 200, obtained_at=now - 3400, scopes=token.scopes)


def asked(machine):
    return machine.authority.counters["google token refresh_token"]


def test_once_refreshes_what_is_due_and_prints_no_token(machine, run, due):
    done = run(["worker", "--once"])
    assert (done.code, done.stdout) == (0, "")
    assert "1 refreshed" in done.stderr
    assert asked(machine) == 1
    assert not any(secret in done.stderr for secret in machine.authority.issued)
    assert "0 refreshed" in run(["worker", "--once"]).stderr
    assert asked(machine) == 1


def test_once_ends_with_1_where_a_refresh_failed(machine, run, due):
    machine.authority.next("token", status=503, times=2)
    done = run(["worker", "--once"])
    assert done.code == 1
    assert "1 failed" in done.stderr
    assert "hint: tokenkit log" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--owner", "alice", "worker"], "keeps the tokens of all owners fresh"),
        (["worker", "--once", "--listen", "9464"], "is not an address to listen on"),
        (["worker", "--once", "--listen", "127.0.0.1:99999"], "is not an address to listen on"),
        (["worker", "--limit", "0"], "--limit"),
        (["worker", "--limit", "inf"], "--limit"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(machine, run, arguments, said):
    done = run(arguments)
    assert done.code == 2
    assert said in done.stderr


def test_a_port_that_is_taken_is_said(machine, run):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(["worker", "--once", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"])
    assert done.code == 3
    assert "cannot be listened on: Address already in use\n" in done.stderr
    assert "hint: tokenkit worker --listen 127.0.0.1:0, for any port that is free" in done.stderr


def test_the_hint_for_an_owner_does_not_name_one(run):
    done = run(["--owner", "alice", "worker"])
    assert done.stderr.endswith("hint: leave --owner out\n")


def test_its_pages_tell_health_and_numbers_and_no_account(machine, run, due, monkeypatch):
    """They are served while it works, and changed by nobody."""
    seen = {}

    def look_and_stop(worker):
        try:
            wait_until(lambda: worker.figures.total("refreshed"))
            url = re.search(r"http://\S+", said[0])[0]
            for page in ("/health", "/metrics", "/other"):
                seen[page] = read(url + page)
            seen["POST"] = read(url + "/metrics", method="POST")
            monkeypatch.setattr("tokenkit.worker.worker.SILENT_FOR", 0.0)
            seen["silent"] = read(url + "/health")
        finally:
            worker.stop()

    said = []
    monkeypatch.setattr("tokenkit.cli.worker.say", said.append)
    real = Worker.run

    def watched(worker):
        watcher = threading.Thread(target=look_and_stop, args=[worker])
        watcher.start()
        real(worker)
        watcher.join()

    monkeypatch.setattr(Worker, "run", watched)
    assert run(["worker", "--listen", "127.0.0.1:0"]).code == 0
    assert seen["/health"] == (200, "ok\n")
    assert 'refreshes_total{provider="google",result="refreshed"} 1\n' in seen["/metrics"][1]
    assert "example.com" not in seen["/metrics"][1]
    assert (seen["/other"][0], seen["POST"][0], seen["silent"][0]) == (404, 405, 503)


def read(url, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
