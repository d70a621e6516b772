"""Several servers of one service side by side: each account keeps to its own (R17, R18, R23, R31)."""

import io
import os
import sys
from importlib.metadata import entry_points
from urllib.parse import parse_qsl

import pytest
from tokenkit.api_key import ApiKey
from tokenkit.errors import (
    CallbackRefused,
    ClientMissing,
    ConfigurationError,
    InvalidAnswer,
    ProviderChanged,
    TokenRefused,
    UsageError,
)
from tokenkit.grant import Grant, grant_from_bytes, grant_to_bytes
from tokenkit.grants.bound_to import bind
from tokenkit.net.hosts import check_resource
from tokenkit.plugins import load_provider
from tokenkit.provider import Field
from tokenkit.token import AccessToken
from tokenkit.variables import Variable, named_in

from servers import KitOfServers, many_servers

ONE, OTHER = "https://one.example", "https://other.example"
CLIENTS = {"acme@one.example": "client-one", "acme@other.example": "client-other"}


@pytest.fixture
def kit(tmp_path):
    return KitOfServers(tmp_path, clients=CLIENTS)


def grant_of(kit, account):
    return kit.records.get(account).grant


def fields(request):
    return dict(parse_qsl(request.body.decode()))


# Two accounts.


def test_two_servers_of_one_service_are_two_accounts_and_each_refreshes_at_its_own(kit):
    """R17, R18: both say that the person is number 1, and mean two people."""
    one, other = kit.sign_in(ONE), kit.sign_in(OTHER)
    assert (str(one), str(other)) == ("acme/me", "acme/me@other.example")
    assert grant_of(kit, one).settled == {"server": ONE}
    assert grant_of(kit, other).token_endpoint == f"{OTHER}/token"
    kit.clock.advance(3601)
    for account, host in ((one, "one.example"), (other, "other.example")):
        kit.servers.requests.clear()
        assert kit.token(str(account)).value.endswith(f"@{host}")
        assert kit.servers.hosts() == [host]


def test_signing_in_again_at_the_same_server_renews_the_account(kit):
    first = kit.sign_in(OTHER)
    assert kit.sign_in("OTHER.example/") == first
    assert len(kit.accounts()) == 1


def test_an_account_that_is_renewed_by_name_stays_at_its_server(kit):
    """It is remembered as the account's: nobody types it again."""
    kit.sign_in(ONE)
    other = kit.sign_in(OTHER)
    server = kit.authorizations.settle("acme", account=other.name)
    assert server.token_endpoint == f"{OTHER}/token"


def test_a_sign_out_revokes_at_the_accounts_own_server_and_with_its_own_client(kit):
    kit.sign_in(ONE)
    other = kit.sign_in(OTHER)
    kit.servers.requests.clear()
    assert kit.logout(str(other)).revoked
    assert set(kit.servers.hosts()) == {"other.example"}
    assert {fields(each)["client_id"] for each in kit.servers.requests} == {"client-other"}
    assert [str(each) for each in kit.accounts()] == ["acme/me"]


def test_a_token_goes_to_the_accounts_own_server_and_to_no_other(kit):
    """R32: each server's API is a resource server of its own accounts alone."""
    one, other = kit.sign_in(ONE), kit.sign_in(OTHER)
    for account, here, there in ((one, ONE, OTHER), (other, OTHER, ONE)):
        provider = kit.source(str(account)).provider
        check_resource(f"{here}/api/v1", provider, account=account)
        with pytest.raises(TokenRefused):
            check_resource(f"{there}/api/v1", provider, account=account)


def test_a_source_that_lives_on_follows_the_account_to_another_server(kit):
    """Where the account was removed and made anew elsewhere, its new token does not go to the old server."""
    account = kit.sign_in(ONE)
    source = kit.source(str(account))
    assert source.provider.token_endpoint == f"{ONE}/token"
    kit.logout(str(account))
    assert kit.sign_in(OTHER) == account
    source.token()
    assert source.provider.resource_hosts == (f"{OTHER}/api",)


def test_a_service_that_says_of_nobody_who_they_are_has_an_account_for_each_server(tmp_path):
    """As Home Assistant: the second one does not take the place of the first."""
    nameless = many_servers(
        userinfo_endpoint="", variables={"server": Variable(kind="server", own_client=False)}, client_auth="none"
    )
    kit = KitOfServers(tmp_path, nameless, clients={"acme": "http://127.0.0.1:8765/"})
    assert str(kit.sign_in("https://home.example")) == "acme/default"
    assert str(kit.sign_in("https://cabin.example:8123")) == "acme/cabin.example:8123"
    assert str(kit.sign_in("https://home.example")) == "acme/default"
    assert str(kit.sign_in("https://office.example", name="work")) == "acme/work"
    assert str(kit.sign_in("https://shop.example", name="work")) == "acme/work@shop.example"


def test_a_renewal_asks_for_nothing_that_another_servers_account_was_granted(tmp_path):
    kit = KitOfServers(tmp_path, many_servers(default_scopes=("read",)), clients=CLIENTS)
    kit.sign_in(ONE, scopes=["raw:write"])
    assert grant_of(kit, kit.sign_in(OTHER)).asked == {"read"}
    assert grant_of(kit, kit.sign_in(ONE)).asked == {"write"}


def test_what_was_settled_survives_in_the_record(kit):
    grant = grant_of(kit, kit.sign_in(ONE))
    assert grant_from_bytes(grant_to_bytes(grant)).settled == {"server": ONE}


def test_the_second_leg_may_run_in_another_process(tmp_path):
    first = KitOfServers(tmp_path, clients=CLIENTS)
    redirect_uri = f"http://127.0.0.1:1/callback/{first.callback('acme', {'server': OTHER})}"
    pending = first.begin("acme", redirect_uri=redirect_uri, binding="b", variables={"server": OTHER})
    second = KitOfServers(tmp_path, clients=CLIENTS, store=first.records.store)
    answer = f"{redirect_uri}?code=c@other.example&state={pending.state.reveal()}"
    assert grant_of(second, second.complete(answer, binding="b")).settled == {"server": OTHER}


# The value, and where it comes from.


def test_a_link_to_a_server_that_nobody_has_named_is_none():
    """It is shown to people."""
    acme = many_servers(manage_url="{server}/apps", console_url="https://acme.example/{server}")
    assert (acme.manage_url, acme.console_url) == ("", "")
    assert acme.at({"server": ONE}).manage_url == f"{ONE}/apps"


@pytest.mark.parametrize("typed", ["OTHER.example", "https://other.example/@me", "@me@other.example"])
def test_what_a_person_types_is_understood(kit, typed):
    assert grant_of(kit, kit.sign_in(typed)).settled == {"server": OTHER}


def test_without_a_value_the_option_to_give_it_is_named(kit):
    with pytest.raises(UsageError, match="acme needs server: your Acme") as caught:
        kit.authorizations.settle("acme")
    assert caught.value.hint == "tokenkit login acme --set server=https://home.example"
    assert kit.servers.requests == []


def test_what_is_missing_is_asked_for_and_what_is_typed_is_understood(kit):
    asked = []

    def ask(name, variable):
        asked.append((name, variable.expected))
        return "@me@Other.Example"

    assert kit.authorizations.settle("acme", ask=ask).token_endpoint == f"{OTHER}/token"
    assert asked == [("server", "your Acme")]


@pytest.mark.parametrize("there", [True, False])
def test_in_a_program_it_is_asked_for_where_somebody_sits_at_a_terminal(tmp_path, monkeypatch, capsys, there):
    """Everywhere else the error names what is missing, and nobody is waited for."""
    kit = KitOfServers(tmp_path, KEYED)
    ours, theirs = os.openpty()
    with os.fdopen(theirs, closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin if there else io.StringIO("mine\nk3y\n"))
        os.write(ours, b"mine.acme.example\nk3y\n")
        if there:
            account = kit.login("acme")
            assert grant_of(kit, account).settled == {"subdomain": "mine"}
            assert "subdomain of Acme: " in capsys.readouterr().err
        else:
            with pytest.raises(UsageError, match="acme needs subdomain"):
                kit.login("acme")
    for file in (ours, theirs):
        os.close(file)


def test_a_misspelled_name_is_told_with_the_nearest(kit):
    with pytest.raises(UsageError, match="nothing that is called 'sever'") as caught:
        kit.authorizations.settle("acme", {"sever": ONE})
    assert caught.value.hint == "did you mean server?"


FILE = """[provider]
name = "acme"
title = "Acme"
authorization_endpoint = "{server}/authorize"
token_endpoint = "{server}/token"
userinfo_endpoint = "{server}/me"

[provider.variables.server]
kind = "server"
"""


def test_a_value_in_the_configuration_is_the_default_and_moves_no_account(tmp_path):
    """An account stays where it is from, also when the default becomes another."""
    first = KitOfServers(tmp_path, file=FILE, clients=CLIENTS, config="[providers.acme]\nserver = 'one.example'\n")
    account = first.sign_in()
    assert grant_of(first, account).settled == {"server": ONE}
    config = "[providers.acme]\nserver = 'other.example'\n"
    later = KitOfServers(tmp_path, file=FILE, clients=CLIENTS, config=config, store=first.records.store)
    later.clock.advance(3601)
    assert later.token(str(account)).value.endswith("@one.example")
    assert grant_of(later, later.sign_in()).settled == {"server": OTHER}


def test_an_old_record_learns_its_values_when_it_is_next_saved(tmp_path):
    """R17: an upgrade signs nobody out, and a default that is changed later moves nobody."""
    usual = many_servers(variables={"server": Variable(kind="server", default=ONE)})
    kit = KitOfServers(tmp_path, usual, clients={"acme": "client-one"})
    account = kit.sign_in()
    held = kit.records.get(account)
    kit.records.replace(account, held.grant.renewed(settled={}), held)
    kit.clock.advance(3601)
    kit.token(str(account))
    assert grant_of(kit, account).settled == {"server": ONE}
    kit.providers.add(many_servers(variables={"server": Variable(kind="server", default=OTHER)}))
    assert kit.refresher.provider_of(grant_of(kit, account), account).token_endpoint == f"{ONE}/token"


def test_a_declaration_that_leads_elsewhere_gets_no_secret(kit):
    """R17: a changed plugin never gets a refresh token, whatever the account has settled."""
    account = kit.sign_in(ONE)
    kit.providers.add(many_servers(token_endpoint="https://evil.example/token"))
    kit.clock.advance(3601)
    kit.servers.requests.clear()
    with pytest.raises(ProviderChanged, match="another token endpoint"):
        kit.token(str(account))
    assert kit.servers.requests == []


def test_a_region_that_is_taken_out_of_the_declaration_ends_no_session(tmp_path):
    """The error says what is missing; the record stays as it is."""
    regions = {"server": Variable(kind="server"), "region": Variable(choices=("eu", "us"), default="us")}
    kit = KitOfServers(tmp_path, many_servers(variables=regions), clients=CLIENTS)
    account = kit.sign_in(variables={"server": ONE, "region": "us"})
    kit.providers.add(many_servers(variables={**regions, "region": Variable(choices=("eu",), default="eu")}))
    kit.clock.advance(3601)
    with pytest.raises(ConfigurationError, match="acme needs region: one of eu"):
        kit.token(str(account))
    assert grant_of(kit, account).state == "active"


# The client registration.


def test_no_server_gets_the_client_of_another(kit):
    """R31: the secret of one is never sent to another."""
    kit.sign_in(ONE)
    kit.sign_in(OTHER)
    sent = {
        (host, fields(each).get("client_secret"))
        for host, each in zip(kit.servers.hosts(), kit.servers.requests, strict=True)
    }
    assert {pair for pair in sent if pair[1]} == {
        ("one.example", "secret-of-client-one"),
        ("other.example", "secret-of-client-other"),
    }


def test_a_server_without_a_client_of_its_own_gets_none(kit):
    with pytest.raises(ClientMissing, match=r"no client registration for acme@third\.example") as caught:
        kit.sign_in("https://third.example")
    assert caught.value.hint.endswith("tokenkit client set acme --set server=https://third.example")


def test_a_client_that_names_no_server_is_the_usual_ones(tmp_path):
    """An environment variable and config.toml name none: no other server gets it."""
    usual = many_servers(variables={"server": Variable(kind="server", default=ONE)})
    kit = KitOfServers(tmp_path, usual, clients={"acme": "client-one"})
    assert str(kit.sign_in()) == "acme/me"
    with pytest.raises(ClientMissing):
        kit.sign_in(OTHER)


# Where the answer is awaited.


def test_each_server_has_a_path_of_its_own_to_come_back_to(tmp_path):
    """R23, RFC 9700 section 4.4: one server's answer cannot pass for another's."""
    usual = many_servers(variables={"server": Variable(kind="server", default=ONE)})
    kit = KitOfServers(tmp_path, usual, clients=CLIENTS)
    names = [kit.callback("acme", {"server": each}) for each in (ONE, OTHER, "https://third.example")]
    assert names[0] == "acme"
    assert len(set(names)) == 3


def test_an_answer_at_the_path_of_another_server_is_refused(kit):
    here, there = (f"http://127.0.0.1:1/callback/{kit.callback('acme', {'server': each})}" for each in (ONE, OTHER))
    pending = kit.begin("acme", redirect_uri=here, binding="b", variables={"server": ONE})
    with pytest.raises(CallbackRefused, match="another path"):
        kit.complete(f"{there}?code=c@one.example&state={pending.state.reveal()}", binding="b")
    assert kit.servers.requests == []


def test_one_path_for_two_servers_is_refused_while_both_are_awaited(kit):
    """A host that registered one path at both: their answers could not be told apart."""
    shared = "https://dash.example/callback/acme"
    kit.begin("acme", redirect_uri=shared, binding="b", variables={"server": ONE})
    kit.begin("acme", redirect_uri=shared, binding="c", variables={"server": ONE})
    with pytest.raises(UsageError, match="could not be told apart"):
        kit.begin("acme", redirect_uri=shared, binding="d", variables={"server": OTHER})


# Plain http in a network of one's own.


def test_plain_http_is_refused_before_anything_is_sent_with_the_line_that_allows_it(tmp_path):
    """R32: TLS always, but for a host that a person opted in for."""
    kit = KitOfServers(tmp_path, clients={"acme@http://home.lan:8123": "client"})
    with pytest.raises(ConfigurationError, match=r"http://home\.lan:8123 is reached without TLS") as caught:
        kit.sign_in("http://home.lan:8123")
    assert 'insecure_hosts = ["home.lan:8123"]' in caught.value.hint
    assert kit.servers.requests == []


def test_plain_http_is_taken_where_the_person_allowed_it(tmp_path):
    config = '[accounts."acme/me"]\ninsecure_hosts = ["home.lan:8123"]\n'
    kit = KitOfServers(tmp_path, config=config, clients={"acme@http://home.lan:8123": "client"})
    assert str(kit.sign_in("http://home.lan:8123")) == "acme/me"


# A server that an answer names.


REGIONS = {"region": Variable(choices=("com", "eu"), default="com", redirect_parameter="accounts-server")}


def regional(**fields):
    return many_servers(
        variables=REGIONS,
        authorization_endpoint="https://accounts.acme.{region}/authorize",
        token_endpoint="https://accounts.acme.{region}/token",
        revocation_endpoint="https://accounts.acme.{region}/revoke",
        userinfo_endpoint="https://accounts.acme.{region}/me",
        resource_hosts=("https://api.acme.{region}",),
        **fields,
    )


@pytest.mark.parametrize(
    "told", ["https://accounts.acme.eu", "https://accounts.acme.eu/", "HTTPS://accounts.ACME.eu", "eu"]
)
def test_the_redirect_may_name_another_of_the_listed_servers(tmp_path, told):
    """As Zoho's does: the code is worth something there alone, and there the account stays."""
    kit = KitOfServers(tmp_path, regional(), clients={"acme": "client"})
    account = kit.sign_in(code="c@accounts.acme.eu", answer={"accounts-server": told})
    assert set(kit.servers.hosts()) == {"accounts.acme.eu"}
    assert grant_of(kit, account).settled == {"region": "eu"}
    assert kit.source(str(account)).provider.resource_hosts == ("https://api.acme.eu",)


@pytest.mark.parametrize(
    "told",
    [
        "https://accounts.evil.example",
        "https://accounts.acme.eu.evil.example",
        "http://accounts.acme.eu",
        "mars",
        "//evil.example",
    ],
)
def test_a_server_that_is_not_listed_gets_nothing_and_is_named(tmp_path, told):
    kit = KitOfServers(tmp_path, regional(), clients={"acme": "client"})
    with pytest.raises(CallbackRefused, match="none of the servers of Acme that are known: com, eu") as caught:
        kit.sign_in(code="c@accounts.acme.eu", answer={"accounts-server": told})
    assert told in str(caught.value)
    assert kit.servers.requests == []


def test_a_redirect_that_names_the_server_that_was_typed_goes_on_and_any_other_is_refused(tmp_path):
    """As Shopify's does: the shop that comes back is the one that was asked for."""
    shop = many_servers(variables={"server": Variable(kind="server", redirect_parameter="shop")})
    kit = KitOfServers(tmp_path, shop, clients=CLIENTS)
    assert kit.sign_in(ONE, answer={"shop": "one.example"})
    kit.servers.requests.clear()
    with pytest.raises(CallbackRefused, match=r"'other\.example' as shop"):
        kit.sign_in(ONE, answer={"shop": "other.example"})
    assert kit.servers.requests == []


ANSWERED = {"instance": Variable(domain="my.acme.example", answer_member="instance_url")}


def by_answer():
    return many_servers(
        variables=ANSWERED,
        authorization_endpoint="https://acme.example/authorize",
        token_endpoint="https://acme.example/token",
        revocation_endpoint="https://acme.example/revoke",
        userinfo_endpoint="https://acme.example/me",
        resource_hosts=("https://{instance}.my.acme.example",),
        captured=("instance_url",),
    )


def test_the_token_answer_may_name_where_the_api_is_below_a_domain_that_is_declared(tmp_path):
    """As Salesforce's does: a token goes to the person's own organisation and to no other."""
    kit = KitOfServers(tmp_path, by_answer(), clients={"acme": "client"})
    kit.servers.answers["instance_url"] = "https://mine.my.acme.example"
    account = kit.sign_in()
    assert kit.source(str(account)).provider.resource_hosts == ("https://mine.my.acme.example",)
    assert grant_of(kit, account).settled == {"instance": "mine"}
    kit.servers.answers["instance_url"] = "https://moved.my.acme.example"
    kit.clock.advance(3601)
    kit.token(str(account))
    assert kit.source(str(account)).provider.resource_hosts == ("https://moved.my.acme.example",)


@pytest.mark.parametrize(
    "told", ["https://evil.example", "https://my.acme.example", "https://mine.my.acme.example.evil.example"]
)
def test_an_api_elsewhere_is_refused_at_the_sign_in_and_named(tmp_path, told):
    kit = KitOfServers(tmp_path, by_answer(), clients={"acme": "client"})
    kit.servers.answers["instance_url"] = told
    with pytest.raises(CallbackRefused, match="none of the servers of Acme that are known") as caught:
        kit.sign_in()
    assert told in str(caught.value)
    assert kit.accounts() == []


def test_an_api_elsewhere_in_a_later_answer_ends_no_session_and_gets_no_token(tmp_path):
    """R9: what a refresh brought is kept, whatever else it says."""
    kit = KitOfServers(tmp_path, by_answer(), clients={"acme": "client"})
    kit.servers.answers["instance_url"] = "https://mine.my.acme.example"
    account = kit.sign_in()
    kit.servers.answers["instance_url"] = "https://evil.example"
    kit.clock.advance(3601)
    assert kit.token(str(account)).value
    assert kit.source(str(account)).provider.resource_hosts == ("https://mine.my.acme.example",)


# An issuer alone.

ISSUER = "https://op.example"
BY_ISSUER = """[provider]
name = "acme"
title = "Acme"
issuer = "https://op.example"
name_paths = ["name"]
resource_hosts = ["https://api.op.example"]
"""
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": "https://tokens.op.example/token",
    "revocation_endpoint": f"{ISSUER}/revoke",
    "userinfo_endpoint": f"{ISSUER}/me",
    "token_endpoint_auth_methods_supported": ["client_secret_post"],
}
WELL_KNOWN = f"{ISSUER}/.well-known/oauth-authorization-server"


def by_issuer(tmp_path, file=BY_ISSUER, **changes):
    kit = KitOfServers(tmp_path, file=file, clients={"acme": "client"})
    kit.servers.documents[WELL_KNOWN] = {**METADATA, **changes}
    return kit


def signed_in(kit, **options):
    return kit.sign_in(code="c@tokens.op.example", variables={}, **options)


def documents_asked_for(kit):
    return [request.url for request in kit.servers.requests if "/.well-known/" in request.url]


def test_a_file_with_an_issuer_alone_is_enough(tmp_path):
    """The metadata is fetched at the sign-in, and what it says is kept with the grant."""
    kit = by_issuer(tmp_path)
    account = signed_in(kit)
    grant = grant_of(kit, account)
    assert str(account) == "acme/me"
    assert grant.issuer == ISSUER
    assert grant.token_endpoint == METADATA["token_endpoint"]
    assert grant.settled["client_auth"] == "post"


def test_nothing_is_fetched_for_a_list_a_token_a_refresh_or_a_sign_out(tmp_path):
    """The grant knows its endpoints: a document that is away, or another by now, changes nothing."""
    kit = by_issuer(tmp_path)
    account = signed_in(kit)
    kit.servers.documents.clear()
    kit.servers.requests.clear()
    assert kit.provider("acme").title == "Acme"
    kit.clock.advance(3601)
    assert kit.token(str(account)).value.endswith("@tokens.op.example")
    assert kit.logout(str(account)).revoked
    assert documents_asked_for(kit) == []


def test_each_sign_in_asks_for_the_metadata_again(tmp_path):
    kit = by_issuer(tmp_path)
    signed_in(kit)
    kit.servers.documents[WELL_KNOWN] = {**METADATA, "token_endpoint": "https://moved.op.example/token"}
    account = kit.sign_in(code="c@moved.op.example", variables={})
    assert grant_of(kit, account).token_endpoint == "https://moved.op.example/token"
    assert len(kit.accounts()) == 1


def test_the_second_leg_asks_for_no_metadata(tmp_path):
    kit = by_issuer(tmp_path)
    redirect_uri = "http://127.0.0.1:1/callback/acme"
    pending = kit.begin("acme", redirect_uri=redirect_uri, binding="b")
    kit.servers.documents.clear()
    kit.servers.requests.clear()
    kit.complete(f"{redirect_uri}?code=c@tokens.op.example&state={pending.state.reveal()}", binding="b")
    assert documents_asked_for(kit) == []


def test_metadata_of_another_issuer_is_refused_before_a_person_is_sent_anywhere(tmp_path):
    """RFC 8414 section 3.3."""
    with pytest.raises(InvalidAnswer, match="another issuer's"):
        signed_in(by_issuer(tmp_path, issuer="https://evil.example"))


def test_a_file_that_names_another_issuer_later_gets_no_secret(tmp_path):
    """R17: what was settled belongs to the issuer that it came from."""
    kit = by_issuer(tmp_path)
    account = signed_in(kit)
    file = BY_ISSUER.replace("op.example", "evil.example")
    later = KitOfServers(tmp_path, file=file, clients={"acme": "client"}, store=kit.records.store)
    later.clock.advance(3601)
    with pytest.raises(ProviderChanged, match="another issuer"):
        later.token(str(account))
    assert later.servers.requests == []


def test_what_stands_in_the_file_goes_before_the_metadata(tmp_path):
    file = BY_ISSUER + 'revocation_endpoint = "https://op.example/other/revoke"\nclient_auth = "basic"\n'
    kit = by_issuer(tmp_path, file)
    grant = grant_of(kit, signed_in(kit))
    assert grant.revocation_endpoint == "https://op.example/other/revoke"
    assert grant.settled["client_auth"] == "basic"


def test_the_documents_spelling_of_the_issuer_is_the_one_that_answers_are_compared_with(tmp_path):
    """R23: people add the slash and leave it out; the server has one spelling."""
    kit = by_issuer(tmp_path, issuer=f"{ISSUER}/")
    assert grant_of(kit, signed_in(kit, answer={"iss": f"{ISSUER}/"})).issuer == f"{ISSUER}/"


def test_a_path_in_the_metadata_is_one_on_the_issuers_own_host(tmp_path):
    """As Home Assistant's are."""
    kit = by_issuer(tmp_path, token_endpoint="/token", userinfo_endpoint="/me")
    grant = grant_of(kit, kit.sign_in(code="c@op.example", variables={}))
    assert (grant.token_endpoint, grant.endpoints["identify"]) == (f"{ISSUER}/token", f"{ISSUER}/me")


@pytest.mark.parametrize(
    "endpoint", ["http://op.example/token", "//evil.example/t", "token", "javascript:x", "ftp://x", "https://a b"]
)
def test_an_endpoint_that_is_neither_https_nor_a_path_is_refused_with_its_name(tmp_path, endpoint):
    with pytest.raises(InvalidAnswer, match="says token_endpoint") as caught:
        signed_in(by_issuer(tmp_path, token_endpoint=endpoint))
    assert "write token_endpoint into the provider file" in caught.value.hint


def test_a_host_that_the_metadata_names_is_reached_at_public_addresses_alone(tmp_path):
    """The issuer's own host was typed by a person, who may mean a server in their own network."""
    kit = by_issuer(tmp_path)
    account = signed_in(kit)
    kit.clock.advance(3601)
    kit.token(str(account))
    kit.logout(str(account))
    careful = {
        (host, request.public_only) for host, request in zip(kit.servers.hosts(), kit.servers.requests, strict=True)
    }
    assert careful == {("op.example", False), ("tokens.op.example", True)}


def test_endpoints_that_a_person_wrote_are_theirs_to_answer_for(kit):
    kit.sign_in(ONE)
    assert kit.servers.requests
    assert not any(request.public_only for request in kit.servers.requests)


def test_an_issuer_may_be_a_server_of_ones_own(tmp_path):
    file = BY_ISSUER.replace('"https://op.example"', '"{server}"') + '[provider.variables.server]\nkind = "server"\n'
    kit = KitOfServers(tmp_path, file=file, clients={"acme@op.example": "client"})
    kit.servers.documents[WELL_KNOWN] = METADATA
    account = kit.sign_in(code="c@tokens.op.example", variables={"server": "op.example"})
    settled = grant_of(kit, account).settled
    assert (settled["server"], settled["token_endpoint"]) == (ISSUER, METADATA["token_endpoint"])


# A server that somebody named who has no say over this machine's network.


def test_a_server_that_a_guest_names_is_reached_at_public_addresses_alone_for_as_long_as_the_account_lives(kit):
    account = kit.sign_in(variables={"server": ONE, "public_only": "yes"})
    kit.clock.advance(3601)
    kit.token(str(account))
    kit.sign_in(variables={}, account=account.name)
    kit.logout(str(account))
    assert len(kit.servers.requests) > 5
    assert all(request.public_only for request in kit.servers.requests)


def test_a_guest_is_allowed_no_plain_http_that_another_was_allowed(tmp_path):
    config = '[accounts."acme/me"]\ninsecure_hosts = ["home.lan:8123"]\n'
    kit = KitOfServers(tmp_path, config=config, clients={"acme@http://home.lan:8123": "client"})
    with pytest.raises(ConfigurationError, match="without TLS"):
        kit.sign_in(variables={"server": "http://home.lan:8123", "public_only": "yes"})


def test_the_metadata_of_a_guests_server_is_fetched_from_public_addresses_alone(tmp_path):
    file = BY_ISSUER.replace('"https://op.example"', '"{server}"') + '[provider.variables.server]\nkind = "server"\n'
    kit = KitOfServers(tmp_path, file=file, clients={"acme@op.example": "client"})
    kit.servers.documents[WELL_KNOWN] = METADATA
    kit.sign_in(code="c@tokens.op.example", variables={"server": "op.example", "public_only": "yes"})
    assert kit.servers.requests
    assert all(request.public_only for request in kit.servers.requests)


# A service without OAuth.

KEYED = ApiKey(
    name="acme",
    title="Acme",
    variables={"subdomain": Variable(domain="acme.example")},
    resource_hosts=("https://{subdomain}.acme.example/api",),
    userinfo_endpoint="https://{subdomain}.acme.example/me",
    subject_path="sub",
    name_paths=("name",),
    fields={"key": Field(label="API key", where="https://{subdomain}.acme.example/keys")},
    token_headers={"X-Api-Key": "{key}"},
)


def test_a_service_without_oauth_has_its_servers_side_by_side_too(tmp_path):
    """A key of one is tried at that one, and goes to that one alone."""
    kit = KitOfServers(tmp_path, KEYED)
    for typed in ("mine", "https://theirs.acme.example/agent"):
        kit.servers.requests.clear()
        account = kit.login("acme", answers={"key": "k3y"}, variables={"subdomain": typed}, name="")
        host = f"{grant_of(kit, account).settled['subdomain']}.acme.example"
        assert set(kit.servers.hosts()) == {host}
        provider = kit.source(str(account)).provider
        assert provider.resource_hosts == (f"https://{host}/api",)
        assert provider.fields["key"].where == f"https://{host}/keys"
    assert len(kit.accounts()) == 2


def test_a_key_is_asked_for_nowhere_before_the_server_is_named(tmp_path):
    kit = KitOfServers(tmp_path, KEYED)
    with pytest.raises(UsageError, match="acme needs subdomain"):
        kit.login("acme", answers={"key": "k3y"})
    assert kit.servers.requests == []


# Where an account is, for people.


@pytest.mark.parametrize(
    ("variable", "at", "shown"),
    [
        (Variable(kind="server", default=ONE), "", "one.example"),
        (Variable(kind="server"), "http://10.0.0.5:8123", "http://10.0.0.5:8123"),
        (Variable(kind="server", path=True), f"{ONE}/cloud", "one.example/cloud"),
        (Variable(domain="acme.example", own_client=True), "mine", "mine.acme.example"),
        (Variable(default="common"), "", ""),
        (Variable(default="common"), "contoso.com", "contoso.com"),
        (Variable(choices=("com", "eu"), default="com"), "eu", "eu"),
    ],
)
def test_the_status_says_which_server_or_region_it_is(tmp_path, variable, at, shown):
    """A region that everybody has tells nothing apart, and is not said."""
    hosts = {"server": "{server}"} if variable.kind == "server" else {"server": "https://{server}.acme.example"}
    urls = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "userinfo_endpoint": "/me"}
    addresses = {field: hosts["server"] + path for field, path in urls.items()}
    provider = many_servers(
        variables={"server": variable}, **addresses, revocation_endpoint="", resource_hosts=(hosts["server"],)
    )
    config = '[accounts."acme/me"]\ninsecure_hosts = ["10.0.0.5:8123"]\n'
    kit = KitOfServers(tmp_path, provider, clients={"acme": "client"}, config=config)
    server = kit.authorizations.settle("acme", {"server": at} if at else {})
    kit.authorizations.linker.put(bound(server), name="me")
    assert kit.status("acme/me").server == shown


def bound(provider):
    return bind(Grant(provider="acme", access_tokens={"": AccessToken("a")}), provider, "client")


@pytest.mark.parametrize(
    "typed",
    ["https://me:secret@one.example", "https://one.example?key=secret", "https://one.example/#access_token=secret"],
)
@pytest.mark.parametrize(
    "variable",
    [Variable(kind="server"), Variable(kind="server", path=True), Variable(), Variable(domain="acme.example")],
)
def test_what_is_shown_of_a_server_holds_no_secret(typed, variable):
    """R35: a value is a host or a part of one, and never a user, a query or a fragment."""
    try:
        told = variable.understood(typed)
    except ValueError as refusal:
        told = str(refusal)
    assert "secret" not in told


def test_each_value_of_the_built_in_providers_stands_in_an_address():
    """R35: what `status` shows is what the browser's address bar has shown before."""
    names = sorted(entry_points(group="tokenkit.providers").names)
    varying = [each for each in (load_provider(name, config_folder="") for name in names) if _variables(each)]
    assert len(varying) >= 9
    for provider in varying:
        addresses = (provider.declared["authorization_endpoint"], *provider.declared["resource_hosts"])
        assert set(_variables(provider)) <= set(named_in(addresses))


def _variables(provider):
    return getattr(provider, "variables", {})


def test_the_status_of_a_provider_that_is_gone_names_no_server(kit):
    account = kit.sign_in(ONE)
    kit.providers._given = {}
    assert kit.status(str(account)).server == ""
    assert str(kit.status(str(account))).startswith("acme/me is signed in")
