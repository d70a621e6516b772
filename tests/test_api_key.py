"""A service without OAuth, as data: what is asked, where the key goes, how it is tried, and that it shows nowhere."""

import copy
import json
import logging
import pickle
import re
from base64 import b64decode
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from tokenkit import ApiKey, Field, Secret, TokenKit, UserinfoRequest
from tokenkit.audit import Inventory, audit
from tokenkit.audit.mounts import Mount
from tokenkit.audit.online import CHECKS as ONLINE
from tokenkit.errors import (
    AuthorizationError,
    ConfigurationError,
    InvalidAnswer,
    ProviderChanged,
    ProviderUnavailable,
    TokenKitError,
    TokenRefused,
    UsageError,
)
from tokenkit.net.hosts import require_bearer, require_header_token
from tokenkit.plugins import check_provider
from tokenkit.provider import ClientRegistration, Context, Request, Response
from tokenkit.provider_file import read_provider_file
from tokenkit.sandbox import Authority, moved
from tokenkit.sandbox.keyed import key_of
from tokenkit.store.memory import MemoryStore
from tokenkit.testing import Clock
from tokenkit.testing.contract import BASE_URL, ProviderContract
from tokenkit.token import AccessToken

from world import World, answer

KEY = "key-4711-very-secret"
NOBODY = ClientRegistration("")
API = Request("GET", "https://api.acme.example/v1/notes")


def acme(**changes: object) -> ApiKey:
    usual: dict[str, object] = {
        "name": "acme",
        "title": "Acme Notes",
        "resource_hosts": ("https://api.acme.example/v1",),
        "fields": {"key": Field(label="API key", where="https://acme.example/settings/keys")},
        "userinfo_endpoint": "https://api.acme.example/v1/me",
        "subject_path": "id",
    }
    return ApiKey(**{**usual, **changes})  # type: ignore[arg-type]


REVOKE = "https://api.acme.example/v1/keys"
TWO = {"key": Field(label="API key"), "app": Field(label="application id", secret=False)}
PAIR = {"user": Field(label="e-mail address", secret=False), "password": Field(label="app password", pattern="[ -~]+")}
SHAPES = {
    "bearer": acme(),
    "header": acme(token_headers={"X-Api-Key": "{key}"}),
    "scheme": acme(token_headers={"Authorization": "Token {key}"}),
    "no scheme": acme(token_headers={"Authorization": "{key}"}),
    "query": acme(token_query={"key": "{key}"}),
    "basic": acme(fields=PAIR, token_headers={"Authorization": "Basic {user}:{password}"}),
    "basic beside a header": acme(
        fields=PAIR, token_headers={"Authorization": "Basic {password}:x", "X-User": "{user}"}
    ),
    "two headers": acme(fields=TWO, token_headers={"X-Key": "{key}", "X-App": "{app}"}),
    "two parameters": acme(fields=TWO, token_query={"app_id": "{app}", "app_key": "{key}"}),
    "with a client": acme(
        needs_client=True, token_headers={"Authorization": 'OAuth consumer="{client_id}", token="{key}"'}
    ),
    "tried only": acme(subject_path=""),
    "revocable": acme(revocation_endpoint="https://api.acme.example/v1/keys/{key}"),
}


@pytest.mark.parametrize("shape", SHAPES)
class TestEveryShape(ProviderContract):
    """The contract of all providers, for each way in which a key travels."""

    @pytest.fixture
    def provider(self, shape: str) -> ApiKey:
        return moved(SHAPES[shape], f"{BASE_URL}/acme")

    @pytest.fixture
    def client(self, provider: ApiKey) -> ClientRegistration:
        return ClientRegistration("sandbox-acme" if provider.needs_client else "")

    @pytest.fixture
    def api_request(self, provider: ApiKey) -> Request:
        return Request("GET", f"{provider.resource_hosts[0]}/notes?page=2")

    def test_a_request_is_accepted_with_the_token_and_refused_without(self, trial, api_request):
        """The query may grow by the key: where the service offers nothing else."""
        if trial.provider.token_query:
            token = trial.sign_in().access_token
            assert trial.status(token, api_request) == 200
            assert trial.status(AccessToken("wrong"), api_request) == 401
        else:
            super().test_a_request_is_accepted_with_the_token_and_refused_without(trial, api_request)


def granted(provider: ApiKey, *answers: object, client: ClientRegistration = NOBODY, **typed: str):
    return provider.ask(World(*answers).ctx, client, {name: Secret(value) for name, value in typed.items()})


def signed(provider: ApiKey, client: ClientRegistration = NOBODY, **typed: str) -> Request:
    token = granted(provider, client=client, **typed).access_token
    return provider.authenticate(World().ctx, client, token, API)


# Where it goes.


def test_a_key_travels_as_the_documentation_of_the_service_writes_it():
    assert signed(SHAPES["bearer"], key=KEY).header("Authorization") == f"Bearer {KEY}"
    assert signed(SHAPES["header"], key=KEY).headers == (("X-Api-Key", KEY),)
    assert signed(SHAPES["scheme"], key=KEY).header("Authorization") == f"Token {KEY}"
    assert signed(SHAPES["no scheme"], key=KEY).header("Authorization") == KEY
    two = signed(SHAPES["two headers"], key=KEY, app="7")
    assert (two.header("X-Key"), two.header("X-App")) == (KEY, "7")
    trello = signed(SHAPES["with a client"], ClientRegistration("app-1"), key=KEY)
    assert trello.header("Authorization") == f'OAuth consumer="app-1", token="{KEY}"'


def test_user_and_password_are_encoded_as_basic(tmp_path):
    """RFC 7617: UTF-8, and the password may have spaces."""
    sent = signed(SHAPES["basic"], user="me@example.com", password="abcd efgh").header("Authorization") or ""
    assert b64decode(sent.removeprefix("Basic ")).decode() == "me@example.com:abcd efgh"


def test_a_key_in_the_query_is_quoted_and_stands_beside_what_is_there():
    provider = SHAPES["query"]
    token = granted(provider, key="a&b=c#d").access_token
    sent = provider.authenticate(World().ctx, NOBODY, token, Request("GET", f"{API.url}?page=2#top"))
    assert sent.url == f"{API.url}?page=2&key=a%26b%3Dc%23d#top"


@pytest.mark.parametrize(
    ("shape", "in_authorization", "handed_out"),
    [("bearer", True, True), ("header", False, True), ("query", False, True), ("scheme", True, False),
     ("basic", True, False), ("two headers", False, False), ("with a client", True, False)],
)  # fmt: skip
def test_only_what_is_a_bearer_token_is_handed_out_as_one(shape, in_authorization, handed_out):
    """R33 and R34: a key that travels elsewhere goes by `kit.http` alone, and a pair of keys is no token."""
    provider, account = SHAPES[shape], "acme/me"
    typed = dict.fromkeys(provider.fields, "x")
    token = granted(provider, **typed).access_token
    for refuse, fine in (
        (lambda: require_header_token(provider, account), in_authorization),
        (lambda: require_bearer(token, account), handed_out),
    ):
        if fine:
            refuse()
        else:
            with pytest.raises(TokenRefused, match=r"of acme/me"):
                refuse()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fields": {}}, "asks for nothing"),
        ({"resource_hosts": ()}, "resource_hosts"),
        ({"token_headers": {"X-Key": "{kee}"}}, "{kee}"),
        ({"token_headers": {"X-Key": "fixed"}}, "no field"),
        ({"revocation_endpoint": f"{REVOKE}/{{token}}"}, "names {token}, which is no field"),
        ({"revocation_endpoint": f"{REVOKE}/{{client_id}}/{{key}}"}, "names {client_id}, which is no field"),
        ({"token_headers": {"Authorization": "Bearer {client_id}"}}, "{client_id}"),
        ({"token_headers": {"Host": "{key}"}}, "Host"),
        ({"token_headers": {"Cookie": "{key}"}}, "Cookie"),
        ({"token_headers": {"Content-Type": "{key}"}}, "Content-Type"),
        ({"token_headers": {"X Key": "{key}"}}, "X Key"),
        ({"token_headers": {"X-Key": "{key}\r\nX-Other: 1"}}, "X-Key"),
        ({"fields": {"key": Field(label="key", where="javascript:alert(1)")}}, "where"),
        ({"fields": {"key": Field(label="key", pattern="(")}}, "pattern"),
        ({"fields": TWO}, "token_headers"),
        ({"unverified": ("kee",)}, "kee"),
        ({"name": "No Name"}, "No Name"),
        ({"resource_hosts": (REVOKE,), "revocation_endpoint": REVOKE}, REVOKE),
    ],
)  # fmt: skip
def test_a_declaration_that_no_request_can_be_made_of_says_what_is_wrong(changes, named):
    with pytest.raises(ConfigurationError, match=r".") as caught:
        acme(**changes)
    assert named in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "url",
    [
        "x",
        " ",
        "javascript:alert(1)",
        "https://",
        "https://u:p@a.example/",
        "https://a.example:99999/",
        "https://a.example/#x",
    ],
)
def test_an_address_where_no_key_could_be_tried_is_refused_when_it_is_read(url):
    """Before anybody has typed a key."""
    with pytest.raises(ConfigurationError, match="cannot be the userinfo_endpoint of acme"):
        acme(userinfo_endpoint=url)


def test_a_service_without_a_title_is_refused():
    with pytest.raises(ConfigurationError, match="title of acme is empty"):
        acme(title="")


def test_it_is_a_provider_like_any_other():
    check_provider("acme", acme())
    with pytest.raises(UsageError, match="has no consent screen: it wants your API key") as caught:
        acme().begin(World().ctx, NOBODY, SimpleNamespace())  # type: ignore[arg-type]
    assert "tokenkit login acme" in caught.value.hint


# What is typed.


@pytest.mark.parametrize("typed", [f" {KEY}\n", f"\ufeff{KEY}\u200b", f"{KEY}\r\n", f"\t{KEY} "])
def test_what_copying_adds_around_a_key_is_taken_off(typed):
    assert granted(acme(), key=typed).access_token.value == KEY


@pytest.mark.parametrize(
    "typed", ["", "  \n", f"Bearer {KEY}", f"{KEY[:5]}\n{KEY[5:]}", f"{KEY}\x00", f"{KEY}é", f"export KEY={KEY}"]
)
def test_what_cannot_be_a_key_is_refused_before_anything_is_sent(typed):
    """And none of it is shown (R35)."""
    with pytest.raises(UsageError) as caught:
        granted(acme(), key=typed)
    assert "the API key of Acme Notes" in str(caught.value)
    assert "https://acme.example/settings/keys" in caught.value.hint
    assert KEY not in f"{caught.value!r} {caught.value} {caught.value.hint}"


def test_where_to_copy_it_again_is_the_address_that_the_person_was_given():
    """With the client id in it: the page of the service would not open without one."""
    provider = acme(
        needs_client=True, fields={"key": Field(label="API key", where="https://acme.example/keys?app={client_id}")}
    )
    with pytest.raises(UsageError, match="is missing") as caught:
        provider.ask(World().ctx, ClientRegistration("app 1"), {})
    assert caught.value.hint.endswith("at https://acme.example/keys?app=app%201")


def test_a_pattern_of_the_service_is_held_against_the_whole():
    provider = acme(fields={"key": Field(label="API key", pattern="ak-[0-9]{4}")})
    assert granted(provider, key="ak-4711 ").access_token.value == "ak-4711"
    for wrong in ("ak-47111", "xak-4711", "ak-471"):
        with pytest.raises(UsageError, match="API key"):
            granted(provider, key=wrong)


FRAGMENT = {"key": Field(label="token", fragment="token")}


@pytest.mark.parametrize(
    "typed",
    [
        "ab+c",
        "https://example.com/back#token=ab%2Bc",
        " https://example.com/#x=1&token=ab%2Bc \n",
        "<https://example.com/#token=ab%2Bc>",
        '"https://example.com/#token=ab%2Bc"',
        "example.com/#token=ab%2Bc",
        "#token=ab%2Bc",
        "token=ab%2Bc",
        "https://example.com/?state=x#token=ab%2Bc&expires=never",
        "\u200ehttps://example.com/#token=ab%2B\u00adc\u202c",
    ],
)
def test_an_address_that_holds_the_token_in_its_fragment_may_be_pasted_whole(typed):
    """So may a part of it, as browsers copy it, and what mail and chat put around it."""
    assert granted(acme(fields=FRAGMENT), key=typed).access_token.value == "ab+c"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("https://example.com/back#error=access_denied", "is not in that address, which says access_denied"),
        ("https://example.com/1/authorize?key=abc", "is not in that address"),
        ("#tokens=ab", "is not in that address"),
        ("token=", "is not in that address"),
    ],
)
def test_an_address_without_the_token_is_sent_nowhere_as_if_it_were_one(typed, said):
    """R35: nor is any of it shown but the code of the error, which the provider wrote for everybody."""
    world = World()
    provider = acme(fields=FRAGMENT, userinfo_endpoint="https://api.acme.example/me")
    with pytest.raises(UsageError, match="the token of Acme") as caught:
        provider.ask(world.ctx, NOBODY, {"key": Secret(typed)})
    assert str(caught.value).endswith(said)
    assert world.requests == []


# How it is tried.


def test_whose_it_is_is_asked_with_the_key_where_it_belongs():
    world = World(answer({"id": 7, "email": "me@example.com"}))
    provider = SHAPES["header"]
    found = provider.identify(world.ctx, NOBODY, granted(provider, key=KEY))
    assert found == ("7", "me@example.com")
    assert world.requests[0].header("X-Api-Key") == KEY
    assert world.requests[0].header("Authorization") is None


def test_where_nobody_says_whose_it_is_it_is_tried_all_the_same():
    provider = SHAPES["tried only"]
    assert provider.identify is None
    assert granted(provider, answer([1, 2]), key=KEY).access_token.value == KEY
    with pytest.raises(InvalidAnswer, match="HTTP 403"):
        granted(provider, answer({}, 403), key=KEY)
    with pytest.raises(ProviderUnavailable):
        granted(provider, answer({}, 503), key=KEY)


def test_a_key_of_nobody_is_tried_as_the_declaration_says_too():
    """Of a GraphQL service a GET without the query is refused whatever the key is, and a refusal comes in a 200."""
    how = UserinfoRequest(query="{ me { id } }", headers={"X-App": "{client_id}"})
    provider = acme(subject_path="", userinfo=how)
    world, app = World(answer({"data": {"me": {"id": "5"}}})), ClientRegistration("app-1")
    assert provider.ask(world.ctx, app, {"key": Secret(KEY)}).access_token
    (request,) = world.requests
    assert (request.method, json.loads(request.body)) == ("POST", {"query": "{ me { id } }"})
    assert (request.header("X-App"), request.header("Authorization")) == ("app-1", f"Bearer {KEY}")
    for refused in ({"errors": [{"message": "Not Authenticated"}]}, {"data": None, "errors": [{}]}):
        with pytest.raises(InvalidAnswer, match="refuses it: its answer has no data"):
            provider.ask(World(answer(refused)).ctx, app, {"key": Secret(KEY)})


def test_a_revocation_names_the_key_and_says_what_came_of_it():
    provider = SHAPES["revocable"]
    kept = granted(provider, key="a/b")
    for status, done in ((204, True), (404, True), (500, False)):
        world = World(answer({}, status))
        assert provider.revoke(world.ctx, NOBODY, kept).done is done
        assert (world.requests[0].method, world.requests[0].url) == ("DELETE", "https://api.acme.example/v1/keys/a%2Fb")
        assert world.requests[0].header("Authorization") == "Bearer a/b"
    assert provider.revocation_reach == "token"
    assert acme().revoke is None


# In a kit.


@pytest.fixture
def authority() -> Authority:
    return Authority(clock=Clock().now, declared=[here(acme())])


def here(provider: ApiKey) -> ApiKey:
    return moved(provider, f"{BASE_URL}/acme")


def make_kit(authority: Authority, provider: ApiKey, tmp_path: Path, **more: object) -> TokenKit:
    clock = Clock()
    context = Context(authority.handle, clock.now, lambda n: bytes(n), clock.sleep)
    environ = {"HOME": str(tmp_path), "PATH": ""}
    options = {"providers": {"acme": provider}, "store": MemoryStore(), **more}
    return TokenKit(context=context, environ=environ, background=False, **options)  # type: ignore[arg-type]


@pytest.fixture
def kit(authority: Authority, tmp_path: Path) -> TokenKit:
    return make_kit(authority, here(acme()), tmp_path)


def test_a_key_is_an_account_that_never_ends(kit, authority):
    account = kit.login("acme", answers={"key": key_of("acme", "key")})
    assert str(account) == "acme/me@example.com"
    assert kit.token("acme").value == key_of("acme", "key")
    status = kit.status("acme")
    assert (status.expires_at, status.ends_at, str(status)) == (
        None, None, "acme/me@example.com is signed in; its token has no end",
    )  # fmt: skip
    assert authority.counters == {"acme userinfo": 1}


def test_a_wrong_key_is_refused_and_nothing_is_stored(kit):
    with pytest.raises(AuthorizationError, match=r"does not accept this API key \(HTTP 401\); nothing was stored"):
        kit.login("acme", answers={"key": KEY})
    assert kit.accounts() == []


def test_a_service_that_cannot_be_asked_is_not_taken_for_a_no(kit, authority):
    """R12: and an untried key is not kept."""
    authority.next("userinfo", status=503)
    with pytest.raises(ProviderUnavailable):
        kit.login("acme", answers={"key": key_of("acme", "key")})
    assert kit.accounts() == []


@pytest.mark.parametrize("body", [b"<html>a page of a proxy</html>", b'{"ok": false}'], ids=["HTML", "no subject"])
def test_an_answer_that_shows_nothing_is_no_proof_that_it_works(body, tmp_path):
    provider = acme()
    context = World(Response(200, (), body)).ctx
    kit = TokenKit(context=context, environ={"HOME": str(tmp_path)}, store=MemoryStore(), providers={"acme": provider})
    with pytest.raises(AuthorizationError, match="does not show that this API key works"):
        kit.login("acme", answers={"key": KEY})
    assert kit.accounts() == []


@pytest.mark.parametrize("status", [404, 405, 410])  # a 405 is asked once more, by POST
def test_an_address_where_nothing_is_is_not_blamed_on_the_key(status, tmp_path):
    context = World(Response(status, (), b""), Response(status, (), b"")).ctx
    kit = TokenKit(context=context, environ={"HOME": str(tmp_path)}, store=MemoryStore(), providers={"acme": acme()})
    with pytest.raises(AuthorizationError, match=rf"nothing at its userinfo_endpoint \(HTTP {status}\)") as caught:
        kit.login("acme", answers={"key": KEY})
    assert caught.value.hint == "tokenkit login acme"


def test_another_persons_key_becomes_another_account(kit):
    """R18: nobody's account is written over."""
    kit.login("acme", answers={"key": key_of("acme", "key")})
    kit.login("acme", account="me@example.com", answers={"key": key_of("acme", "key", "you@example.com")})
    assert list(map(str, kit.accounts())) == ["acme/me@example.com", "acme/you@example.com"]


def test_a_new_key_of_the_same_person_takes_the_place_of_the_old_one(tmp_path):
    told = answer({"id": 7, "email": "me@example.com"})
    kit = TokenKit(
        context=World(told, told).ctx, environ={"HOME": str(tmp_path)}, store=MemoryStore(), providers={"acme": acme()}
    )
    for key in ("old-key", "new-key"):
        kit.login("acme", answers={"key": key})
    assert [kit.token("acme").value, *map(str, kit.accounts())] == ["new-key", "acme/me@example.com"]


def test_where_nobody_says_whose_it_is_a_person_names_it(authority, tmp_path):
    kit = make_kit(authority, here(acme(userinfo_endpoint="", subject_path="")), tmp_path)
    assert str(kit.login("acme", answers={"key": KEY})) == "acme/default"
    assert str(kit.login("acme", name="work", answers={"key": "other"})) == "acme/work"


def test_answers_that_are_missing_or_unknown_are_named(kit):
    with pytest.raises(UsageError, match="does not ask for 'kee'") as caught:
        kit.login("acme", answers={"kee": KEY})
    assert caught.value.hint == "it asks for key"
    with pytest.raises(UsageError, match="the API key of Acme Notes is missing"):
        kit.login("acme", answers={})
    with pytest.raises(UsageError, match="no scopes to ask for"):
        kit.login("acme", scopes=["read"], answers={"key": KEY})
    with pytest.raises(UsageError, match="has no consent screen"):
        kit.login("acme", show=lambda url, code: None)
    with pytest.raises(UsageError, match="has no consent screen"):
        kit.begin("acme", redirect_uri="https://dash.example/callback/acme", binding="b")


def test_a_provider_with_a_consent_screen_takes_no_answers(kit):
    with pytest.raises(UsageError, match="has a consent screen"):
        kit.login("google", answers={"key": KEY})


def test_the_key_goes_to_its_resource_hosts_and_nowhere_else(kit, authority):
    """R32: a key is bound like any token."""
    kit.login("acme", answers={"key": key_of("acme", "key")})
    sent: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    with kit.http("acme", transport=httpx.MockTransport(serve)) as http:
        assert http.get(f"{here(acme()).resource_hosts[0]}/notes").status_code == 200
        for elsewhere in ("https://evil.example/v1/notes", f"{BASE_URL}/other"):
            with pytest.raises(TokenRefused):
                http.get(elsewhere)
    assert [request.headers["Authorization"] for request in sent] == [f"Bearer {key_of('acme', 'key')}"]


def test_a_key_of_one_server_is_not_tried_at_another(kit, authority, tmp_path):
    """R17: a changed declaration gets no key to ask whose it is."""
    kit.login("acme", answers={"key": key_of("acme", "key")})
    elsewhere = acme(resource_hosts=("https://api.evil.example",), userinfo_endpoint="https://api.evil.example/me")
    kit.providers.add(elsewhere)
    with pytest.raises(ProviderChanged):
        kit.refresh("acme")


def test_a_key_without_an_end_is_not_refreshed_and_nobody_is_told_that_a_person_is_needed(kit):
    told: list[object] = []
    kit.on("consent_needed", told.append)
    kit.login("acme", answers={"key": key_of("acme", "key")})
    with pytest.raises(UsageError, match="has nothing to refresh: its token has no end"):
        kit.refresh("acme")
    assert told == []
    assert kit.token("acme").value == key_of("acme", "key")


def test_what_the_service_refuses_later_needs_a_person(kit, authority):
    """R15: and the message says what to do."""
    kit.login("acme", answers={"key": key_of("acme", "key")})
    token = kit.token("acme")
    with pytest.raises(TokenKitError, match="its API has answered 401 to the key") as caught:
        kit.token("acme", rejected=token)
    assert "tokenkit login acme" in caught.value.hint


def test_a_sign_out_erases_it_and_says_that_it_still_works_there(authority, tmp_path):
    """R19: a key that no address ends must be deleted by hand, at its page."""
    kit = make_kit(authority, here(acme(manage_url="https://acme.example/settings/keys")), tmp_path)
    kit.login("acme", answers={"key": key_of("acme", "key")})
    done = kit.logout("acme/me@example.com")
    assert (done.removed, done.revoked) == (True, False)
    assert done.note == "The API key still works at Acme Notes: delete it there, at https://acme.example/settings/keys"
    assert kit.accounts() == []


def test_a_sign_out_ends_a_key_where_the_service_has_an_address_for_that(tmp_path):
    provider = here(SHAPES["revocable"])
    kit = make_kit(Authority(declared=[provider]), provider, tmp_path)
    kit.login("acme", answers={"key": key_of("acme", "key")})
    assert kit.logout("acme/me@example.com").revoked
    with pytest.raises(AuthorizationError):
        kit.login("acme", answers={"key": key_of("acme", "key")})


def test_addresses_that_no_source_confirms_want_a_yes(authority, tmp_path):
    kit = make_kit(authority, here(acme(unverified=("userinfo_endpoint",))), tmp_path)
    with pytest.raises(ConfigurationError, match="no source confirms"):
        kit.login("acme", answers={"key": key_of("acme", "key")})
    kit.login("acme", unverified=True, answers={"key": key_of("acme", "key")})


# Secrets.


def test_a_key_shows_in_no_repr_copy_log_or_error(authority, tmp_path, caplog):
    """R35, with the key in a header, and where it must travel in the address."""
    caplog.set_level(logging.DEBUG)
    secret = key_of("acme", "key")
    for shape in ("bearer", "query"):
        provider = here(SHAPES[shape])
        kit = make_kit(Authority(declared=[provider]), provider, tmp_path)
        kit.login("acme", answers={"key": Secret(secret)})
        grant = kit.records.get(kit.accounts()[0]).grant
        request = provider.authenticate(kit.context, NOBODY, grant.access_token, API)
        shown = [repr(each) for each in (grant, grant.access_token, request, provider, kit.status("acme"))]
        with kit.http("acme", transport=httpx.MockTransport(lambda request: httpx.Response(200))) as http:
            http.get(f"{provider.resource_hosts[0]}/notes")
            shown += [repr(http), str(http.get(f"{provider.resource_hosts[0]}/notes").request.url)]
        for refuses in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError):
                refuses(grant)
        assert secret not in "".join(shown) + caplog.text


def test_what_the_service_says_of_a_wrong_key_is_not_repeated(tmp_path):
    """R35: it may repeat what it was told; nor does the error carry the answer along."""
    context = World(answer({"error": f"{KEY} is unknown"}, 401)).ctx
    kit = TokenKit(context=context, environ={"HOME": str(tmp_path)}, store=MemoryStore(), providers={"acme": acme()})
    with pytest.raises(AuthorizationError) as caught:
        kit.login("acme", answers={"key": KEY})
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert KEY not in f"{caught.value!r} {caught.value} {caught.value.hint}"


def test_a_record_of_a_key_is_sealed(authority, tmp_path):
    kit = make_kit(authority, here(acme()), tmp_path, store=None)
    kit.login("acme", answers={"key": key_of("acme", "key")})
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(key_of("acme", "key").encode() in data for data in written)


# In a file.

FILE = """
[provider]
name = "acme"
title = "Acme Notes"
resource_hosts = ["https://api.{region}.acme.example/v1"]
userinfo_endpoint = "https://api.{region}.acme.example/v1/me"
subject_path = "id"

[provider.fields.key]
label = "API key"
where = "https://acme.example/settings/keys"

[provider.token_headers]
X-Api-Key = "{key}"

[provider.variables.region]
choices = ["eu", "us"]
default = "eu"
"""


def read(tmp_path: Path, text: str) -> ApiKey:
    path = tmp_path / "acme.toml"
    path.write_text(text)
    made = read_provider_file(str(path), "acme", {"region": "us"} if "variables" in text else {})
    assert isinstance(made, ApiKey)
    return made


def test_a_few_lines_of_toml_are_such_a_service(tmp_path):
    expected = replace(
        SHAPES["header"], resource_hosts=("https://api.us.acme.example/v1",), userinfo_endpoint="https://api.us.acme.example/v1/me"
    )  # fmt: skip
    assert replace(read(tmp_path, FILE), variables={}) == expected


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("label =", "lable =", "did you mean label?"),
        ("[provider.token_headers]", "[provider.token_header]", "did you mean token_headers?"),
        ('"id"', "7", "subject_path"),
        ('resource_hosts = ["https://api.{region}.acme.example/v1"]\n', "", "resource_hosts is missing"),
        ('"{key}"', '"{kee}"', "{kee}"),
        ("title =", 'token_endpoint = "https://acme.example/t"\ntitle =', "take that out, or token_endpoint"),
    ],
)
def test_a_mistake_in_it_is_named(old, new, said, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, FILE.replace(old, new))
    assert said in f"{caught.value} {caught.value.hint}"


def test_a_token_of_several_keys_is_one_text():
    value = granted(SHAPES["two headers"], key=KEY, app="7").access_token.value
    assert json.loads(value) == {"app": "7", "key": KEY}


def test_the_audit_has_nothing_against_a_key_that_works_and_asks_the_service_about_it(authority, tmp_path):
    """It misses no client registration and no refresh token where there are none to have."""
    kit = make_kit(authority, here(acme()), tmp_path, store=None)
    kit.login("acme", answers={"key": key_of("acme", "key")})
    for said in ([], ["TK501"]):
        report = audit(Inventory(kit, mounts=(Mount("/", "ext4"),)), ONLINE)
        assert [finding.fault.hint for finding in report.findings] == ["tokenkit login acme/me@example.com"] * len(said)
        assert ([finding.check.id for finding in report.findings], report.accounts) == (said, 1)
        authority.flavours["acme"].revoked.add("me@example.com")


def test_the_page_names_every_field_of_it():
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "api-keys.md").read_text(encoding="utf-8")
    declared = {each.name for each in fields(ApiKey) if each.init} - {
        "fields",
        "token_headers",
        "token_query",
        "userinfo",
    }
    asked = {each.name for each in fields(Field)}
    tables = {"fields.NAME", "token_headers", "token_query", "userinfo"}
    assert [name for name in declared | asked if not re.search(rf"`{name}[` ]", page)] == []
    assert [name for name in tables if f"[provider.{name}]" not in page] == []
