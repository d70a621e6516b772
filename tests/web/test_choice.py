"""What a person chooses from: one choice for the scopes of a service, from the weakest to the strongest."""

import re

import pytest
from tokenkit import OAuth2
from tokenkit.errors import UsageError
from tokenkit.provider import Scope
from tokenkit.web import authorize_app
from tokenkit.web.choice import Service, choice, only_identity
from visitor import Visitor
from world_of_web import World

from tokenkit_providers import google, spotify

GOOGLE, SPOTIFY = google.provider(), spotify.provider()
AUTH = "https://www.googleapis.com/auth/"


def service(found, name: str) -> Service:
    return next(one for one in found.services if one.name == name)


def test_overlapping_scopes_are_one_choice_and_each_option_asks_for_the_strongest_of_them_only():
    options = {option.word: option.aliases for option in service(choice(GOOGLE, ()), "Mail").options}
    assert options == {
        "Read": ("gmail.readonly",),
        "Read and add": ("gmail.readonly", "gmail.send"),
        "Change": ("gmail.modify",),
        "Everything": ("mail",),
    }


def test_scopes_that_do_not_include_each_other_are_asked_for_together():
    options = service(choice(SPOTIFY, ()), "Playlists").options
    assert [option.aliases for option in options] == [
        ("playlist-read-private", "playlist-read-collaborative"),
        ("playlist-read-private", "playlist-read-collaborative", "playlist-modify-private", "playlist-modify-public"),
    ]


def test_what_cannot_be_undone_looks_dangerous_and_nothing_else_does():
    dangerous = [option.aliases for one in choice(GOOGLE, ()).services for option in one.options if option.dangerous]
    assert dangerous == [("mail",), ("calendar",), ("drive",), ("documents",)]


def test_what_the_host_asks_for_is_chosen_beforehand_and_stays_asked_for_by_its_name_in_a_stronger_option():
    """A token for ``gmail.readonly`` is had by that name, also where the person allows to change mail."""
    mail = service(choice(GOOGLE, ["gmail.readonly"]), "Mail")
    assert [option.word for option in mail.options if option.chosen] == ["Read"]
    assert mail.options[2].aliases == ("gmail.modify", "gmail.readonly")
    assert not service(choice(GOOGLE, ["gmail.readonly"]), "Calendar").chosen


@pytest.mark.parametrize(
    ("asked", "granted", "word"),
    [(["gmail.send"], None, "As it is asked for"), ([], [f"{AUTH}gmail.send"], "As it is now")],
)
def test_what_no_option_asks_for_is_one_by_itself(asked, granted, word):
    mail = service(choice(GOOGLE, asked, granted), "Mail")
    assert (mail.options[0].word, mail.options[0].aliases, mail.options[0].chosen) == (word, ("gmail.send",), True)


def test_granted_scopes_that_the_description_does_not_know_are_asked_for_again():
    assert choice(GOOGLE, (), ["openid", f"{AUTH}tasks"]).kept == ("openid", f"raw:{AUTH}tasks")


def test_who_the_person_is_is_asked_in_any_case_and_is_no_choice():
    found = choice(GOOGLE, ["gmail.readonly"])
    assert found.kept == ("openid", "email")
    assert [option.aliases for option in found.single] == [("profile",)]


def test_scopes_without_a_service_are_offered_each_by_itself():
    provider = OAuth2(
        name="acme", title="Acme", authorization_endpoint="https://a.example/a", token_endpoint="https://a.example/t",
        scopes={"one": Scope("one", "see one"), "all": Scope("all", "delete all", strength="full")},
    )  # fmt: skip
    found = choice(provider, ())
    assert (found.services, [(one.aliases, one.dangerous) for one in found.single]) == (
        (), [(("one",), False), (("all",), True)],
    )  # fmt: skip


def test_only_an_account_that_tells_who_the_person_is_and_no_more_may_do_nothing():
    assert only_identity(GOOGLE, ["openid", f"{AUTH}userinfo.email"])
    assert not only_identity(GOOGLE, ["openid", f"{AUTH}gmail.readonly"])
    assert not only_identity(GOOGLE, ["openid", f"{AUTH}tasks"])


def test_an_account_that_may_do_nothing_says_so_and_offers_the_next_step(world: World) -> None:
    me = world.visitor()
    world.connect(me, "google")
    page = me.go("/").text
    assert "It can do nothing for you yet" in page
    assert re.search(r'<summary class="primary">Choose what it may do', page)
    world.connect(me, "google", **{"service.Mail": "gmail.readonly"})
    assert "It can do nothing for you yet" not in me.go("/").text


def test_a_form_asks_for_what_was_chosen_in_each_service(world: World) -> None:
    url = world.visitor().start("google", **{"service.Mail": "gmail.readonly gmail.send", "service.Drive": ""})
    assert "gmail.readonly" in url
    assert "gmail.send" in url
    assert "drive" not in url


def test_an_account_can_be_left_with_less_than_it_had(world: World) -> None:
    """R18: fewer scopes only by an explicit word; a choice that shows all of them is one."""
    me = world.visitor()
    world.connect(me, "spotify", scopes="user-read-email user-library-modify")
    more = me.start("spotify", account="me@example.com", scopes="user-read-email")
    less = me.start("spotify", account="me@example.com", scopes="user-read-email", only="yes")
    assert "user-library-modify" in more
    assert "user-library-modify" not in less


def test_a_choice_for_an_account_leaves_out_what_is_not_chosen_only_where_it_is_known_what_was_granted(world: World):
    """R18: without that knowledge, a choice could take away what nobody saw."""
    me = world.visitor()
    world.connect(me, "google")
    assert 'name="only" value="yes"' in me.go("/").text
    record = world.kit.records.get(world.kit.accounts()[0])
    world.kit.records.save(world.kit.accounts()[0], record.grant.renewed(scopes=None), replaces=record.version)
    assert 'name="only"' not in me.go("/").text


def test_the_hosts_providers_come_first_with_their_scopes_chosen(world: World) -> None:
    me = Visitor(authorize_app(world.kit, asks={"spotify": ["user-library-read"], "google": ["gmail.readonly"]}))
    page = me.go("/").text
    assert page.index('id="spotify"') < page.index('id="google"') < page.index('id="pocket"')
    assert "It asks to see what you saved" in page
    assert re.search(r'value="gmail.readonly" checked', page)


def test_scopes_of_the_host_are_lists(world: World) -> None:
    with pytest.raises(UsageError, match="scopes are a list"):
        authorize_app(world.kit, asks={"google": "gmail.readonly"})
