"""What people type for a server, a region or a subdomain is understood, or refused before anything is sent."""

import re

import pytest
from tokenkit.errors import ConfigurationError
from tokenkit.oauth2 import OAuth2
from tokenkit.variables import Variable

SERVER = Variable(kind="server")
BELOW = Variable(kind="server", path=True)
SUBDOMAIN = Variable(domain="acme.example")
REGION = Variable(choices=("eu", "us"))


def acme(**variables):
    return OAuth2(
        name="acme",
        title="Acme",
        authorization_endpoint="https://acme.example/a",
        token_endpoint="https://acme.example/t",
        variables=variables,
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mastodon.social", "https://mastodon.social"),
        ("Mastodon.Social", "https://mastodon.social"),
        ("  mastodon.social  ", "https://mastodon.social"),
        ("https://mastodon.social/", "https://mastodon.social"),
        ("HTTPS://MASTODON.SOCIAL", "https://mastodon.social"),
        ("https://mastodon.social/@me", "https://mastodon.social"),
        ("https://mastodon.social/web/timelines/home?x=1#top", "https://mastodon.social"),
        ("mastodon.social/@me", "https://mastodon.social"),
        ("@me@mastodon.social", "https://mastodon.social"),
        ("mastodon.social:443", "https://mastodon.social"),
        ("https://mastodon.social:8443", "https://mastodon.social:8443"),
        ("mastodon.social.", "https://mastodon.social"),
        ("http://homeassistant.local:8123", "http://homeassistant.local:8123"),
        ("http://homeassistant.local:8123/lovelace/0", "http://homeassistant.local:8123"),
        ("http://192.168.1.5:8123/", "http://192.168.1.5:8123"),
        ("http://[fd00::5]:8123", "http://[fd00::5]:8123"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_address_of_a_server_is_understood_however_it_is_typed(typed, meant):
    assert SERVER.understood(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://cloud.example/nextcloud/", "https://cloud.example/nextcloud"),
        ("cloud.example/a/b", "https://cloud.example/a/b"),
        ("https://cloud.example", "https://cloud.example"),
    ],
)
def test_a_server_may_answer_below_a_path_where_that_is_declared(typed, meant):
    assert BELOW.understood(typed) == meant


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("me@mastodon.social", "is a person's address: name the server alone"),
        ("homeassistant.local:8123", "write http://homeassistant.local:8123 or https://homeassistant.local:8123"),
        ("homeassistant", "in a network of one's own both are in use"),
        ("192.168.1.5:8123", "in a network of one's own both are in use"),
        ("bücher.example", "write it as https://xn--bcher-kva.example"),
        ("", "both are in use"),
        ("ftp://files.example", "is no address of a server"),
        ("https://", "is no address of a server"),
        ("https://home example", "is no address of a server"),
        ("https://home.example:99999", "is no address of a server"),
        ("https://home.example\\@evil.example", "what was typed is no address of a server"),
        ("javascript:alert(1)", "both are in use"),
        ("https://evil..example", "is no address of a server"),
        ("https:/home.example", "begin it with https://"),
        ("http//192.168.1.5:8123", "begin it with http://"),
        ("HTTPS;//me:s3cret@home.example", "begin it with https://"),
        ("//home.example", "begin it with https://"),
    ],
)
def test_what_is_no_address_is_refused_with_what_is_wrong(typed, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        SERVER.understood(typed)


@pytest.mark.parametrize("typed", ["https://me:s3cret@home.example", "https://home.example:x?code=s3cret"])
def test_a_password_or_a_code_in_an_address_is_not_shown(typed):
    """R35: an address that was typed or pasted may hold either."""
    with pytest.raises(ValueError, match="is no address") as caught:
        SERVER.understood(typed)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "typed",
    ["https://cloud.example/../x", "cloud.example/a/./b", "https://cloud.example/a%2f..", "https://cloud.example//x"],
)
def test_a_path_that_can_be_read_in_two_ways_is_refused(typed):
    with pytest.raises(ValueError, match="path"):
        BELOW.understood(typed)


@pytest.mark.parametrize(
    "typed", ["mine", "MINE", "mine.acme.example", "https://mine.acme.example/agent/tickets", "mine.acme.example."]
)
def test_a_subdomain_is_understood_however_it_is_typed(typed):
    assert SUBDOMAIN.understood(typed) == "mine"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a b",
        "mine@evil.example/x",
        "-x",
        "a..b",
        "evil.example/.acme.example",
        "https://me:p@mine",
        "evil.example",
        "https://evil.example",
        "https://mine",
        "evil.example/mine.acme.example",
        ".acme.example",
        "acme.example",
        "mine.acme.example.evil.example",
        "mine_acme.example",
    ],
)
def test_what_is_no_subdomain_is_refused(typed):
    with pytest.raises(ValueError, match=r"no name below acme\.example"):
        SUBDOMAIN.understood(typed)


def test_a_host_below_several_labels_is_understood_where_it_is_written_out():
    """A sandbox of Salesforce's is one."""
    assert SUBDOMAIN.understood("https://mine--dev.sandbox.acme.example") == "mine--dev.sandbox"


@pytest.mark.parametrize("typed", ["eu.", "eu..us", "eu_.", ".", "eu.:443"])
def test_what_is_no_part_of_a_host_is_refused_as_what_was_typed(typed):
    """Else the address that it makes is, with a field of the declaration to mend."""
    with pytest.raises(ValueError, match="no host name and no part of one"):
        Variable().understood(typed)
    assert Variable().understood("contoso.onmicrosoft.com") == "contoso.onmicrosoft.com"


def test_a_choice_is_one_of_those_that_there_are():
    assert REGION.understood(" EU ") == "eu"
    with pytest.raises(ValueError, match="'mars' is not one of its values"):
        REGION.understood("mars")


@pytest.mark.parametrize(
    ("name", "variable", "words"),
    [
        ("token_endpoint", SERVER, "cannot call a variable"),
        ("client_id", SERVER, "cannot call a variable"),
        ("a-b", SERVER, "cannot call a variable"),
        ("region", Variable(choices=("eu",), default="mars"), "acme needs region: one of eu"),
        ("server", Variable(kind="server", default="homeassistant"), "acme needs server"),
        ("region", Variable(domain=".acme.example"), "domain of acme is '.acme.example'"),
        ("region", Variable(domain="https://acme.example"), "domain of acme is"),
        ("region", Variable(domain="Acme.example"), "domain of acme is"),
        ("instance", Variable(domain="acme.example", answer_member="instance"), "no member that is kept"),
    ],
)
def test_a_variable_that_cannot_be_one_is_refused(name, variable, words):
    with pytest.raises(ConfigurationError, match=words):
        acme(**{name: variable})


def test_a_default_that_is_none_is_told_with_its_own_line():
    """It stands in the provider's file, and not in config.toml."""
    with pytest.raises(ConfigurationError) as caught:
        acme(region=Variable(choices=("eu", "us"), default="mars"))
    assert caught.value.hint == 'under [provider.variables.region], write default = "eu"'


@pytest.mark.parametrize(
    ("field", "address", "variable", "words"),
    [
        ("token_endpoint", "https://{it}/token", SERVER, "has https:// before {it}"),
        ("resource_hosts", ("https://{it}/api",), SERVER, "has https:// before {it}"),
        ("token_endpoint", "https://{it}.acme.example/t", Variable(answer_member="it"), "not known before"),
        ("authorization_endpoint", "https://{it}.acme.example/a", Variable(answer_member="it"), "not known before"),
    ],
)
def test_a_variable_stands_where_its_values_fit_and_are_known(field, address, variable, words):
    """Else people and codes are sent to a host called https, or nowhere, which somebody may have."""
    fields = {
        "authorization_endpoint": "https://acme.example/a",
        "token_endpoint": "https://acme.example/t",
        "captured": ("it",),
        field: address,
    }
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        OAuth2(name="acme", title="Acme", **fields, variables={"it": variable})


@pytest.mark.parametrize("kind", [tuple, list])
def test_a_list_is_filled_in_as_the_tuple_that_is_declared(kind):
    """A program may write either, and tokens must reach the hosts that are meant."""
    provider = OAuth2(
        name="acme",
        title="Acme",
        authorization_endpoint="https://{region}.acme.example/authorize",
        token_endpoint="https://{region}.acme.example/token",
        resource_hosts=kind(["https://api.{region}.acme.example"]),
        captured=kind(["team"]),
        variables={"region": Variable(choices=kind(["eu", "us"]))},
    )
    there = provider.at({"region": "eu"})
    assert there.resource_hosts == ("https://api.eu.acme.example",)
    assert tuple(there.captured) == ("team",)
