"""What an attacker does to a dashboard that connects accounts: it is refused, and nothing has changed (R20 to R25)."""

import asyncio
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.types import Message, Receive
from tokenkit.errors import UsageError
from tokenkit.web import authorize_app
from visitor import FORM, HERE, NAVIGATION, RETURN, SCRIPT, Visitor, links, origin
from world_of_web import World

pytestmark = pytest.mark.slow

CALLBACK = f"{HERE}/callback/google"
EVIL = "https://evil.example"
ASSETS = (".js", ".css", ".svg")


@pytest.fixture
def me(world: World) -> Visitor:
    return world.visitor()


def back(world: World, visitor: Visitor, provider: str = "google", as_user: str = "me@example.com") -> str:
    """The URL that the visitor is about to come back on."""
    return world.authority.approve(visitor.start(provider), as_user=as_user)


def refused(world: World, visitor: Visitor, url: str) -> bool:
    """Whether coming back there is refused with 403, and leaves store and provider as they were."""
    stored, counted = world.stored(), world.authority.counters.copy()
    response = visitor.come_back(url)
    assert response.status_code == 403, response.text
    return world.stored() == stored and world.authority.counters == counted


class TestTheReturn:
    """PocketPaw#999 has the first four: a valid return works; a crafted, a replayed and another's are 403."""

    def test_a_valid_return_connects_the_account_and_leads_to_a_clean_address(self, world, me):
        response = me.come_back(back(world, me))
        assert (response.status_code, response.headers["location"]) == (303, "/connected/google?name=me%40example.com")
        assert world.accounts() == ["google/me@example.com"]
        assert "me@example.com" in me.go(response.headers["location"]).text

    @pytest.mark.parametrize("state", ["", "forged", "google:../config", "../../../etc/passwd", "%00", "a" * 4000])
    def test_a_crafted_state_is_refused_with_and_without_a_sign_in_under_way(self, world, me, state):
        assert refused(world, me, f"{CALLBACK}?code=stolen&state={state}")
        me.start()
        assert refused(world, me, f"{CALLBACK}?code=stolen&state={state}")

    def test_a_replayed_return_is_refused(self, world, me):
        assert refused(world, me, world.connect(me))

    def test_a_return_in_another_browser_is_refused_and_the_right_one_can_still_come_back(self, world, me):
        """Login CSRF: an attacker sends the victim the return of their own sign-in (RFC 6749 section 10.12)."""
        url = back(world, me)
        victim = world.visitor()
        assert refused(world, victim, url)
        victim.start()
        assert refused(world, victim, url)
        assert me.come_back(url).status_code == 303

    def test_another_persons_return_cannot_become_my_account(self, world):
        """Two owners, even in one browser: a dashboard was signed out of and in again between the two legs."""
        kits = {name: world.make_kit(name) for name in ("alice", "bob")}
        app = authorize_app(kit_for=lambda request: kits.get(request.headers.get("x-user", "")))
        alice = Visitor(app)
        token = alice.send("GET", "/status", **SCRIPT, x_user="alice").json()["csrf"]
        begun = alice.post("/start/google", {"csrf": token}, **SCRIPT, x_user="alice")
        url = world.authority.approve(begun.json()["url"])
        before = world.stored(kits["alice"])
        assert alice.send("GET", url, **RETURN, x_user="bob").status_code == 403
        assert alice.send("GET", url, **RETURN).status_code == 401
        assert (kits["bob"].accounts(), world.stored(kits["alice"])) == ([], before)
        assert alice.send("GET", url, **RETURN, x_user="alice").status_code == 303

    def test_a_return_after_ten_minutes_is_refused(self, world, me):
        url = back(world, me)
        world.clock.advance(601)
        assert refused(world, me, url)

    def test_a_return_at_another_providers_path_is_refused(self, world, me):
        """Mix-up (RFC 9700 section 4.4)."""
        assert refused(world, me, back(world, me).replace("/callback/google", "/callback/spotify"))
        assert refused(world, me, back(world, me, "pocket").replace("/callback/pocket", "/callback/google"))

    def test_a_return_that_names_another_issuer_is_refused_before_its_code_is_sent(self, world, me):
        url = re.sub(r"&iss=[^&]*", "", back(world, me)) + "&iss=https%3A%2F%2Fevil.example"
        counted = world.authority.counters.copy()
        assert me.come_back(url).status_code == 403
        assert (world.authority.counters, world.accounts()) == (counted, [])

    def test_a_parameter_given_twice_is_refused(self, world, me):
        assert refused(world, me, back(world, me) + "&code=another")

    def test_pockets_return_is_bound_to_the_browser_although_it_carries_nothing(self, world, me):
        url = back(world, me, "pocket")
        assert refused(world, world.visitor(), url)
        assert refused(world, me, url.rpartition("/")[0])
        assert refused(world, me, url[:-1] + ("A" if url[-1] != "A" else "B"))
        assert me.come_back(url).status_code == 303

    @pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
    def test_only_get_counts_so_that_no_link_preview_uses_up_an_answer(self, world, me, method):
        url = back(world, me)
        assert me.send(method, url, **NAVIGATION | {"origin": HERE}).status_code in (403, 405)
        assert me.come_back(url).status_code == 303

    @pytest.mark.parametrize(("mode", "dest"), [("no-cors", "image"), ("navigate", "iframe"), ("cors", "empty")])
    def test_a_return_that_a_foreign_page_loads_inside_itself_is_refused(self, world, me, mode, dest):
        url = back(world, me)
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": mode, "sec-fetch-dest": dest}
        assert me.send("GET", url, **headers).status_code == 403
        assert me.come_back(url).status_code == 303

    def test_nothing_of_a_return_is_shown(self, world, me):
        """No parameter is reflected, not even escaped: neither of a refusal nor of the person's own denial."""
        mark = "zzmarkzz"
        forged = "&".join(f"{name}={mark}%3Cscript%3E" for name in ("state", "code", "error", "error_description", "x"))
        denied = world.authority.approve(me.start(), deny=True)
        broken = re.sub("error=[^&]*", f"error={mark}", world.authority.approve(me.start(), deny=True))
        temporary = re.sub("error=[^&]*", "error=server_error", world.authority.approve(me.start(), deny=True))
        urls = [f"{CALLBACK}?{forged}", *(f"{url}&error_description={mark}" for url in (broken, temporary)), denied]
        for url in urls:
            response = me.come_back(url)
            assert mark not in response.text + str(response.headers)
            if response.status_code == 303:
                assert mark not in me.go(response.headers["location"]).text
        assert me.come_back(f"{HERE}/callback/{mark}?state=x").status_code == 403
        assert mark not in me.seen[-1].text

    def test_a_denied_consent_changes_nothing_and_is_told(self, world, me):
        response = me.come_back(world.authority.approve(me.start(), deny=True))
        assert response.headers["location"] == "/declined/google"
        assert "was not connected" in me.go("/declined/google").text
        assert (world.accounts(), world.stored()) == ([], {})

    def test_no_page_says_that_an_account_is_connected_that_is_not(self, me):
        assert me.go("/connected/google?name=mallory@evil.example").status_code == 404
        assert "mallory" not in me.seen[-1].text


class TestForms:
    """CSRF: what changes something is a POST, carries a token, and comes from a page of ours."""

    CHANGES = (
        ("/start/google", {}),
        ("/disconnect", {"account": "google/me@example.com"}),
        ("/client/google", {"client_id": "evil", "client_secret": "evil"}),
    )
    FOREIGN = (
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "origin": EVIL},
        {"sec-fetch-site": "cross-site", "origin": HERE},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8001"},
        {"sec-fetch-site": "same-origin", "origin": EVIL},
        {"sec-fetch-site": "none"},
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8001"},
        {"referer": f"{HERE}/"},
    )

    @pytest.mark.parametrize(("path", "fields"), CHANGES)
    @pytest.mark.parametrize("headers", FOREIGN)
    def test_a_form_from_another_site_is_refused_even_with_the_right_token(self, world, me, path, fields, headers):
        world.connect(me)
        token, stored = me.csrf(), world.stored()
        assert me.post(path, {"csrf": token, **fields}, **headers).status_code == 403
        assert world.stored() == stored
        assert not (world.home / ".config" / "tokenkit" / "clients").exists()

    @pytest.mark.parametrize(("path", "fields"), CHANGES)
    def test_a_form_without_the_right_token_is_refused(self, world, me, path, fields):
        world.connect(me)
        other = world.visitor()
        stored = world.stored()
        for token in ("", "0" * 64, other.csrf(), me.csrf()[:-1], "é"):
            assert me.post(path, {"csrf": token, **fields}).status_code == 403
        assert Visitor(world.app).post(path, {"csrf": me.csrf(), **fields}).status_code == 403
        assert world.stored() == stored

    def test_a_browser_that_keeps_no_cookie_is_told_so_and_not_only_to_load_the_page_again(self, world):
        """As in a frame on another site, or where a person has blocked all cookies."""
        me = world.visitor()
        form = {"csrf": me.csrf()}
        me.cookies.clear()
        assert "allow it its cookie" in me.post("/start/google", form, **SCRIPT).json()["error"]["hint"]
        me.csrf()
        assert me.post("/start/google", form, **SCRIPT).json()["error"]["hint"] == "load the page again"

    @pytest.mark.parametrize(("path", "fields"), CHANGES)
    def test_a_get_changes_nothing(self, world, me, path, fields):
        world.connect(me)
        stored = world.stored()
        me.go(path + "?" + "&".join(f"{name}={value}" for name, value in {**fields, "csrf": me.csrf()}.items()))
        assert world.stored() == stored

    def test_one_owners_token_is_not_anothers(self, world):
        kits = {name: world.make_kit(name) for name in ("alice", "bob")}
        app = authorize_app(kit_for=lambda request: kits[request.headers["x-user"]])
        browser = Visitor(app)
        token = browser.send("GET", "/status", **SCRIPT, x_user="alice").json()["csrf"]
        assert browser.post("/start/google", {"csrf": token}, **SCRIPT, x_user="bob").status_code == 403

    @pytest.mark.parametrize("headers", [FORM, SCRIPT, {"origin": HERE}], ids=["form", "script", "old browser"])
    def test_our_own_forms_are_taken(self, me, headers):
        assert me.post("/start/google", {"csrf": me.csrf()}, **headers).status_code == 200

    def test_an_address_that_only_looks_like_a_link_is_not_followed(self, world, me):
        """A plugin's authorization URL is put into a page: it may lead to the web, and not to a script."""
        provider = world.kit.provider("google")
        object.__setattr__(provider, "authorization_endpoint", "javascript:alert(1)//")
        answer = me.post("/start/google", {"csrf": me.csrf()})
        assert answer.status_code == 409
        assert "javascript:" not in answer.headers.get("location", "") + answer.headers.get("refresh", "")
        assert 'href="javascript:' not in answer.text


class TestTheAddress:
    """DNS rebinding, and headers that a client may write as it likes."""

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost", "a.b.localhost",
         "192.168.0.7:8000", "[::2]", "127.0.0.1:8000, evil.example", "127.0.0.1@evil.example", ""],
    )  # fmt: skip
    def test_another_host_is_answered_by_nothing(self, world, me, host):
        for method, path in (("GET", "/"), ("GET", "/status"), ("GET", "/button.js"), ("POST", "/start/google")):
            response = me.send(method, path, **NAVIGATION, host=host)
            assert response.status_code == 421
            assert "set-cookie" not in response.headers

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "127.0.0.1:8000", "[::1]:8000", "localhost:8000", "tk-1.localhost:80"]
    )
    def test_without_a_public_url_loopback_is_answered(self, me, host):
        assert me.send("GET", "/", **NAVIGATION, host=host).status_code == 200

    def test_forwarded_headers_move_nothing(self, world, me):
        csrf = me.csrf()
        lies = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
        lies |= {"x-forwarded-prefix": "/evil", "x-original-url": "/evil"}
        response = me.post("/start/google", {"csrf": csrf}, **SCRIPT, **lies)
        assert "evil" not in response.json()["url"]
        assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fcallback%2Fgoogle" in response.json()["url"]

    def test_behind_a_proxy_the_public_url_is_what_counts(self, world):
        """Whatever the proxy calls us, and under whatever path: nothing is built from the request."""
        world.authority.registry.redirect_uris["google"].append("https://dash.example/tools/connect/callback/google")
        app = authorize_app(world.kit, public_url="https://dash.example/tools/connect/", hosts=["upstream:8000"])
        me = Visitor(app, "http://upstream:8000")
        assert me.send("GET", "/", **NAVIGATION, host="dash.example").status_code == 200
        for same in ("DASH.example", "dash.example:443"):
            assert me.send("GET", "/", **NAVIGATION, host=same).status_code == 200, "RFC 9110 section 4.2.3"
        for other in ("127.0.0.1:8000", "dash.example:80", "dash.example:443:443", "dash.example:4430", "upstream:443"):
            assert me.send("GET", "/", **NAVIGATION, host=other).status_code == 421
        page = me.go("/").text
        assert {link.rpartition("/")[0] for link in links(page) if link.endswith((".js", ".css", ".svg"))} == {
            "/tools/connect"
        }
        started = me.post("/start/google", {"csrf": me.csrf()}, **SCRIPT, origin="https://dash.example").json()["url"]
        url = world.authority.approve(started)
        assert url.startswith("https://dash.example/tools/connect/callback/google?")
        assert me.come_back(url.replace("https://dash.example/tools/connect", "")).status_code == 303
        assert world.accounts() == ["google/me@example.com"]

    @pytest.mark.parametrize(
        "url",
        ["http://dash.example", "dash.example", "https://", "https://a@b", "ftp://b", "https://b?c", "https://b#c"],
    )
    def test_a_public_url_without_tls_is_refused_when_it_is_set(self, world, url):
        with pytest.raises(UsageError, match="public_url"):
            authorize_app(world.kit, public_url=url)

    @pytest.mark.parametrize(
        "path", ["//connect", "/connect//", "/../connect", "/a b", "/ü", "/connect?", "/connect#", ":99999/connect"]
    )
    def test_a_public_url_whose_links_would_lead_elsewhere_is_refused_likewise(self, world, path):
        """What begins with two slashes names another host: that of a form with our token in it."""
        for host in ("https://dash.example", "http://127.0.0.1"):
            with pytest.raises(UsageError, match="public_url"):
                authorize_app(world.kit, public_url=f"{host}{path}")
        with pytest.raises(UsageError, match="public_url") as caught:
            authorize_app(world.kit, public_url="https://bücher.example/connect")
        assert "xn--" in caught.value.hint

    def test_other_sites_get_neither_the_status_nor_the_scripts(self, me):
        for path in ("/status", "/button.js", "/style.css", "/"):
            for site in ("cross-site", "same-site"):
                headers = {"sec-fetch-site": site, "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
                assert me.send("GET", path, **headers).status_code == 403
            response = me.send("GET", path, origin=EVIL)
            assert response.status_code == 403
            assert "access-control-allow-origin" not in response.headers


class TestCookies:
    def test_under_tls_the_cookie_is_the_hosts_own(self, world):
        me = Visitor(authorize_app(world.kit, public_url="https://dash.example/connect"), "https://dash.example")
        cookie = me.go("/").headers["set-cookie"]
        assert re.fullmatch(r"__Host-tokenkit=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax; Secure", cookie)
        assert "set-cookie" not in me.go("/").headers

    def test_on_loopback_the_cookie_is_for_the_mount_alone(self, me):
        assert re.fullmatch(r"tokenkit=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax", me.go("/").headers["set-cookie"])

    def test_a_cookie_that_was_set_beside_ours_counts_as_none(self, world, me):
        """Cookie tossing: a sibling port or host sets a second one, and the server cannot tell which is its own."""
        url, mine, token = back(world, me), me.cookies["tokenkit"], me.csrf()
        for cookie in (f"tokenkit={mine}; tokenkit={'A' * 43}", f"tokenkit={'A' * 43}; tokenkit={mine}"):
            assert me.send("GET", url, **RETURN, cookie=cookie).status_code == 403
            assert me.post("/start/google", {"csrf": token}, **FORM, cookie=cookie).status_code == 403

    @pytest.mark.parametrize("value", ["", "x", "A" * 42, "A" * 44, "A" * 42 + "!"])
    def test_a_cookie_that_we_did_not_draw_is_replaced(self, me, value):
        assert "set-cookie" in me.send("GET", "/", **NAVIGATION, cookie=f"tokenkit={value}").headers


async def answer_to_a_form(world: World, receive: Receive) -> int:
    """The status of what the page says to a form of ours whose body comes from `receive`."""
    headers = {**FORM, "host": urlsplit(HERE).netloc, "content-length": "5"}
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/start/google", "query_string": b"",
        "root_path": "", "scheme": "http", "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    statuses: list[int] = []

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    await world.visitor().app(scope, receive, send)
    return statuses[0]


class TestSizes:
    def test_a_large_form_is_not_read(self, me):
        assert me.post("/start/google", {"csrf": me.csrf(), "scopes": "a" * 20_000}).status_code == 413
        assert me.send("GET", "/", **NAVIGATION, content_length="9" * 5000).status_code == 413

    def test_a_long_address_is_not_looked_at(self, me):
        assert me.go("/callback/google?state=" + "a" * 9000).status_code == 414

    def test_a_form_of_unknown_length_is_not_read(self, me):
        headers = FORM | {"content-type": "application/x-www-form-urlencoded", "transfer-encoding": "chunked"}
        for length in ("", "-1", "1e3", "0x10"):
            assert me.send("POST", "/start/google", **headers, content_length=length).status_code == 411

    def test_a_length_beside_chunks_is_not_believed(self, me):
        """RFC 9112 section 6.3: the chunks count, and have no bound."""
        headers = FORM | {"content-type": "application/x-www-form-urlencoded", "transfer-encoding": "chunked"}
        for method, path in (("POST", "/start/google"), ("GET", "/")):
            assert me.send(method, path, **headers, content_length="5").status_code == 411
        assert me.seen[-1].headers["connection"] == "close"

    def test_a_body_that_is_longer_than_was_said_is_not_read_to_its_end(self, world):
        """Whatever the server in front believes: what is read is counted."""
        sent = 0

        async def receive():
            nonlocal sent
            sent += 1
            return {"type": "http.request", "body": b"a" * 1000, "more_body": True}

        assert asyncio.run(answer_to_a_form(world, receive)) == 413
        assert sent < 20

    def test_a_body_that_does_not_come_is_not_waited_for(self, world, monkeypatch):
        monkeypatch.setattr("tokenkit.web.guard.BODY_TIME", 0.01)

        async def receive():
            await asyncio.Event().wait()

        assert asyncio.run(answer_to_a_form(world, receive)) == 408

    @pytest.mark.parametrize(
        "body",
        [b"csrf=a&csrf=b", b"&".join(b"f%d=" % number for number in range(200)), b"\xff\xfe", b"csrf=%ff"],
    )
    def test_a_form_that_is_not_plainly_one_is_refused(self, me, body):
        me.go("/")
        headers = FORM | {"content-type": "application/x-www-form-urlencoded"}
        assert me.send("POST", "/start/google", content=body, **headers).status_code == 400

    @pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
    def test_another_kind_of_body_is_refused(self, me, kind):
        assert me.send("POST", "/start/google", content=b"{}", **FORM | {"content-type": kind}).status_code == 400

    def test_sign_ins_under_way_are_bounded_for_a_browser_and_for_a_person(self, world, me, monkeypatch):
        """R21: the oldest of one browser's own make room; another's never do, and what has expired does."""
        monkeypatch.setattr("tokenkit.signing_in.pendings.PENDINGS_PER_BINDING", 3)
        monkeypatch.setattr("tokenkit.signing_in.pendings.PENDINGS_PER_OWNER", 5)
        for _ in range(5):
            me.start()
        assert len(world.stored()) == 3
        world.visitor().start()
        world.visitor().start()
        late = world.visitor()
        assert late.post("/start/google", {"csrf": late.csrf()}).status_code == 503
        assert len(world.stored()) == 5
        world.clock.advance(601)
        assert late.post("/start/google", {"csrf": late.csrf()}).status_code == 200
        assert len(world.stored()) == 1

    @pytest.mark.parametrize("scopes", ["a" * 9 + '"', "sc\\ope", "é", " ".join("abcdefghij" * 6)])
    def test_what_is_no_scope_is_not_asked_for(self, world, me, scopes):
        assert me.post("/start/google", {"csrf": me.csrf(), "scopes": scopes}).status_code == 400
        assert world.stored() == {}


class TestWhatIsSent:
    PATHS = (
        "/", "/status", "/opening", "/button.js", "/page.js", "/opening.js", "/returned.js", "/style.css", "/icon.svg",
        "/client/google", "/client/nobody", "/disconnect?account=google/me@example.com", "/disconnect",
        "/declined/google", "/connected/google?name=me@example.com", "/callback/google?code=x&state=y",
        "/nowhere", "/start/google",
    )  # fmt: skip

    @pytest.mark.parametrize("path", PATHS)
    def test_every_answer_has_the_headers(self, world, me, path):
        world.connect(me)
        headers = me.go(path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert (headers["referrer-policy"], headers["x-content-type-options"]) == ("no-referrer", "nosniff")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        in_pop_up = path.startswith(("/opening", "/connected", "/declined", "/callback")) and ".js" not in path
        reach = "unsafe-none" if in_pop_up and headers["content-type"].startswith("text/html") else None
        assert headers["cross-origin-opener-policy"] == (reach or "same-origin-allow-popups")
        assert headers["cache-control"] == ("no-cache" if path.endswith(ASSETS) else "no-store")

    @pytest.mark.parametrize("path", [path for path in PATHS if not path.endswith(ASSETS)])
    def test_no_page_has_anything_inline_or_foreign(self, world, me, path):
        world.connect(me)
        response = me.go(path)
        if response.headers.get("content-type", "").startswith("text/html"):
            assert not re.search(r"<style|<script(?! type=\"module\" src=)|\sstyle=|\son\w+=", response.text)
            loaded = re.findall(r'<(?:script|link|img|form)[^>]*(?:src|href|action)="([^"]*)"', response.text)
            assert {origin(url) for url in loaded} <= {""}

    def test_no_secret_is_ever_sent(self, world, me):
        """Neither a token nor a client secret, in no page and no JSON of a whole life."""
        for provider in ("google", "spotify", "pocket"):
            world.connect(me, provider)
        world.clock.advance(4000)
        world.kit.token("google")
        for path in self.PATHS:
            me.go(path)
        me.post("/client/google", {"csrf": me.csrf(), "client_id": "", "client_secret": "sandbox-google-secret"})
        me.post("/disconnect", {"csrf": me.csrf(), "account": "google/me@example.com"}, **SCRIPT)
        sent = "".join(f"{response.headers}{response.text}" for response in me.seen)
        urls = [response.json()["url"] for response in me.seen if response.text.startswith('{"version":1,"url"')]
        states = {value for url in urls for _, value in parse_qsl(urlsplit(url).query)}
        secrets = {secret for secret in world.authority.issued if len(secret) > 12} - states
        assert len(secrets) > 10
        assert [secret for secret in secrets if secret in sent] == []

    def test_the_status_is_a_pure_look(self, world, me):
        """It tells of an expired token, refreshes nothing, and writes nothing (R1, R11)."""
        world.connect(me)
        world.clock.advance(4000)
        stored, counted = world.stored(), world.authority.counters.copy()
        for path in ("/status", "/", "/disconnect?account=google/me@example.com", "/client/google"):
            me.go(path)
        assert (world.stored(), world.authority.counters) == (stored, counted)


class TestAcrossProcesses:
    def test_a_sign_in_that_one_worker_began_is_completed_by_another_after_a_restart(self, world, me):
        url = back(world, me)
        me.app = authorize_app(world.make_kit())
        assert me.come_back(url).status_code == 303
        assert world.accounts() == ["google/me@example.com"]

    def test_two_workers_that_get_the_same_return_connect_one_account_once(self, world, me):
        url = back(world, me)
        assert me.come_back(url).status_code == 303
        me.app = authorize_app(world.make_kit())
        assert refused(world, me, url)


class TestClients:
    def test_a_registration_is_written_and_never_shown(self, world, me):
        world.kit = world.make_kit(OTHER="1")
        me.app = authorize_app(world.kit)
        form = {"csrf": me.csrf(), "client_id": "the-client-id", "client_secret": "the-client-secret"}
        assert me.post("/start/google", {"csrf": form["csrf"]}).headers["location"] == "/client/google"
        assert me.post("/client/google", form).headers["location"] == "/#google"
        assert world.kit.client(world.kit.provider("google")).client_id == "the-client-id"
        for path in ("/client/google", "/", "/status"):
            assert "the-client" not in me.go(path).text

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"client_id": "a"},
            {"client_id": "a\x07", "client_secret": "b"},
            {"download": "{}"},
            {"download": "<script>"},
        ],
    )
    def test_a_mistake_is_told_and_not_quoted(self, world, me, fields):
        response = me.post("/client/google", {"csrf": me.csrf(), **fields})
        assert response.status_code == 400
        assert 'role="alert"' in response.text
        assert not (world.home / ".config" / "tokenkit" / "clients").exists()

    def test_googles_download_is_taken_whole(self, world, me):
        world.kit = world.make_kit(OTHER="1")
        me.app = authorize_app(world.kit)
        download = '{"installed": {"client_id": "from-the-file", "client_secret": "a-secret"}}'
        assert me.post("/client/google", {"csrf": me.csrf(), "download": download}).status_code == 303
        assert world.kit.client(world.kit.provider("google")).client_id == "from-the-file"

    def test_where_there_are_several_people_none_of_them_registers_clients(self, world):
        me = Visitor(authorize_app(kit_for=lambda request: world.kit))
        assert me.go("/client/google").status_code == 404
        assert me.post("/client/google", {"csrf": me.csrf(), "client_id": "a", "client_secret": "b"}).status_code == 404
