"""A host that came out of a document leads to public addresses alone, and the connection goes to what was looked at."""

import socket
import ssl
from collections.abc import Iterator

import pytest
from tokenkit.errors import ConfigurationError, ProviderUnavailable, TokenRefused
from tokenkit.net.http import Transport
from tokenkit.net.public import is_public
from tokenkit.provider import Request, Response

from peers import OK, answer, answering, make_certificate, over_tls, peer, read_request

NAME = "accounts.example"
PUBLIC = "93.184.215.14"
URL = f"https://{NAME}/token"

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.5", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
    "::1", "::", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "224.0.0.1",
    "255.255.255.255", "::ffff:127.0.0.1", "::ffff:10.0.0.5", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:5", "2002:7f00:1::", "2002:a00:5::1", "2001::1",
    "192.0.2.1", "198.18.0.1", "240.0.0.1", "2001:db8::1",
]  # fmt: skip


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_certificate(tmp_path_factory.mktemp("tls"))


class Network:
    """Names that a test gives addresses, one list a look-up, and where connections went; all end at loopback."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: dict[str, Iterator[list[str]]] = {}
        self.looked_up: list[str] = []
        self.connected: list[str] = []
        self.port = 0
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)
        monkeypatch.setattr(socket, "create_connection", self._to_loopback)

    def say(self, name: str, *answers: list[str]) -> None:
        self.names[name] = iter(answers)

    def _resolve(self, host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        self.looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (each, port)) for each in next(self.names[host])]

    def _to_loopback(self, address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        self.connected.append(address[0])
        connection = socket.socket()
        connection.connect(("127.0.0.1", self.port))
        return connection


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return Network(monkeypatch)


def send(url: str = URL, certificate: str = "", *, public_only: bool = True) -> Response:
    verify = ssl.create_default_context(cafile=certificate) if certificate else True
    request = Request("POST", url, (), b"code=s3cret", public_only)
    return Transport(verify=verify).send(request)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_this_machines_own_networks_is_none_of_the_public_ones(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", PUBLIC, "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public_however_it_is_written(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["", "localhost", "1", "0x7f000001", "127.1", "010.0.0.1"])
def test_what_is_no_whole_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_into_a_network_of_ones_own_gets_nothing(network: Network, address: str) -> None:
    network.say(NAME, [address])
    with pytest.raises(ConfigurationError, match="an address that is not public") as caught:
        send()
    assert f"{NAME} leads to {address}" in str(caught.value)
    assert "tokenkit providers add" in caught.value.hint
    assert network.connected == []


@pytest.mark.parametrize("addresses", [[PUBLIC, "127.0.0.1"], ["10.0.0.5", PUBLIC], [PUBLIC, "::1"]])
def test_one_private_address_among_several_is_enough(network: Network, addresses: list[str]) -> None:
    """Else the first that answers would decide, and that is for who runs the name server to arrange."""
    network.say(NAME, addresses)
    with pytest.raises(ConfigurationError, match="not public"):
        send()
    assert network.connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.5", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"])
def test_an_address_in_place_of_a_name_is_looked_at_too(network: Network, host: str) -> None:
    with pytest.raises(ConfigurationError, match="not public"):
        send(f"https://{host}/token")
    assert network.connected == []


def test_plain_http_is_refused_even_where_a_person_allowed_that_host(network: Network) -> None:
    """R32: what a person opted in to is what they typed."""
    with pytest.raises(TokenRefused):
        Transport(insecure_hosts=[NAME]).send(Request("GET", f"http://{NAME}/token", public_only=True))
    assert network.connected == []


def test_the_connection_goes_to_the_address_that_was_looked_at(network: Network, certificate: str) -> None:
    """A second answer of the name server, which leads elsewhere, never counts; the certificate is the name's."""
    network.say(NAME, [PUBLIC], ["127.0.0.1"], ["10.0.0.5"])
    seen: list[bytes] = []
    with peer(over_tls(certificate, answering(OK, seen))) as server:
        network.port = server.port
        assert send(certificate=certificate).status == 200
    assert (network.looked_up, network.connected) == ([NAME], [PUBLIC])
    assert f"Host: {NAME}\r\n".encode() in seen[0]


def test_the_certificate_must_be_the_names_and_not_the_addresses(network: Network, certificate: str) -> None:
    network.say("other.example", [PUBLIC])
    with peer(over_tls(certificate, answering(OK))) as server:
        network.port = server.port
        with pytest.raises(ProviderUnavailable, match="certificate"):
            send("https://other.example/token", certificate)


def test_a_redirect_into_a_network_of_ones_own_is_an_answer_and_not_followed(
    network: Network, certificate: str
) -> None:
    network.say(NAME, [PUBLIC])
    moved = answer(b"", "Location: https://127.0.0.1/admin", status="307 Temporary Redirect")
    with peer(over_tls(certificate, answering(moved))) as server:
        network.port = server.port
        assert send(certificate=certificate).status == 307
    assert network.connected == [PUBLIC]


def test_what_a_person_typed_may_lead_into_their_own_network(network: Network, certificate: str) -> None:
    network.say(NAME, ["192.168.1.5"])
    with peer(over_tls(certificate, answering(OK))) as server:
        network.port = server.port
        assert send(certificate=certificate, public_only=False).status == 200
    assert network.connected == ["192.168.1.5"]


def test_a_proxy_is_asked_for_the_address_that_was_looked_at(
    network: Network, certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the proxy would look the name up again. TLS is with the name all the same, inside the tunnel."""
    network.say(NAME, ["2606:4700::1111", PUBLIC])
    connects: list[bytes] = []
    seen: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        connects.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        over_tls(certificate, answering(OK, seen))(connection)

    with peer(proxy) as server:
        network.port = server.port
        monkeypatch.setenv("https_proxy", "http://10.9.9.9:3128")
        assert send(certificate=certificate).status == 200
    assert connects[0].startswith(f"CONNECT {PUBLIC}:443 ".encode())
    assert f"Host: {NAME}\r\n".encode() in seen[0]
    assert seen[0].endswith(b"code=s3cret")


def test_a_proxy_is_not_asked_for_a_name_that_leads_into_a_network_of_ones_own(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.say(NAME, ["169.254.169.254"])
    monkeypatch.setenv("https_proxy", "http://10.9.9.9:3128")
    with pytest.raises(ConfigurationError, match="not public"):
        send()
    assert network.connected == []
