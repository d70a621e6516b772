"""What programs embed: clients and providers in code, grants and codes from elsewhere, clients of httpx."""

import asyncio
import copy
import pickle
from dataclasses import replace
from typing import Any

import httpx
import pytest
import tokenkit
from tokenkit import (
    AccessToken,
    Account,
    AsyncTokenKit,
    CallbackRefused,
    ClientMissing,
    ClientRegistration,
    ConfigurationError,
    Grant,
    OAuth2,
    ProviderChanged,
    Secret,
    TokenKit,
    TokenRefused,
    UnknownProvider,
    UsageError,
)
from tokenkit.provider import Response

from scripted import ScriptedKit, ScriptedProvider, expire, stored

ACME = OAuth2(
    name="acme",
    title="Acme",
    authorization_endpoint="https://acme.example/authorize",
    token_endpoint="https://acme.example/token",
    resource_hosts=("https://api.acme.example",),
)
CLIENT = ClientRegistration("client-1", Secret("secret-1"))


@pytest.fixture
def kit(tmp_path):
    return ScriptedKit(tmp_path)


@pytest.fixture
def mine(tmp_path):
    """A kit with nothing but what the program gives it."""

    def mine(**options: Any) -> TokenKit:
        return TokenKit(environ={"HOME": str(tmp_path)}, **options)

    return mine


# What is given in the wrong kind


@pytest.mark.parametrize("wrong", [None, 3, b"google", 1.5, Account("scripted", "me")], ids=repr)
def test_a_name_that_is_no_text_is_refused_with_what_to_write(kit, wrong):
    """What a sign-in returns is an `Account`: it is named by its text."""
    for ask in (kit.token, kit.status, kit.http, kit.refresh, kit.logout, kit.sharing_fate):
        with pytest.raises(UsageError, match="an account is named by a text") as caught:
            ask(wrong)
        assert "str(account)" in caught.value.hint
    with pytest.raises(UsageError, match="a provider is named by a text"):
        kit.provider(wrong)


@pytest.mark.parametrize("wrong", [None, 3, True, b"alice", Account("scripted", "me")], ids=repr)
def test_an_owner_that_is_no_text_is_refused(kit, mine, wrong):
    """R37: a program that knows of nobody must not get the accounts of the nameless owner."""
    kit.sign_in()
    for make in (kit.for_owner, lambda owner: mine(owner=owner), AsyncTokenKit(kit=kit).for_owner):
        with pytest.raises(UsageError, match="an owner is named by a text"):
            make(wrong)


@pytest.mark.parametrize(
    ("scopes", "hint"),
    [
        ("read", "scopes=['read']"),
        ("read write", "scopes=['read', 'write']"),
        ("read,write", "scopes=['read', 'write']"),
        (b"read", 'scopes=["gmail.readonly"]'),
        (3, 'scopes=["gmail.readonly"]'),
        (["read", None], 'scopes=["gmail.readonly"]'),
        ([["read"]], 'scopes=["gmail.readonly"]'),
        ((each for each in ["write"]), 'scopes=["gmail.readonly"]'),
        ([""], "scopes=[]"),
        (["read write"], "scopes=['read', 'write']"),
    ],
    ids=["one", "spaces", "commas", "bytes", "number", "none", "nested", "generator", "empty", "several in one"],
)
def test_scopes_that_are_no_list_of_texts_are_refused_with_the_list(kit, scopes, hint):
    """A generator is empty once it was gone through: a scope that was never granted would count as granted."""
    kit.sign_in()
    for _ in range(2):
        with pytest.raises(UsageError) as caught:
            kit.token("scripted", scopes=scopes)
        assert caught.value.hint == hint
        kit.token("scripted", scopes=["read"])  # and then memory compares them first
    with pytest.raises(UsageError):
        kit.begin("scripted", redirect_uri="http://127.0.0.1/callback/scripted", binding="b", scopes=scopes)


def test_no_scopes_are_no_scopes_however_it_is_written(kit):
    """Also where memory has nothing yet; and where something else is wrong, they are not what is named."""
    kit.sign_in()
    with pytest.raises(UsageError, match="min_ttl is a number"):
        kit.token("scripted", scopes=None, min_ttl="60")
    for none in (None, (), [], frozenset(), {}):
        kit._cache.forget()
        assert kit.token("scripted", scopes=none).value


@pytest.mark.parametrize("uri", ["", "/callback/scripted", "callback/scripted", "//h/callback/scripted", None, 3])
def test_a_redirect_uri_that_is_no_whole_address_is_refused_before_anybody_is_sent_away(kit, uri):
    with pytest.raises(UsageError, match="no whole address") as caught:
        kit.begin("scripted", redirect_uri=uri, binding="b")
    assert caught.value.hint.startswith("https://YOUR-HOST/callback/scripted")


def test_a_redirect_uri_with_a_fragment_is_refused(kit):
    """RFC 6749 section 3.1.2: browsers keep what stands behind the sign for themselves."""
    with pytest.raises(UsageError, match="without a fragment"):
        kit.begin("scripted", redirect_uri="https://h.example/callback/scripted#a", binding="b")


@pytest.mark.parametrize("what", ["providers", "clients"])
@pytest.mark.parametrize("given", [[ACME], (ACME,), "acme", ACME], ids=["list", "tuple", "text", "value"])
def test_what_is_no_mapping_by_name_is_refused_when_the_kit_is_made(mine, what, given):
    with pytest.raises(UsageError, match=f"{what} is a mapping by name"):
        mine(**{what: given})


# Kits as values


def test_a_kit_and_a_source_say_in_a_prompt_which_they_are(kit):
    kit.sign_in(name="me")
    both = AsyncTokenKit(kit=kit)
    assert repr(kit.for_owner("alice")) == "ScriptedKit(app='tokenkit', owner='alice')"
    assert repr(both.for_owner("alice")) == "AsyncTokenKit(app='tokenkit', owner='alice')"
    assert repr(kit.source("scripted/me")) == "AccountSource('scripted/me')"
    assert repr(asyncio.run(both.source("scripted"))) == "AsyncAccountSource('scripted')"


@pytest.mark.parametrize("again", [pickle.dumps, copy.deepcopy])
@pytest.mark.parametrize("make", [TokenKit, AsyncTokenKit])
def test_a_kit_says_why_it_goes_to_no_other_process(make, again):
    """It has threads, locks and connections, and its memory has tokens."""
    with pytest.raises(TypeError, match="make one in the process that uses it"):
        again(make())


# Clients and providers in code


def test_a_client_given_in_code_goes_before_the_environment_and_names_no_secret(tmp_path):
    environ = {"HOME": str(tmp_path), "TOKENKIT_ACME_CLIENT_ID": "from-the-environment"}
    kit = TokenKit(environ=environ, providers={"acme": ACME}, clients={"acme": CLIENT})
    assert kit.client(ACME) == CLIENT
    known = kit.known_client("acme")
    assert known is not None
    assert (known.client_id, known.has_secret, known.source) == ("client-1", True, "code")


@pytest.mark.parametrize(
    ("client", "named"),
    [
        ("client-1", r"clients\['acme'\]"),
        (("client-1", Secret("s")), r"clients\['acme'\]"),
        (ClientRegistration("client-1", "secret-1"), r"clients\['acme'\]\.client_secret"),
        (ClientRegistration("", None), r"clients\['acme'\]\.client_id"),
        (ClientRegistration("a\nb", None), r"clients\['acme'\]\.client_id"),
        (ClientRegistration("a", Secret("secret\n1")), r"clients\['acme'\]\.client_secret"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_client_that_is_none_is_refused_with_the_member_named(mine, client, named):
    """R35: and the secret is not shown."""
    kit = mine(providers={"acme": ACME}, clients={"acme": client})
    with pytest.raises(ConfigurationError, match=named) as caught:
        kit.client(ACME)
    assert "secret-1" not in f"{caught.value} {caught.value.hint}"


def test_what_the_owner_of_a_mapping_puts_into_it_later_counts(mine):
    """An empty mapping is one, too."""
    providers: dict[str, Any] = {}
    clients: dict[str, Any] = {}
    kit = mine(providers=providers, clients=clients)
    with pytest.raises(UnknownProvider):
        kit.provider("acme")
    providers["acme"], clients["acme"] = ACME, CLIENT
    assert kit.provider("acme") is ACME
    assert kit.client(ACME) == CLIENT
    del clients["acme"]
    with pytest.raises(ClientMissing):
        kit.client(ACME)


def test_providers_are_a_mapping_that_lists_its_names_when_it_is_called(mine):
    kit = mine()
    ours = kit.providers()
    assert {"google", "pocket", "spotify"} <= set(ours)
    kit.providers.add(ACME)
    assert kit.providers() == list(kit.providers) == sorted(["acme", *ours])
    assert len(kit.providers) == len(ours) + 1
    assert "acme" in kit.providers
    assert "nobody" not in kit.providers
    assert kit.providers["acme"] is ACME is kit.provider("acme")


def test_a_provider_added_again_takes_the_place_of_the_first(mine):
    kit = mine(providers={"acme": ACME})
    other = replace(ACME, title="Acme Two")
    kit.providers.add(other)
    assert kit.provider("acme").title == "Acme Two"


class Lacking:
    """Half a provider."""

    name = "lacking"
    title = "Lacking"


class Reaching(ScriptedProvider):
    """Sends its tokens to its own token endpoint."""

    resource_hosts = ("https://scripted.example/token",)


@pytest.mark.parametrize(
    ("provider", "named"),
    [
        (Lacking(), "has no "),
        ("acme", "has no "),
        (ScriptedProvider("Not A Name"), "calls itself"),
        (Reaching(), "takes in its endpoint"),
    ],
    ids=["half", "text", "name", "hosts"],
)
def test_what_is_no_provider_is_refused_with_the_member_named(mine, provider, named):
    kit = mine()
    with pytest.raises(ConfigurationError, match=named):
        kit.providers.add(provider)
    assert not {"lacking", "acme", "scripted"} & set(kit.providers())


def test_a_provider_under_a_name_that_is_not_its_own_is_refused(mine):
    kit = mine(providers={"other": ACME})
    with pytest.raises(ConfigurationError, match="'other' calls itself 'acme'"):
        kit.provider("other")


# A grant from elsewhere


def elsewhere(kit, **changes):
    """A grant that another program got for the same client."""
    usual = kit.scripted.issue(kit.clock.now()).renewed(
        token_endpoint=kit.scripted.token_endpoint, client_id="client-1"
    )
    return usual.renewed(**changes)


def test_a_grant_that_was_obtained_elsewhere_is_stored_as_by_a_sign_in(kit):
    """R17, R18: it is bound to its server, and called as the provider calls the person."""
    kit.me = kit.adopt(elsewhere(kit))
    assert str(kit.me) == "scripted/me@example.com"
    assert kit.token("scripted").value == "access-1"
    expire(kit)
    assert kit.token("scripted").value == "access-3"
    held = stored(kit)
    assert (held.issuer, held.revocation_endpoint, held.subject) == (
        "https://scripted.example", "https://scripted.example/revoke", "subject-1",
    )  # fmt: skip


def test_an_adopted_grant_replaces_the_same_persons_and_no_other(kit):
    """R18: another person's account is never written over."""
    first = kit.sign_in()
    assert kit.adopt(elsewhere(kit)) == first
    kit.scripted.subject = "another"
    assert kit.adopt(elsewhere(kit)).name == "me@example.com-2"


FOREIGN = {
    "client_id": "another",
    "token_endpoint": "https://evil.example/token",
    "issuer": "https://evil.example",
    "revocation_endpoint": "https://evil.example/revoke",
    "endpoints": {"identify": "https://evil.example/me"},
}


@pytest.mark.parametrize("member", FOREIGN)
def test_a_grant_of_another_client_or_server_is_refused_and_nothing_is_stored(kit, member):
    """R17: its tokens would be sent where they are not from."""
    with pytest.raises(ProviderChanged, match="nothing was stored"):
        kit.adopt(elsewhere(kit, **{member: FOREIGN[member]}))
    assert kit.accounts() == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("provider", ""),
        ("client_id", ""),
        ("client_id", None),
        ("token_endpoint", ""),
        ("issuer", None),
        ("subject", 7),
        ("refresh_token", "refresh-1"),
        ("refresh_token", Secret("")),
        ("refresh_token", Secret("a\nb")),
        ("access_tokens", [AccessToken("a")]),
        ("access_tokens", {"": "access-1"}),
        ("access_tokens", {"": AccessToken("")}),
        ("access_tokens", {"": AccessToken("a b ")}),
        ("access_tokens", {"": AccessToken("a", expires_at=1.8e12)}),
        ("access_tokens", {"": AccessToken("a", expires_at=float("nan"))}),
        ("access_tokens", {7: AccessToken("a")}),
        ("scopes", "read write"),
        ("scopes", {"read write"}),
        ("scopes", {7}),
        ("asked", "read"),
        ("authorized_at", "yesterday"),
        ("refresh_expires_at", -1.0),
        ("extra", {"a": b"x"}),
    ],
    ids=str,
)
def test_a_malformed_grant_is_refused_with_the_member_named_and_nothing_is_stored(kit, member, value):
    """R35: the value is not quoted, for it may be a token."""
    with pytest.raises(UsageError, match=rf"grant\.{member}") as caught:
        kit.adopt(elsewhere(kit, **{member: value}))
    assert kit.accounts() == []
    assert "refresh-1" not in str(caught.value)


def test_a_grant_without_any_token_and_what_is_no_grant_are_refused(kit):
    with pytest.raises(UsageError, match=r"grant\.access_tokens is empty"):
        kit.adopt(elsewhere(kit, access_tokens={}, refresh_token=None))
    with pytest.raises(UsageError, match="not dict"):
        kit.adopt({"access_token": "a"})
    with pytest.raises(UnknownProvider):
        kit.adopt(elsewhere(kit, provider="nobody"))


# A code from elsewhere

REDIRECT = "https://host.example/oauth/callback"


def test_a_code_that_the_hosts_own_callback_received_becomes_an_account(kit):
    account = kit.complete(provider="scripted", code="c-1", redirect_uri=REDIRECT, scopes=["read"])
    assert account == Account("scripted", "me@example.com")
    assert kit.scripted.exchanges == 1
    assert kit.token("scripted", scopes=["read"]).value == "access-1"


def test_it_is_exchanged_with_the_hosts_redirect_uri_and_verifier(tmp_path):
    sent = []

    def send(request):
        sent.append(dict(httpx.QueryParams(request.body.decode())))
        return Response(200, (("Content-Type", "application/json"),), b'{"access_token":"a","token_type":"Bearer"}')

    kit = TokenKit(environ={"HOME": str(tmp_path)}, providers={"acme": ACME}, clients={"acme": CLIENT})
    kit.refresher.context = kit.context._replace(send=send)
    verifier = "v" * 43
    kit.complete(provider="acme", code="c-1", redirect_uri=REDIRECT, code_verifier=verifier, name="me")
    assert sent == [
        {
            "grant_type": "authorization_code", "code": "c-1", "redirect_uri": REDIRECT, "code_verifier": verifier,
            "client_id": "client-1", "client_secret": "secret-1",
        }
    ]  # fmt: skip
    assert kit.accounts() == [Account("acme", "me")]


@pytest.mark.parametrize("given", [{}, {"code": ""}, {"code": "a\nb"}, {"redirect_uri": ""}, {"provider": ""}], ids=str)
def test_a_code_without_what_belongs_to_it_is_refused_with_the_member_named(kit, given):
    whole = {"provider": "scripted", "code": "c", "redirect_uri": REDIRECT}
    wrong = next(iter(given), "code")
    with pytest.raises(UsageError, match=wrong):
        kit.complete(**({**whole, **given} if given else {"provider": "scripted"}))
    assert (kit.scripted.exchanges, kit.accounts()) == (0, [])


def test_an_issuer_that_the_answer_named_is_compared(mine):
    """R23: a provider that promises it must be named."""
    strict = replace(ACME, issuer="https://acme.example", iss="required")
    kit = mine(providers={"acme": strict}, clients={"acme": CLIENT})
    for iss in ("", "https://evil.example"):
        with pytest.raises(CallbackRefused, match=r"and Acme.* has https://acme\.example"):
            kit.complete(provider="acme", code="c", redirect_uri=REDIRECT, iss=iss)


def test_a_provider_without_a_code_says_how_to_sign_in(kit, monkeypatch):
    monkeypatch.setattr(ScriptedProvider, "state_in", "path")
    with pytest.raises(UsageError, match="no code to exchange") as caught:
        kit.complete(provider="scripted", code="c", redirect_uri=REDIRECT)
    assert caught.value.hint == "tokenkit login scripted"


# Tokens


def test_a_token_that_an_api_rejected_is_replaced_whoever_is_asked(kit):
    """R15: by the kit and by a source, sync and async."""
    kit.me = kit.sign_in()
    first = kit.token("scripted")
    second = kit.token("scripted", rejected=first)
    third = kit.source("scripted").token(rejected=second)
    fourth = asyncio.run(AsyncTokenKit(kit=kit).token("scripted", rejected=third))
    assert len({token.value for token in (first, second, third, fourth)}) == 4
    assert kit.token("scripted", rejected=first).value == fourth.value
    assert kit.scripted.refreshes == 3


def test_a_source_gives_a_token_with_as_much_life_as_is_asked_for(kit):
    kit.me = kit.sign_in()
    kit.token("scripted")
    kit.clock.advance(3000)
    source = kit.source("scripted")
    assert source.token().value == "access-1"
    assert source.token(min_ttl=1800).value == "access-3"
    assert kit.token("scripted", min_ttl=1800).value == "access-3"


def test_how_a_grant_stands_is_read_without_a_refresh(kit):
    kit.me = kit.sign_in()
    expire(kit)
    assert type(kit.status("scripted").state).__name__ == "Expired"
    assert kit.scripted.refreshes == 0


# Clients of httpx


def api(request):
    return httpx.Response(200, json={"authorization": request.headers["Authorization"], "mine": request.headers["X-A"]})


OPTIONS: dict[str, Any] = {
    "base_url": "https://api.scripted.example/v1/",
    "headers": {"X-A": "1"},
    "timeout": 7.0,
    "transport": httpx.MockTransport(api),
}


def test_a_client_takes_httpxs_options_and_its_transport_lies_below_the_check(kit):
    """R33: whatever transport it is, a token goes to the provider's own hosts only."""
    kit.me = kit.sign_in()
    with kit.http("scripted", **OPTIONS) as http:
        assert http.get("me").json() == {"authorization": "Bearer access-1", "mine": "1"}
        assert http.timeout.read == 7.0
        with pytest.raises(TokenRefused):
            http.get("https://evil.example/")


def test_an_async_client_is_awaited_or_entered(kit):
    kit.me = kit.sign_in()

    async def main():
        face = AsyncTokenKit(kit=kit)
        async with face.http("scripted", **OPTIONS) as http:
            first = (await http.get("me")).json()
        assert http.is_closed
        http = await face.http("scripted", **OPTIONS)
        with pytest.raises(TokenRefused):
            await http.get("https://evil.example/")
        await http.aclose()
        return first

    assert asyncio.run(main()) == {"authorization": "Bearer access-1", "mine": "1"}


def test_the_check_of_where_a_token_may_go_is_public(kit):
    """R32: an adapter of one's own asks it before each request."""
    kit.me = kit.sign_in()
    source = kit.source("scripted")
    for servers in (source.provider, source.provider.resource_hosts):
        tokenkit.check_resource("https://api.scripted.example/v1", servers, account=source.account)
        with pytest.raises(TokenRefused):
            tokenkit.check_resource("https://evil.example/v1", servers, account=source.account)


def test_the_public_check_lets_no_token_go_to_an_endpoint_that_lies_below_the_prefix(kit):
    """R32: given the provider, it knows the authorization server's own."""
    kit.me = kit.sign_in()
    with pytest.raises(TokenRefused, match="endpoint of the authorization server"):
        tokenkit.check_resource("https://scripted.example/token", Reaching(), account=kit.me)


def test_the_async_kit_stores_grants_and_codes_from_elsewhere_too(kit):
    face = AsyncTokenKit(kit=kit)
    assert str(asyncio.run(face.adopt(elsewhere(kit)))) == "scripted/me@example.com"
    completed = face.complete(provider="scripted", code="c", redirect_uri=REDIRECT, name="work")
    assert str(asyncio.run(completed)) == "scripted/work"


def test_a_grant_is_made_of_public_names():
    made = Grant(provider="acme", access_tokens={"": AccessToken("a")}, refresh_token=Secret("r"))
    assert made.access_token is not None
