"""How an authorization server is spoken to: TLS, and the proxies of the environment."""

import socket
import ssl

import pytest
from tokenkit.errors import ConfigurationError, TokenRefused
from tokenkit.net.http import Transport
from tokenkit.provider import Request

from peers import OK, PATIENCE, Peer, answering, fails, make_certificate, over_tls, peer, point, read_request


@pytest.fixture(autouse=True)
def no_authorities_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def https(server: Peer) -> str:
    return server.url.replace("http:", "https:")


def test_a_certificate_that_nobody_vouches_for_means_nothing_was_sent(certificate: str) -> None:
    """R32: TLS always. R12: a failed handshake has sent no request."""
    seen: list[bytes] = []
    with peer(over_tls(certificate, answering(OK, seen))) as server:
        fault = fails(https(server))
    assert not fault.sent
    assert not seen
    assert "certificate" in str(fault)
    assert "SSL_CERT_FILE" in fault.hint


def test_the_authorities_of_the_environment_are_believed(certificate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    with peer(over_tls(certificate, answering(OK))) as server:
        assert Transport().send(Request.form(https(server), {})).status == 200


def test_a_tls_context_of_ones_own_is_used(certificate: str) -> None:
    verify = ssl.create_default_context(cafile=certificate)
    with peer(over_tls(certificate, answering(OK))) as server:
        assert Transport(verify=verify).send(Request.form(https(server), {})).status == 200


def test_a_certificate_for_another_name_is_refused(certificate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """R32: TLS proves which host it is."""
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    point(monkeypatch, "evil.example")
    with peer(over_tls(certificate, answering(OK))) as server:
        fault = fails(f"https://evil.example:{server.port}/")
    assert not fault.sent
    assert "certificate" in str(fault)


def test_a_server_without_tls_means_nothing_was_sent() -> None:
    """R12: what the handshake wrote is not the request."""
    with peer(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        assert not fails(https(server)).sent


def test_a_cut_after_the_handshake_may_have_carried_the_request(certificate: str) -> None:
    """R12: what may have been sent has an unknown outcome."""
    verify = ssl.create_default_context(cafile=certificate)
    with peer(over_tls(certificate, lambda tls: (read_request(tls), None)[1])) as server:
        assert fails(https(server), Transport(deadline=PATIENCE, verify=verify)).sent


def test_authorities_that_cannot_be_read_are_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/authorities.pem")
    with pytest.raises(ConfigurationError) as caught:
        Transport().send(Request("GET", "https://127.0.0.1:1/"))
    assert "SSL_CERT_FILE" in caught.value.hint


@pytest.mark.parametrize("url", ["http://accounts.example/token", "http://localhost:8080/", "http://10.0.0.7/"])
def test_plain_http_beyond_loopback_is_refused_with_the_host_named(url: str) -> None:
    """R32: TLS always, but for loopback and an opt-in."""
    with pytest.raises(TokenRefused, match=url.split("/")[2]):
        Transport().send(Request.form(url, {}))


def test_plain_http_to_a_host_opted_in_to_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """R32: the person answers for a host of their own network."""
    point(monkeypatch, "ha.lan")
    with peer(answering(OK)) as server:
        url = f"http://ha.lan:{server.port}/auth/token"
        assert Transport(insecure_hosts=["ha.lan"]).send(Request.form(url, {})).status == 200


# Proxies


def test_the_proxy_of_the_environment_is_used_and_sees_no_request(
    certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R12, R35: only the CONNECT and the proxy's own password; the request goes through the tunnel."""
    connects: list[bytes] = []
    tunnelled: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        connects.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        over_tls(certificate, answering(OK, tunnelled))(connection)

    with peer(proxy) as server:
        monkeypatch.setenv("https_proxy", f"http://me:pw%21@127.0.0.1:{server.port}")
        verify = ssl.create_default_context(cafile=certificate)
        url = "https://accounts.example/token"
        response = Transport(verify=verify).send(Request.form(url, {"code": "s3cret"}))
    assert response.status == 200
    assert connects[0].startswith(b"CONNECT accounts.example:443 ")
    assert b"Proxy-Authorization: Basic bWU6cHch" in connects[0]
    assert b"s3cret" not in connects[0]
    assert b"proxy-authorization" not in tunnelled[0].lower()
    assert tunnelled[0].endswith(b"code=s3cret")


@pytest.mark.parametrize("reply", [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b""])
def test_a_proxy_that_does_not_connect_means_nothing_was_sent(reply: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """R12: the CONNECT is not the request."""
    with peer(answering(reply)) as server:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.port}")
        fault = fails("https://accounts.example/token")
    assert not fault.sent
    assert ("HTTPS_PROXY" in fault.hint) is bool(reply)


@pytest.mark.parametrize("named", ["http://me:s3cret@proxy:port", "gopher://proxy:70", "http://", "http://[::1"])
def test_a_proxy_that_is_none_is_a_configuration_error(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", named)
    with pytest.raises(ConfigurationError) as caught:
        Transport().send(Request("GET", "https://accounts.example/"))
    assert "s3cret" not in str(caught.value)
    assert "HTTPS_PROXY" in caught.value.hint


def test_loopback_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(answering(OK)) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        assert Transport().send(Request("GET", server.url)).status == 200
