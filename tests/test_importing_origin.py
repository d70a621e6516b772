"""Which server a grant in a file is of, where a provider has many: said, and never guessed (R17, R18, R31)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenkit.errors import ClientMissing, ProviderChanged, UsageError
from tokenkit.importing.choosing import choose
from tokenkit.importing.files import open_file
from tokenkit.importing.taking import Taken, take
from tokenkit.variables import Variable

from servers import KitOfServers, many_servers

ONE, OTHER = "https://one.example", "https://other.example"
CLIENTS = {"acme@one.example": "client-one", "acme@other.example": "client-other"}

Import = Callable[..., Taken]


@pytest.fixture
def kit(tmp_path: Path) -> KitOfServers:
    return KitOfServers(tmp_path, clients=CLIENTS)


def importing(kit: KitOfServers, path: Path, server: str, *, said: str = "", ask: Any = None, **members: str) -> Taken:
    """Import a file of a sign-in at `server`; `said` is the value of --set, and `members` stand in the file, too."""
    path.write_text(json.dumps({"refresh_token": f"kept@{server.removeprefix('https://')}", **members}))
    file = open_file(str(path))
    return take(kit, file, choose(file), provider="acme", variables={"server": said} if said else {}, ask=ask)


@pytest.fixture
def import_at(kit: KitOfServers, tmp_path: Path) -> Import:
    def import_at(server: str, **more: Any) -> Taken:
        return importing(kit, tmp_path / "tokens.json", server, **more)

    return import_at


def test_two_servers_are_two_accounts_that_are_called_apart_and_each_refreshes_at_its_own(
    kit: KitOfServers, import_at: Import
) -> None:
    one, other = import_at(ONE, said="one.example"), import_at(OTHER, said="https://other.example/@me")
    assert [str(each.account) for each in (one, other)] == ["acme/me", "acme/me@other.example"]
    kit.clock.advance(3601)
    for taken, server, client in ((one, ONE, "client-one"), (other, OTHER, "client-other")):
        held = kit.records.get(taken.account).grant
        assert (held.settled, held.token_endpoint, held.client_id) == ({"server": server}, f"{server}/token", client)
        kit.servers.requests.clear()
        kit.token(str(taken.account))
        assert kit.servers.hosts() == [server.removeprefix("https://")]


def test_a_refresh_token_goes_to_no_server_that_nobody_has_named(kit: KitOfServers, import_at: Import) -> None:
    with pytest.raises(UsageError, match="acme needs server: your Acme") as caught:
        import_at(ONE)
    assert caught.value.hint.endswith("tokens.json --provider acme --set server=https://home.example")
    assert kit.servers.requests == []


def test_neither_the_default_of_a_declaration_nor_another_account_names_the_server(tmp_path: Path) -> None:
    """R17: a sign-in may begin there, for the person sees where they are; a file's token would be given away."""
    usual = Variable(kind="server", about="your Acme", default=ONE)
    kit = KitOfServers(tmp_path, many_servers(variables={"server": usual}), clients=CLIENTS)
    kit.sign_in()
    kit.servers.requests.clear()
    with pytest.raises(UsageError, match="acme needs server"):
        importing(kit, tmp_path / "tokens.json", OTHER)
    assert kit.servers.requests == []


def test_the_server_of_the_configuration_is_named(tmp_path: Path) -> None:
    written = (
        '[provider]\nname = "acme"\ntitle = "Acme"\nauthorization_endpoint = "{server}/a"\n'
        'token_endpoint = "{server}/token"\n[provider.variables.server]\nkind = "server"\n'
    )
    config = '[providers.acme]\nserver = "one.example"\n'
    kit = KitOfServers(tmp_path, file=written, config=config, clients=CLIENTS)
    account = importing(kit, tmp_path / "tokens.json", ONE).account
    assert kit.records.get(account).grant.token_endpoint == f"{ONE}/token"


def test_at_a_terminal_it_is_asked_for(kit: KitOfServers, import_at: Import) -> None:
    account = import_at(OTHER, ask=lambda name, variable: "other.example").account
    assert kit.records.get(account).grant.settled == {"server": OTHER}


@pytest.mark.parametrize("said", ["me@one.example", "ftp://one.example", "one example"])
def test_a_value_that_is_not_understood_is_refused_as_at_a_sign_in(
    said: str, kit: KitOfServers, import_at: Import
) -> None:
    with pytest.raises(UsageError, match="acme needs server") as caught:
        import_at(ONE, said=said)
    assert "tokenkit import" in caught.value.hint
    assert kit.servers.requests == []


def test_a_name_that_the_provider_does_not_have_is_refused(kit: KitOfServers, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"refresh_token": "r"}')
    file = open_file(str(path))
    with pytest.raises(UsageError, match="nothing that is called 'serwer'") as caught:
        take(kit, file, choose(file), provider="acme", variables={"serwer": "x", "server": ONE})
    assert caught.value.hint == "did you mean server?"


def test_a_file_that_names_another_server_is_refused_with_the_option_for_it(
    kit: KitOfServers, import_at: Import
) -> None:
    """R17: what a file names is compared, and nobody is asked there."""
    with pytest.raises(ProviderChanged, match=r"token_uri in .* names another server") as caught:
        import_at(OTHER, said="one.example", token_uri=f"{OTHER}/token")
    assert caught.value.hint.endswith("tokens.json --provider acme --set server=https://other.example")
    assert kit.servers.requests == []
    account = import_at(OTHER, said="other.example", token_uri=f"{OTHER}/token").account
    assert kit.records.get(account).grant.settled == {"server": OTHER}


def test_a_file_that_names_the_usual_server_has_named_it(tmp_path: Path) -> None:
    usual = Variable(kind="server", about="your Acme", default=ONE)
    kit = KitOfServers(tmp_path, many_servers(variables={"server": usual}), clients=CLIENTS)
    account = importing(kit, tmp_path / "tokens.json", ONE, token_uri=f"{ONE}/token").account
    assert kit.records.get(account).grant.settled == {"server": ONE}


def test_the_client_of_a_file_is_registered_for_its_server_alone(tmp_path: Path) -> None:
    """R31: neither id nor secret of one server is sent to another."""
    kit = KitOfServers(tmp_path)
    client = {"client_id": "of-other", "client_secret": "s"}
    taken = importing(kit, tmp_path / "tokens.json", OTHER, said="other.example", **client)
    assert taken.registered.endswith("clients/acme@other.example.toml")
    with pytest.raises(ClientMissing, match=r"acme@one\.example"):
        importing(kit, tmp_path / "more.json", ONE, said="one.example")
