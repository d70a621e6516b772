"""Scripting the sandbox: faults, counters, lifetimes, in process and over HTTP."""

import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
from tokenkit.errors import ProviderUnavailable, UsageError
from tokenkit.provider import Request
from tokenkit.sandbox import CLIENTS, Authority, providers, serve
from tokenkit.sandbox.documented import DOCUMENTED

from at_sandbox import BASE, World, error
from patience import PATIENCE


@pytest.fixture
def world() -> World:
    return World()


def test_a_fault_happens_as_often_as_it_was_scripted_and_then_no_more(world: World) -> None:
    token = world.tokens("google")["refresh_token"]
    world.authority.next("token", status=503, times=2, headers={"Retry-After": "7"}, body={"error": "oops"})
    for _ in range(2):
        answer = world.refresh("google", token)
        assert error(answer) == (503, "oops")
        assert answer.header("Retry-After") == "7"
    assert world.refresh("google", token).status == 200


def test_faults_come_in_the_order_of_the_script(world: World) -> None:
    for status in (500, 502, 504):
        world.authority.next("userinfo", status=status)
    assert [world.get("/google/v1/userinfo").status for _ in range(4)] == [500, 502, 504, 401]


def test_a_fault_of_one_flavour_leaves_the_others_alone(world: World) -> None:
    world.authority.next("userinfo", status=503, flavour="spotify")
    assert world.get("/google/v1/userinfo").status == 401
    assert world.get("/spotify/v1/me").status == 503


@pytest.mark.parametrize(("flavour", "endpoint"), sorted(DOCUMENTED))
def test_every_documented_error_comes_on_demand(world: World, flavour: str, endpoint: str) -> None:
    paths = {
        ("google", "token"): "/google/token",
        ("google", "revoke"): "/google/revoke",
        ("google", "userinfo"): "/google/v1/userinfo",
        ("google", "api"): "/google/gmail/v1/users/me/messages",
        ("spotify", "token"): "/spotify/api/token",
        ("spotify", "userinfo"): "/spotify/v1/me",
        ("spotify", "api"): "/spotify/v1/me/player",
        ("pocket", "request"): "/pocket/v3/oauth/request",
        ("pocket", "token"): "/pocket/v3/oauth/authorize",
        ("pocket", "api"): "/pocket/v3/get",
        ("plain", "token"): "/plain/token",
        ("plain", "userinfo"): "/plain/userinfo",
        ("plain", "api"): "/plain/api",
    }
    method = "POST" if flavour == "pocket" or endpoint in ("token", "revoke") else "GET"
    for name, documented in DOCUMENTED[flavour, endpoint].items():
        world.authority.next(endpoint, error=name, flavour=flavour)
        answer = world.authority.handle(Request(method, BASE + paths[flavour, endpoint]))
        assert (answer.status, answer.headers, answer.body) == (
            documented.status,
            documented.headers,
            documented.body,
        ), name


def test_googles_workspace_reauthentication_is_as_google_sends_it(world: World) -> None:
    token = world.tokens("google")["refresh_token"]
    world.authority.next("token", error="invalid_rapt")
    answer = world.refresh("google", token).json_object()
    assert (answer["error"], answer["error_subtype"]) == ("invalid_grant", "invalid_rapt")
    assert world.refresh("google", token).status == 200, "it ends nothing"


def test_a_cut_connection_is_no_answer_and_nothing_was_carried_out() -> None:
    """R12: the outcome is unknown to the client; the authority knows."""
    world = World(rotating=("spotify",))
    token = world.tokens("spotify")["refresh_token"]
    world.authority.next("token", drop=True)
    with pytest.raises(ProviderUnavailable) as caught:
        world.refresh("spotify", token)
    assert caught.value.sent is True
    assert world.refresh("spotify", token).status == 200


def test_a_lost_answer_is_carried_out_all_the_same() -> None:
    """R12: the server has rotated, and the client does not know it."""
    world = World(rotating=("spotify",))
    token = world.tokens("spotify")["refresh_token"]
    world.authority.next("token", drop=True, acts=True)
    with pytest.raises(ProviderUnavailable):
        world.refresh("spotify", token)
    assert error(world.refresh("spotify", token)) == (400, "invalid_grant")


def test_a_delay_comes_before_the_true_answer(world: World) -> None:
    token = world.tokens("google")["refresh_token"]
    began = world.clock.now()
    world.authority.next("token", delay=20)
    assert world.refresh("google", token).status == 200
    assert world.clock.now() == began + 20


def test_a_delay_holds_nobody_else_up() -> None:
    """A slow answer of one is not a slow server for all."""
    waiting, go_on = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waiting.set()
        assert go_on.wait(PATIENCE)

    authority = Authority(sleep=sleep)
    authority.next("userinfo", delay=1, flavour="google")
    slow = threading.Thread(target=authority.handle, args=(Request("GET", f"{BASE}/google/v1/userinfo"),))
    slow.start()
    assert waiting.wait(PATIENCE)
    assert authority.handle(Request("GET", f"{BASE}/spotify/v1/me")).status == 401
    go_on.set()
    slow.join(PATIENCE)


@pytest.mark.parametrize(
    "script", [{"endpoint": "tokens"}, {"endpoint": "token", "error": "nonsense"}, {"endpoint": "api", "flavour": "x"}]
)
def test_a_script_with_an_unknown_name_is_refused_and_the_known_ones_are_named(
    world: World, script: dict[str, Any]
) -> None:
    with pytest.raises(UsageError) as caught:
        world.authority.next(**script)
    assert "are" in caught.value.hint


def test_requests_are_counted_by_flavour_endpoint_and_grant_the_faulty_ones_too(world: World) -> None:
    token = world.tokens("google")["refresh_token"]
    world.authority.next("token", status=503)
    world.refresh("google", token)
    world.refresh("google", token)
    world.get("/google/v1/userinfo")
    assert world.authority.counters == {
        "google authorize": 1,
        "google token authorization_code": 1,
        "google token refresh_token": 2,
        "google userinfo": 1,
    }


def test_every_secret_that_was_issued_or_received_is_known(world: World) -> None:
    """R35: what the canary tests look for."""
    code = world.code("google")
    tokens = world.exchange("google", code).json_object()
    secrets = {code, tokens["access_token"], tokens["refresh_token"], "the-state", "sandbox-google-secret"}
    assert secrets <= world.authority.issued
    assert not {"sandbox-google", "me@example.com", ""} & world.authority.issued


def test_a_path_that_is_not_there_and_a_wrong_method_are_refused(world: World) -> None:
    assert world.get("/").status == 404
    assert world.get("/nothing/here").status == 404
    wrong = world.get("/google/token")
    assert (wrong.status, wrong.header("Allow")) == (405, "POST")


def test_a_body_that_is_not_an_object_is_refused(world: World) -> None:
    json_header = (("Content-Type", "application/json"),)
    for body in (b"[]", b"{", b"[" * 100_000):
        assert world.authority.handle(Request("POST", f"{BASE}/pocket/v3/get", json_header, body)).status == 400


class TestOverHttp:
    """The same over a socket, for programs that are not Python."""

    def call(self, base_url: str, method: str, path: str, members: Any = None, kind: str = "application/json") -> Any:
        connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=PATIENCE)
        try:
            body = None if members is None else json.dumps(members).encode()
            connection.request(method, path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def test_the_sandbox_listens_and_its_counters_can_be_read(self) -> None:
        with serve(Authority()) as sandbox:
            assert self.call(sandbox.base_url, "GET", "/spotify/v1/me")[0] == 401
            _, state = self.call(sandbox.base_url, "GET", "/_control")
        assert state["counters"] == {"spotify userinfo": 1}
        assert sandbox.authority.counters["spotify userinfo"] == 1

    def test_faults_lifetimes_and_withdrawals_are_scripted_as_in_process(self) -> None:
        authority = Authority()
        with serve(authority) as sandbox:
            script = {"endpoint": "userinfo", "status": 503, "flavour": "google", "body": {"a": 1}}
            assert self.call(sandbox.base_url, "POST", "/_control", script) == (200, {})
            assert self.call(sandbox.base_url, "GET", "/google/v1/userinfo") == (503, {"a": 1})
            assert self.call(sandbox.base_url, "POST", "/_control/lifetimes", {"access": 5}) == (200, {})
            user = {"flavour": "google", "user": "me@example.com"}
            assert self.call(sandbox.base_url, "POST", "/_control/withdraw", user) == (200, {})
        assert authority.lifetimes.access == 5

    def test_a_cut_connection_is_cut(self) -> None:
        with serve(Authority()) as sandbox:
            sandbox.authority.next("userinfo", drop=True)
            with pytest.raises(http.client.RemoteDisconnected):
                self.call(sandbox.base_url, "GET", "/google/v1/userinfo")

    @pytest.mark.parametrize(
        ("path", "members", "kind"),
        [
            ("/_control", {"endpoint": "token", "times": "2"}, "application/json"),
            ("/_control", {"endpoint": "tokens"}, "application/json"),
            ("/_control", {}, "application/json"),
            ("/_control", {"endpoint": "token", "nonsense": 1}, "application/json"),
            ("/_control/nonsense", {"endpoint": "token"}, "application/json"),
            ("/_control", {"endpoint": "token", "status": 503}, "text/plain"),
        ],
    )
    def test_a_script_that_is_wrong_is_refused_and_changes_nothing(
        self, path: str, members: dict[str, Any], kind: str
    ) -> None:
        """The last one is what a foreign web page could send without asking first."""
        with serve(Authority()) as sandbox:
            assert self.call(sandbox.base_url, "POST", path, members, kind)[0] == 400
            assert self.call(sandbox.base_url, "POST", "/google/token")[0] == 401


def test_our_providers_can_be_aimed_at_a_sandbox() -> None:
    aimed = providers("http://127.0.0.1:9")
    assert set(aimed) == set(CLIENTS)
    for name, provider in aimed.items():
        assert provider.name == name
        assert provider.token_endpoint.startswith(f"http://127.0.0.1:9/{name}/")
