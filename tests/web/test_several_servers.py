"""The page asks which server it is, where a provider has many; each has its own client, and a guest names none here."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tokenkit import ApiKey, Field, Variable
from tokenkit.web import authorize_app
from visitor import SCRIPT, Visitor

from servers import KitOfServers, many_servers

CLIENTS = {"acme@one.example": "client-one", "acme@other.example": "client-other"}
DASH = "https://dash.example"


@pytest.fixture
def kit(tmp_path: Path) -> KitOfServers:
    return KitOfServers(tmp_path, clients=CLIENTS)


@pytest.fixture
def me(kit: KitOfServers) -> Visitor:
    return Visitor(authorize_app(kit))


def start(me: Visitor, **fields: str) -> dict[str, str]:
    """Begin as the script does: what it is told."""
    sent = {"csrf": str(me.ask("/status?provider=acme")["csrf"]), **fields}
    return dict(me.post("/start/acme", sent, **SCRIPT).json())


def come_back(me: Visitor, url: str) -> str:
    """Allow it at the server that the address leads to: where the page leads then."""
    query, there = parse_qs(urlsplit(url).query), urlsplit(url).netloc
    answer = f"{query['redirect_uri'][0]}?code=c@{there}&state={query['state'][0]}"
    return str(me.come_back(answer).headers["location"])


def test_two_servers_are_connected_side_by_side(kit: KitOfServers, me: Visitor) -> None:
    for server in ("one.example", "@me@Other.example"):
        come_back(me, start(me, **{"set.server": server})["url"])
    assert [str(account) for account in kit.accounts()] == ["acme/me", "acme/me@other.example"]


def test_each_account_says_which_server_it_is_at(kit: KitOfServers, me: Visitor) -> None:
    for server in ("https://one.example", "https://other.example"):
        kit.sign_in(server)
    page = me.go("/").text
    assert "at one.example<" in page
    assert "<h4>me@other.example</h4>" in page  # the name says it
    found = me.go("/?find=one.example").text
    assert "at one.example<" in found
    assert "other.example<" not in found
    (view,) = me.ask("/status?provider=acme")["providers"]
    assert [each["server"] for each in view["accounts"]] == ["one.example", "other.example"]


def test_the_page_has_a_field_for_it_and_none_for_an_account_that_is_connected(tmp_path: Path) -> None:
    kit = KitOfServers(tmp_path, clients={**CLIENTS, "acme": "client"})
    me = Visitor(authorize_app(kit))
    page = me.go("/").text
    assert page.count('name="set.server"') == 1
    assert "Your Acme" in page
    kit.sign_in("https://one.example")
    assert me.go("/").text.count('name="set.server"') == 1


def test_an_account_that_is_renewed_is_not_asked_for_its_server_again(kit: KitOfServers, me: Visitor) -> None:
    kit.sign_in("https://one.example")
    assert start(me, account="me")["url"].startswith("https://one.example/authorize")


@pytest.mark.parametrize("typed", ["", "homeassistant.local:8123", "me@one.example"])
def test_what_is_missing_or_not_understood_is_said_and_nothing_is_sent(
    typed: str, kit: KitOfServers, me: Visitor
) -> None:
    error = start(me, **{"set.server": typed})["error"]
    assert "acme needs server: your Acme" in str(error)
    assert kit.servers.requests == []


def test_a_server_without_a_client_leads_to_its_form_and_is_set_up_there(tmp_path: Path) -> None:
    """R31: what is given there serves at that server and at no other."""
    kit = KitOfServers(tmp_path)
    me = Visitor(authorize_app(kit))
    csrf = str(me.ask("/status?provider=acme")["csrf"])
    form = {"csrf": csrf, "set.server": "one.example"}
    place = me.post("/start/acme", form).headers["location"]
    assert place == "/client/acme?set.server=https%3A%2F%2Fone.example"
    page = me.go(place).text
    assert f"http://127.0.0.1:8000/callback/{kit.callback('acme', {'server': 'one.example'})}" in page
    kept = {"csrf": csrf, "set.server": "https://one.example", "client_id": "client-one"}
    assert me.post("/client/acme", kept).status_code == 303
    assert start(me, **{"set.server": "one.example"})["url"].startswith("https://one.example/")
    assert "error" in start(me, **{"set.server": "other.example"})


def test_the_form_asks_first_which_server_it_is_for(tmp_path: Path) -> None:
    me = Visitor(authorize_app(KitOfServers(tmp_path)))
    page = me.go("/client/acme").text
    assert 'name="set.server"' in page
    assert "client_id" not in page
    csrf = str(me.ask("/status?provider=acme")["csrf"])
    answer = me.post("/client/acme", {"csrf": csrf, "server_only": "yes", "set.server": "one.example"})
    assert answer.headers["location"] == "/client/acme?set.server=https%3A%2F%2Fone.example"


def test_of_several_people_nobody_names_a_server_in_this_machines_network(kit: KitOfServers) -> None:
    me = Visitor(authorize_app(kit_for=lambda request: kit))
    come_back(me, start(me, **{"set.server": "one.example"})["url"])
    assert kit.servers.requests
    assert all(request.public_only for request in kit.servers.requests)


def test_what_to_remove_by_hand_is_at_the_accounts_own_server(tmp_path: Path) -> None:
    provider = many_servers(manage_url="{server}/apps", revocation_endpoint="")
    kit = KitOfServers(tmp_path, provider, clients=CLIENTS)
    account = kit.sign_in("https://other.example")
    page = Visitor(authorize_app(kit)).go(f"/disconnect?account={account}").text
    assert "https://other.example/apps" in page


def test_the_form_for_a_key_knows_which_server_it_is_about(tmp_path: Path) -> None:
    keyed = ApiKey(
        name="acme",
        title="Acme",
        variables={"subdomain": Variable(domain="acme.example", about="your Acme")},
        resource_hosts=("https://{subdomain}.acme.example/api",),
        userinfo_endpoint="https://{subdomain}.acme.example/me",
        subject_path="sub",
        name_paths=("name",),
        fields={"key": Field(label="API key", where="https://{subdomain}.acme.example/keys")},
    )
    kit = KitOfServers(tmp_path, keyed)
    me = Visitor(authorize_app(kit))
    assert 'name="set.subdomain"' in me.go("/").text
    place = start(me, **{"set.subdomain": "mine.acme.example"})["url"]
    page = me.go(place).text
    assert "https://mine.acme.example/keys" in page
    assert 'name="set.subdomain" value="mine.acme.example"' in page
    csrf = str(me.ask("/status?provider=acme")["csrf"])
    kept = me.post("/key/acme", {"csrf": csrf, "set.subdomain": "mine.acme.example", "field.key": "k3y"})
    assert kept.headers["location"] == "/connected/acme?name=me"
    assert set(kit.servers.hosts()) == {"mine.acme.example"}


# Where a provider's clients are registered with one address.


def mounted(tmp_path: Path, redirect_uri: str) -> Visitor:
    provider = many_servers(
        variables={}, **{name: f"https://one.example/{name}" for name in ("authorization_endpoint", "token_endpoint")},
        revocation_endpoint="", userinfo_endpoint="", resource_hosts=(), redirect_uri=redirect_uri,
    )  # fmt: skip
    return Visitor(authorize_app(KitOfServers(tmp_path, provider, clients={"acme": "client"}), public_url=DASH), DASH)


def test_a_page_that_awaits_answers_at_the_registered_address_begins_with_it(tmp_path: Path) -> None:
    url = start(mounted(tmp_path, f"{DASH}/callback/acme"))["url"]
    assert parse_qs(urlsplit(url).query)["redirect_uri"] == [f"{DASH}/callback/acme"]


@pytest.mark.parametrize(
    "registered", ["https://dash.example/oauth", f"{DASH}/callback/acme/", "http://127.0.0.1:8765/x"]
)
def test_a_page_that_awaits_them_elsewhere_says_so_before_a_person_is_sent_away(
    registered: str, tmp_path: Path
) -> None:
    error = str(start(mounted(tmp_path, registered))["error"])
    assert f"Acme sends people back to {registered} alone, and this page awaits them at {DASH}/callback/acme" in error
    assert f'redirect_uri = "{DASH}/callback/acme"' in error.replace("\\", "")
