"""Where a token may go (R32 to R34)."""

from types import SimpleNamespace
from typing import cast
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenkit.account import Account
from tokenkit.errors import ConfigurationError, TokenRefused
from tokenkit.net.hosts import (
    check_resource,
    check_tls,
    holds,
    is_loopback,
    parse_url,
    require_bearer,
    require_header_token,
    resource_host,
)
from tokenkit.net.proxy import proxy_for
from tokenkit.net.readings import readings
from tokenkit.provider import Provider
from tokenkit.token import AccessToken

ME = Account("spotify", "me")
SPOTIFY = ("https://api.spotify.com",)
DRIVE = ("https://www.googleapis.com/drive/v3",)


def allowed(url: str, *entries: str, insecure: tuple[str, ...] = ()) -> bool:
    try:
        check_resource(url, entries, account=ME, insecure=insecure)
    except TokenRefused:
        return False
    return True


def test_who_has_named_no_resource_server_is_told_where_to_write_them() -> None:
    """A file of one's own need not name any, and then its tokens go nowhere."""
    with pytest.raises(TokenRefused) as caught:
        check_resource("https://api.acme.example/v1", (), account=Account("acme", "me"))
    assert 'write resource_hosts = ["https://HOST/PATH"]' in caught.value.hint
    with pytest.raises(TokenRefused) as caught:
        check_resource("https://api.acme.example/v1", ["https://acme.example"], account=Account("acme", "me"))
    assert caught.value.hint == "its resource servers are https://acme.example; use another client for other hosts"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.spotify.com/v1/me",
        "https://api.spotify.com",
        "https://api.spotify.com?x=1",
        "HTTPS://API.Spotify.COM/v1/me",
        "https://api.spotify.com:443/v1/me",
        "https://api.spotify.com:/v1/me",
        "https://api.spotify.com./v1/me",
        "https://api.spotify.com/v1/me?next=https://evil.example/#@evil.example",
        "https://api.spotify.com//v1/../..",
    ],
)
def test_every_spelling_of_a_resource_server_is_known(url: str) -> None:
    """R32: a host can be written in many ways."""
    assert allowed(url, *SPOTIFY)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.spotify.com@evil.example/",
        "https://api.spotify.com:443@evil.example/",
        "https://@api.spotify.com/",
        "https://me:pw@api.spotify.com/",
        "https://api.spotify.com.evil.example/",
        "https://evil.example/api.spotify.com",
        "https://evil.example?https://api.spotify.com",
        "https://evil.example#@api.spotify.com",
        "https://evil.example\\@api.spotify.com/",
        "https://api.spotify.com\\.evil.example/",
        "https://api.spotify.com\\@evil.example/",
        "https:\\\\api.spotify.com/",
        "https:api.spotify.com/",
        "https:///api.spotify.com/",
        "//api.spotify.com/",
        "http://api.spotify.com/",
        "ftp://api.spotify.com/",
        "javascript://api.spotify.com/",
        "https://api.spotify.com:444/",
        "https://api.spotify.com:0/",
        "https://api.spotify.com:65536/",
        "https://api.spotify.com:443x/",
        "https://xapi.spotify.com/",
        "https://x.api.spotify.com/",
        "https://spotify.com/",
        "https://api..spotify.com/",
        "https://.api.spotify.com/",
        "https://api.spotify.com../",
        "https://api%2espotify.com/",
        "https://api.spotify.com%2f@evil.example/",
        "https://ａpi.spotify.com/",
        "https://api。spotify.com/",
        "https://api.spotify.com\n.evil.example/",
        "https://api.spotify.com\t/",
        " https://api.spotify.com/",
        "https://api.spotify.com/ x",
        "https://[::1]/",
        "https://[::x]/",
        "",
    ],
)
def test_what_only_looks_like_a_resource_server_is_refused(url: str) -> None:
    """R32: a token that is sent to a foreign host is stolen."""
    assert not allowed(url, *SPOTIFY)


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/drive/v3", True),
        ("/drive/v3/", True),
        ("/drive/v3?x=/../..", True),
        ("/drive/v3/files/a%2Fb", True),
        ("/drive/v3/files/a%20b/../c", True),
        ("/drive/v3/files/a;b=1/c", True),
        ("/drive/v3/files/..x/...", True),
        ("/drive/v3/files/c%3Fd", True),
        ("/%64rive/v3/files", False),
        ("/drive/v33", False),
        ("/drive/v2", False),
        ("/drive", False),
        ("/", False),
        ("", False),
        ("/Drive/v3/files", False),
        ("//drive/v3", False),
        ("/drive//v3", False),
        ("/drive%2Fv3/files", False),
        ("/drive;x/v3/files", False),
        ("/drive/v3/../../gmail", False),
        ("/drive/v3/%2e%2e/v2", False),
        ("/drive/v3/.%2E/v2", False),
        ("/drive/v3/..%2f..%2fgmail", False),
        ("/drive/v3/..%5c..%5cgmail", False),
        ("/drive/v3/%252e%252e/v2", False),
        ("/drive/v3/%25252525252e%25252525252e/v2", False),
        ("/drive/v3/..;x=1/v2", False),
        ("/drive/v3//../v2", False),
        ("/gmail/../drive/v3", False),
        ("/drive/v3/..%2f..%2fadmin/..;/..;/drive/v3", False),
        ("/drive/v3/x%2fy/../%2e%2e", False),
        ("/drive/v3/..%3f/x", False),
        ("/drive/v3/..%00/..", False),
        ("/drive/v3/..%23/files", False),
        ("/drive/v3/a;%2f..%2f..%2fv2", False),
        ("/drive/v3/a%5c..%5c..%5cv2", False),
        ("/drive/v3/a/%2f../../v2", False),
        ("/drive/v3/%u002e%u002e/v2", False),
        ("/drive/v3/%c0%ae%c0%ae/v2", False),
        ("/drive/v3/x/..%c0%af..%c0%af..%c0%afv2", False),
        ("/drive/v3/%EF%BC%8E%EF%BC%8E/v2", False),
        ("/drive/v3/.%00./v2", False),
        ("/drive/v3/..%09/v2", False),
        ("/drive/v3/..%20/v2", False),
        ("/drive/v3/M%C3%BCller%20%28a%29.txt", True),
    ],
)
def test_a_path_lies_under_the_prefix_in_every_reading_or_is_refused(path: str, inside: bool) -> None:
    """R32: hosts that serve several resources have a prefix, and segments are its unit."""
    assert allowed(f"https://www.googleapis.com{path}", *DRIVE) is inside


@given(
    st.lists(
        st.sampled_from(
            [
                "..",
                ".",
                "",
                "v3",
                "v2",
                "drive",
                "a;b",
                "..;a",
                "a%2fb",
                "%2e",
                "%2E%2e",
                "%252e.",
                "..%5c",
                "%3b..",
                "x%00",
            ]
        ),
        max_size=6,
    ),
    st.lists(st.sampled_from(["decode", "walk", "drop", "slash"]), max_size=8),
)
def test_no_order_of_reading_leaves_the_prefix(segments: list[str], steps: list[str]) -> None:
    """R32: what is let through lies under the prefix after each step of whoever reads it, in whatever order."""
    path = "/" + "/".join(["drive", "v3", *segments])
    if allowed(f"https://www.googleapis.com{path}", *DRIVE):
        for step in steps:
            path = _read(path, step)
            assert path.split("/")[1:3] == ["drive", "v3"]


def _read(path: str, step: str) -> str:
    """One step of a server, written apart from ours."""
    if step == "decode":
        return unquote(path)
    if step == "slash":
        return path.replace("\\", "/")
    if step == "drop":
        return "/".join(segment.partition(";")[0] for segment in path.split("/"))
    walked: list[str] = []
    for segment in path.lstrip("/").split("/"):
        if segment == "..":
            walked = walked[:-1]
        elif segment != ".":
            walked.append(segment)
    return "/" + "/".join(walked)


def test_a_path_with_more_readings_than_an_honest_one_has_is_refused() -> None:
    """R32: and is refused soon: the work is bounded."""
    assert readings("/" + "%25" + "25" * 400 + "2e") == frozenset()
    assert not allowed("https://www.googleapis.com/drive/v3/" + "%25" + "25" * 400 + "2e", *DRIVE)


@given(st.text(max_size=12), st.sampled_from("@\\%#?/:. \t"), st.text(max_size=12))
def test_nothing_written_into_the_authority_moves_the_token(before: str, mark: str, after: str) -> None:
    """R32: with a foreign host at its end a URL is an allowed one only where the authority ended before it."""
    url = f"https://api.spotify.com{before}{mark}{after}.evil.example/"
    if allowed(url, *SPOTIFY):
        assert parse_url(url).host == "api.spotify.com"
        assert (before + mark).lstrip(".:0123456789")[0] in "/?#"


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_a_quoted_last_segment_is_always_inside(segment: str) -> None:
    """R32: strictness refuses nothing that a careful caller writes, but for a segment that is itself a way out."""
    quoted = quote(segment, safe="")
    if ".." in segment or "%" in segment:
        return
    assert allowed(f"https://www.googleapis.com/drive/v3/files/{quoted}", *DRIVE)


def test_a_wildcard_covers_one_or_more_labels_and_not_the_suffix_itself() -> None:
    """R32: a wildcard must not cover a name that it does not show."""
    entry = "https://*.acme.example/api"
    assert allowed("https://eu.acme.example/api/notes", entry)
    assert allowed("https://a.b.acme.example/api", entry)
    assert not allowed("https://acme.example/api", entry)
    assert not allowed("https://evilacme.example/api", entry)
    assert not allowed("https://eu.acme.example/login", entry)
    assert not allowed("https://eu.acme.example:8443/api", entry)


@pytest.mark.parametrize(
    "entry",
    [
        "https://*.com",
        "https://*.co.uk",
        "https://*.github.io",
        "https://*.me.github.io",
        "https://*.2.3.4",
        "http://*.acme.example",
        "https://*acme.example",
        "https://a.*.example",
        "https://*",
        "*.acme.example",
        "acme.example",
        "https://me@acme.example",
        "https://acme.example/a/../b",
        "https://acme.example/a%2fb",
        "https://acme.example/a?b",
        "",
    ],
)
def test_an_entry_that_reaches_too_far_or_is_not_one_is_a_configuration_error(entry: str) -> None:
    """R32: no wildcard over a public suffix or over tenants' content."""
    with pytest.raises(ConfigurationError) as caught:
        resource_host(entry)
    assert repr(entry) in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_is_an_ip_literal(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0", "10.0.0.1", "::2", "::"])
def test_names_and_other_spellings_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_plain_http_is_for_loopback_and_for_what_the_account_opted_in_to() -> None:
    """R32: TLS always, but for these two."""
    check_tls(parse_url("http://127.0.0.1:8080/x"))
    check_tls(parse_url("http://[::1]:8080/x"))
    check_tls(parse_url("http://ha.lan:8123/x"), ["ha.lan:8123"])
    check_tls(parse_url("http://ha.lan:8123/x"), ["HA.lan"])
    for url in ("http://localhost:8080/", "http://ha.lan:8124/", "http://10.0.0.7/"):
        with pytest.raises(TokenRefused, match=parse_url(url).host) as caught:
            check_tls(parse_url(url), ["ha.lan:8123"])
        assert "insecure_hosts" in caught.value.hint


def test_the_opt_in_opens_plain_http_and_no_other_host() -> None:
    """R32: the opt-in allows http, and does not make a host a resource server."""
    assert allowed("http://ha.lan:8123/api", "http://ha.lan:8123", insecure=("ha.lan:8123",))
    assert not allowed("http://ha.lan:8123/api", "http://ha.lan:8123")
    assert not allowed("http://evil.lan/api", "http://ha.lan:8123", insecure=("ha.lan:8123", "evil.lan"))


def test_a_refusal_names_the_host_and_the_account_and_shows_nothing_else_of_the_url() -> None:
    """R35: a URL may carry what is secret."""
    with pytest.raises(TokenRefused) as caught:
        check_resource("https://evil.example/s3cret?code=s3cret", SPOTIFY, account=ME)
    assert "evil.example" in str(caught.value)
    assert caught.value.account == "spotify/me"
    assert "https://api.spotify.com" in caught.value.hint
    assert "s3cret" not in str(caught.value) + caught.value.hint
    with pytest.raises(TokenRefused) as caught:
        check_resource("https://me:s3cret@api.spotify.com/", SPOTIFY, account=ME)
    assert "s3cret" not in str(caught.value) + caught.value.hint


def test_a_url_lies_on_a_resource_server_or_not() -> None:
    assert holds("https://oauth2.googleapis.com/token", ["https://gmail.googleapis.com", "https://*.googleapis.com"])
    assert not holds("https://accounts.spotify.com/api/token", SPOTIFY)


WORKSPACE = ("https://slack.example/api",)
ENDPOINTS = ("https://slack.example/api/oauth.v2.access", "https://slack.example/api/apps/{client_id}/token")


@pytest.mark.parametrize(
    "path",
    [
        "oauth.v2.access", "oauth.v2.access/", "oauth.v2.access?x=1", "OAuth.v2.Access", "oauth.v2%2eaccess",
        "x/../oauth.v2.access", "oauth.v2.access;x=1", "%6fauth.v2.access", "apps/C1/token", "./oauth.v2.access",
    ],
)  # fmt: skip
def test_a_prefix_may_hold_the_endpoints_and_no_token_goes_to_them(path: str) -> None:
    """R32: Slack and Notion had to be listed method by method; an endpoint is known however its server reads a path."""
    url = f"https://slack.example/api/{path}"
    with pytest.raises(TokenRefused):
        check_resource(url, WORKSPACE, account=ME, endpoints=ENDPOINTS)


@pytest.mark.parametrize("path", ["chat.postMessage", "oauth.v2.accesses", "oauth.v2.access/more", "apps/token"])
def test_what_is_no_endpoint_below_the_prefix_gets_the_token(path: str) -> None:
    check_resource(f"https://slack.example/api/{path}", WORKSPACE, account=ME, endpoints=ENDPOINTS)


def test_a_place_is_shown_in_its_shortest_spelling() -> None:
    assert parse_url("https://API.Spotify.com:443/a?b").origin == "https://api.spotify.com"
    assert parse_url("http://[0:0::1]:8080").origin == "http://[::1]:8080"
    assert parse_url("https://h/a?b#c") == ("https", "h", 443, "/a?b")
    assert parse_url("https://h/a?b#c").path == "/a"


def test_a_token_in_the_body_is_served_by_the_client_that_checks_redirects() -> None:
    """R33: httpx carries a body along when it follows a redirect."""
    require_header_token(_provider(header_token=True), ME)
    with pytest.raises(TokenRefused) as caught:
        require_header_token(_provider(header_token=False), ME)
    assert 'kit.http("spotify/me")' in caught.value.hint
    assert "tokenkit request spotify/me" in caught.value.hint


def _provider(*, header_token: bool) -> Provider:
    return cast(Provider, SimpleNamespace(header_token=header_token))


def test_a_token_that_is_not_bearer_is_not_handed_out() -> None:
    """R34: without its proof it does not work, or works for a thief."""
    require_bearer(AccessToken("v", type="bearer"), ME)
    with pytest.raises(TokenRefused, match="DPoP") as caught:
        require_bearer(AccessToken("v", type="DPoP"), ME)
    assert "tokenkit request spotify/me" in caught.value.hint


def test_the_environment_names_the_proxy_but_never_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("https_proxy", "proxy.lan:3128")
    monkeypatch.setenv("no_proxy", "direct.example")
    assert proxy_for("https", "api.spotify.com") == "http://proxy.lan:3128"
    assert proxy_for("http", "api.spotify.com") is None
    assert proxy_for("https", "direct.example") is None
    monkeypatch.setenv("all_proxy", "socks5://proxy.lan:1080")
    assert proxy_for("http", "api.spotify.com") == "socks5://proxy.lan:1080"
    for host in ("127.0.0.1", "::1", "localhost"):
        assert proxy_for("https", host) is None


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("192.168.0.0/16", "192.168.7.3", True),
        ("localhost, 192.168.0.0/16", "192.168.7.3", True),
        ("192.168.0.7/16", "192.168.7.3", True),
        ("fd00::/8", "fd12::1", True),
        ("fd00::/8", "[fd12::1]", True),
        ("*", "192.168.7.3", True),
        ("192.168.7.3", "192.168.7.3", True),
        ("192.168.0.0/16", "192.169.0.1", False),
        ("192.168.0.0/16", "fd12::1", False),
        ("192.168.0.0/99,nonsense/8,/", "192.168.7.3", False),
        ("192.168.0.0/16", "nas.lan", False),
    ],
)
def test_the_environment_may_name_ranges_of_addresses_that_need_no_proxy(
    no_proxy: str, host: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider on the LAN is in 192.168.0.0/16, as people write it for other tools."""
    for name in ("all_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.lan:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    assert (proxy_for("https", host) is None) == direct


def test_a_relative_url_is_told_as_one() -> None:
    with pytest.raises(TokenRefused, match="the URL is relative") as caught:
        check_resource("/v1/notes", ["https://api.example/v1"], account=Account("acme", "me"))
    assert "base_url" in caught.value.hint
