"""What the pages and the JSON say, for accounts in every state."""

import re
from dataclasses import replace
from urllib.parse import urljoin

import pytest
from tokenkit import AsyncTokenKit, TokenKit
from tokenkit.activity import Activity
from tokenkit.audit import audit
from tokenkit.errors import ConsentRequired, ProviderUnavailable, UnknownProvider, UsageError
from tokenkit.grants.sealed_store import SealedStore
from tokenkit.web import authorize_app
from tokenkit.web.humanize import away, listed, sentence
from visitor import HERE, NAVIGATION, SCRIPT, Visitor
from world_of_web import World

pytestmark = pytest.mark.slow

EMAIL = "https://www.googleapis.com/auth/userinfo.email"
GMAIL = "https://www.googleapis.com/auth/gmail.readonly"
DAY = 86400.0
PUBLIC = "https://dash.example/connect"


@pytest.fixture
def me(world: World) -> Visitor:
    return world.visitor()


def text(html: str) -> str:
    """What a person reads of a page."""
    words = re.sub(r"<[^>]+>", " ", html.partition("<body")[2].partition(">")[2])
    return re.sub(r"\s+", " ", words)


def provider(me: Visitor, name: str) -> dict:
    return next(view for view in me.ask("/status")["providers"] if view["name"] == name)


def test_without_accounts_the_page_offers_every_provider_that_is_set_up(me):
    page = text(me.go("/").text)
    assert "Connect your first account" in page
    assert "Connect Google" in page
    assert "read your mail and its settings" in page
    assert "Connect Pocket" in page


def test_an_account_is_shown_with_what_it_may_do_since_when_and_until_when(world, me):
    world.connect(me, "spotify")
    world.clock.advance(3 * DAY)
    page = text(me.go("/").text)
    assert "me@example.com" in page
    assert "It may see your email address see your country" in page
    assert "Connected 15 January 2027 (3 days ago)" in page
    assert "Asks you again 16 July 2027 (in 5 months)" in page


@pytest.mark.parametrize("name", ["..", "a/../b", "../../../logout", "%2e%2e", "?x#y", "a\\b", "//evil.example/", "🎉"])
def test_whatever_a_provider_calls_a_person_the_page_after_the_sign_in_is_ours(world, me, name):
    """A browser resolves dots in a path: they would lead to another page of the dashboard, or of its host."""
    back = world.authority.approve(me.start("google"), as_user=name)
    there = urljoin(f"{HERE}/", me.come_back(back).headers["location"])
    assert there.startswith(f"{HERE}/connected/google?name=")
    assert "Google is connected" in me.go(there).text


def test_an_account_with_a_name_of_any_length_is_reconnected(world, me):
    world.connect(me)
    first = world.kit.records.get(world.kit.accounts()[0])
    long = world.kit.accounts()[0]._replace(name=f"{'x' * 208}@example.com")
    world.kit.records.save(long, first.grant, replaces=None)
    assert me.start("google", account=long.name)


def test_what_was_asked_for_and_not_allowed_is_said(world, me):
    url = me.start("google", **{"scope.gmail.readonly": "yes", "scope.gmail.send": "yes"})
    me.come_back(world.authority.approve(url, only=["openid", EMAIL, GMAIL]))
    for path in ("/", "/connected/google?name=me@example.com"):
        assert "You did not allow it to send mail on your behalf" in text(me.go(path).text)
    assert provider(me, "google")["accounts"][0]["withheld"] == ["send mail on your behalf"]


def test_why_nobody_knows_whose_an_account_is_is_said(world, me):
    """R4: it is called ``default`` then, until the provider has said it."""
    world.authority.next("userinfo", flavour="google", status=503, times=2)
    world.connect(me, "google")
    for path in ("/", "/connected/google?name=default"):
        assert "Nobody knows whose account this is: " in text(me.go(path).text)
    world.connect(me, "google")
    assert "Nobody knows" not in text(me.go("/").text)


def test_ticked_and_named_scopes_are_asked_for_and_none_means_the_usual(me):
    assert "gmail.readonly" not in me.start("google")
    assert "gmail.readonly" in me.start("google", scopes="gmail.readonly,openid")
    assert "gmail.readonly" in me.start("google", **{"scope.gmail.readonly": "yes"})


def test_the_last_use_is_shown_with_the_program(world, me):
    world.connect(me, "spotify")
    log = Activity(world.kit.folders, tool="agenda", environ={}, now=world.clock.now)
    log.used(world.kit.accounts()[0])
    world.clock.advance(2 * 3600)
    assert re.search(r"Last used 15 January 2027 \(2 hours ago\) by \S+", text(me.go("/").text))


def test_a_grant_that_was_withdrawn_needs_the_person_and_is_offered_to_reconnect(world, me):
    world.connect(me, "google", scopes="gmail.readonly")
    world.authority.withdraw("google", "me@example.com")
    with pytest.raises(ConsentRequired, match="sign in again"):
        world.kit.refresh("google")
    page = me.go("/").text
    assert "Google needs you to connect again" in text(page)
    assert "Google has ended it" in text(page)
    assert "It was allowed to" in text(page)
    assert "Asks you again" not in text(page)
    assert "gmail.readonly" in me.start("google", account="me@example.com")
    assert provider(me, "google")["accounts"][0]["state"] == "attention"
    world.connect(me, "google")
    assert provider(me, "google")["accounts"][0]["state"] == "connected"


def test_a_provider_that_cannot_be_reached_is_told_with_the_next_try(world, me):
    world.connect(me, "google")
    world.clock.advance(4000)
    world.authority.next("token", status=503, times=2)
    with pytest.raises(ProviderUnavailable, match="Google"):
        world.kit.token("google")
    account = provider(me, "google")["accounts"][0]
    assert account["state"] == "unavailable"
    assert account["reason"].startswith("Google cannot be reached at the moment. The next try is in")


def test_an_end_that_is_near_is_a_warning_and_not_yet_a_fault(world, me):
    world.connect(me, "spotify")
    world.clock.advance(175 * DAY)
    world.kit.token("spotify")
    account = provider(me, "spotify")["accounts"][0]
    assert (account["state"], account["warning"]) == (
        "connected",
        "This ends in 7 days. Reconnect before, and nothing is interrupted.",
    )


def test_a_record_that_cannot_be_opened_is_shown_and_reconnecting_keeps_it_aside(world, me):
    """R30: a reconnect of what is broken says so, and deletes nothing."""
    world.connect(me, "google")
    name = next(name for name in world.stored() if name.kind == "grant")
    version = world.kit.records.store.version(name)
    world.kit.records.store.save(name, b"broken", replaces=version)
    assert "kept aside, not deleted" in text(me.go("/").text)
    assert me.post("/start/google", {"csrf": me.csrf()}).status_code == 503
    world.connect(me, "google", replace_broken="yes")
    assert provider(me, "google")["accounts"][0]["state"] == "connected"
    assert b"broken" in [found.data for name, found in world.stored().items() if name.kind == "quarantine" and found]


def test_an_account_that_is_removed_elsewhere_while_the_page_is_made_is_left_out(world, me, monkeypatch):
    """R19: in another tab, or by a command; the others are shown all the same."""
    world.connect(me, "google")
    world.connect(me, "spotify")
    there = SealedStore.each_account

    def then_removed(self, *arguments, **options):
        found = list(there(self, *arguments, **options))
        for account in found:
            if account.provider == "google":
                self.remove(account, replaces=self.get(account).version)
        return iter(found)

    monkeypatch.setattr(SealedStore, "each_account", then_removed)
    page = me.go("/")
    assert page.status_code == 200
    assert "Connect Google" in text(page.text)
    assert "see your country" in text(page.text)


def test_a_provider_that_cannot_be_loaded_any_more_takes_no_other_with_it(world, me):
    world.connect(me, "google")
    kit = world.make_kit()
    del kit.providers._given["google"]
    folder = world.home / ".config" / "tokenkit"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[providers.google]\nno_such_option = "x"\n')
    me.app = authorize_app(kit)
    page = text(me.go("/").text)
    assert "no_such_option" in page
    assert "me@example.com" in page
    assert "Connect Pocket" in page


def test_a_provider_without_a_registration_is_offered_to_set_up(world, me):
    me.app = authorize_app(world.make_kit(OTHER="1"))
    assert "Needs setting up first" in text(me.go("/").text)
    assert provider(me, "google")["registered"] is False
    page = text(me.go("/client/google").text)
    assert "http://127.0.0.1:8000/callback/google" in page
    assert "console.cloud.google.com" in page


def test_a_registration_of_the_environment_is_said_to_go_first(me):
    assert "set by an environment variable" in text(me.go("/client/google").text)


def test_disconnecting_asks_first_and_says_what_it_did(world, me):
    """R19: whether the provider was told, and what was removed."""
    world.connect(me, "google")
    asked = me.go("/disconnect?account=google/me@example.com").text
    assert "Google is told to end what you granted" in text(asked)
    done = me.post("/disconnect", {"csrf": me.csrf(), "account": "google/me@example.com"})
    assert "Google has ended what you granted" in text(done.text)
    assert world.accounts() == []
    assert world.authority.counters["google revoke"] == 1


def test_disconnecting_where_nothing_can_be_revoked_says_where_to_do_it(world, me):
    world.connect(me, "spotify")
    assert "https://www.spotify.com/account/apps/" in me.go("/disconnect?account=spotify/me@example.com").text
    done = me.post("/disconnect", {"csrf": me.csrf(), "account": "spotify/me@example.com"})
    assert "was not told" in text(done.text)
    assert "https://www.spotify.com/account/apps/" in done.text
    assert world.accounts() == []


def test_a_second_click_on_disconnect_is_told_that_it_is_done(world, me):
    """A browser shows what came of the second one."""
    world.connect(me, "google")
    form = {"csrf": me.csrf(), "account": "google/me@example.com"}
    first, second = me.post("/disconnect", form), me.post("/disconnect", form)
    assert (first.status_code, second.status_code) == (200, 404)
    assert "if you have just disconnected it, that is done" in text(second.text)
    assert world.authority.counters["google revoke"] == 1


def test_removing_only_here_tells_the_provider_nothing(world, me):
    world.connect(me, "google")
    form = {"csrf": me.csrf(), "account": "google/me@example.com", "local": "yes"}
    answer = me.post("/disconnect", form, **SCRIPT).json()
    assert (answer["removed"], answer["revoked"]) == (True, False)
    assert world.authority.counters["google revoke"] == 0


@pytest.mark.parametrize("account", ["google", "google/nobody", "", "nobody/me", "google/"])
def test_only_an_account_named_in_full_is_disconnected(world, me, account):
    world.connect(me, "google")
    assert me.post("/disconnect", {"csrf": me.csrf(), "account": account}).status_code == 404
    assert world.accounts() == ["google/me@example.com"]


def test_the_accounts_that_share_the_fate_are_named_before(world, me):
    """R19: at Google a revocation ends all that this app has of the person."""
    world.connect(me, "google")
    first = world.kit.records.get(world.kit.accounts()[0])
    twin = world.kit.accounts()[0]._replace(name="twin")
    world.kit.records.save(twin, first.grant, replaces=None)
    assert "google/twin" in text(me.go("/disconnect?account=google/me@example.com").text)


def test_the_json_has_the_shape_that_is_documented(world, me):
    """docs/how-to/dashboard.md: an added member is no new version, a changed one is."""
    world.connect(me, "spotify")
    answer = me.ask("/status?provider=spotify")
    view = answer["providers"][0]
    assert (sorted(answer), answer["version"]) == (["csrf", "providers", "version"], 1)
    members = ["accounts", "identifies", "name", "problem", "registered", "scopes", "takes_key", "title", "variables"]
    assert sorted(view) == members
    assert sorted(view["accounts"][0]) == [
        "authorized_at", "broken", "ends_at", "id", "name", "permissions", "reason", "scopes", "server", "state",
        "warning", "withheld",
    ]  # fmt: skip
    assert view["scopes"][0] == {
        "alias": "user-read-email", "value": "user-read-email", "about": "see your email address", "default": True,
    }  # fmt: skip


def test_errors_are_told_in_json_to_a_script_and_in_words_to_a_person(me):
    told = me.send("GET", "/status?provider=gogle", **SCRIPT)
    assert (told.status_code, told.json()["error"]["kind"]) == (404, "UnknownProvider")
    assert "google" in told.json()["error"]["hint"]
    assert "did you mean google" in me.go("/declined/gogle").text


def test_a_person_without_scripts_is_led_on_by_a_plain_page(me):
    """Not by a redirect: a dashboard's ``form-action 'self'`` would block it on the way to the provider."""
    response = me.post("/start/google", {"csrf": me.csrf()})
    assert response.status_code == 200
    assert re.search(r'<meta http-equiv="refresh" content="0; url=http://127\.0\.0\.1:9/google/', response.text)
    assert re.search(r'<a class="primary" href="http://127\.0\.0\.1:9/google/', response.text)


def test_thirty_accounts_are_folded_and_searched_without_scripts(world, me):
    for number in range(6):
        world.connect(me, "spotify", as_user=f"person{number}@example.com")
    assert me.go("/").text.count('<summary class="who">') == 6
    for number in range(7):
        world.kit.providers.add(replace(world.kit.provider("google"), name=f"more{number}", title=f"More {number}"))
    assert 'role="search"' in me.go("/").text
    found = text(me.go("/?find=PERSON3").text)
    assert "person3@example.com" in found
    assert "person4@example.com" not in found
    assert "Google" not in found
    assert "More 5" in text(me.go("/?find=more+5").text)
    assert "Nothing here is called that" in text(me.go("/?find=nobody").text)


def test_the_safety_check_runs_when_it_is_asked_for_and_not_with_every_page(world, me, monkeypatch):
    from tokenkit.web import pages

    ran = []
    monkeypatch.setattr(pages, "audit", lambda inventory: ran.append(inventory) or audit(inventory))
    assert 'href="/safety"' in me.go("/").text
    assert ran == []
    assert "questions were asked about the tokens on this computer" in text(me.go("/safety").text)
    assert len(ran) == 1


def test_the_safety_check_is_the_operators_business(world):
    """It tells of the whole machine, and a dashboard of several people is not theirs."""
    me = Visitor(authorize_app(kit_for=lambda request: world.kit))
    assert me.go("/safety").status_code == 404
    assert "Safety check" not in me.go("/").text


def test_a_dashboard_may_look_its_person_up_asynchronously(world):
    async def kit_for(request):
        return world.kit if request.headers.get("x-user") else None

    me = Visitor(authorize_app(kit_for=kit_for))
    assert me.send("GET", "/", **NAVIGATION, x_user="alice").status_code == 200
    assert me.go("/").status_code == 401
    assert me.seen[-1].text == "You are not signed in to this dashboard.\n"


def test_exactly_one_of_kit_and_kit_for_is_given(world):
    with pytest.raises(UsageError, match="either"):
        authorize_app()
    with pytest.raises(UsageError, match="either"):
        authorize_app(world.kit, kit_for=lambda request: world.kit)


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        ({"kit": AsyncTokenKit()}, "kit is a TokenKit, not AsyncTokenKit", "pass kit.sync"),
        ({"kit": TokenKit}, "kit is a TokenKit, not type", "kit is made by TokenKit()"),
        ({"kit_for": TokenKit()}, "kit_for is a function", "kit_for=lambda request"),
        ({"kit": TokenKit(), "hosts": "upstream:8000"}, "hosts is a list", "hosts=('upstream:8000',)"),
        ({"kit": TokenKit(), "asks": ["google"]}, "asks is a mapping", 'asks={"google"'),
        ({"kit": TokenKit(), "hosts": ["upstream:8000"]}, "of no use without public_url", "public_url="),
        ({"kit": TokenKit(), "public_url": PUBLIC, "hosts": ["https://upstream"]}, "no Host header", "the host alone"),
        ({"kit": TokenKit(), "public_url": PUBLIC, "hosts": ["upstream/x"]}, "no Host header", "the host alone"),
    ],
)
def test_what_is_no_part_of_the_app_is_refused_when_it_is_made(arguments, said, hint):
    """And not at the first request of somebody else."""
    with pytest.raises(UsageError, match=said) as caught:
        authorize_app(**arguments)
    assert caught.value.hint.startswith(hint)


def test_what_the_assistant_is_said_to_need_is_there_when_the_app_is_made():
    """A misspelled provider would be missing on the page, and nobody would see it."""
    with pytest.raises(UnknownProvider) as caught:
        authorize_app(TokenKit(), asks={"gogle": ["gmail.readonly"]})
    assert "google" in caught.value.hint


def test_what_the_dashboard_finds_for_a_person_is_a_kit_or_nothing():
    me = Visitor(authorize_app(kit_for=lambda request: AsyncTokenKit()))
    with pytest.raises(UsageError, match="what kit_for returns is a TokenKit") as caught:
        me.go("/")
    assert caught.value.hint == "pass kit.sync"


def test_scripts_are_not_sent_again_while_they_are_the_same(me):
    tag = me.go("/button.js").headers["etag"]
    assert me.send("GET", "/button.js", **NAVIGATION, if_none_match=tag).status_code == 304
    assert me.send("GET", "/button.js", **NAVIGATION, if_none_match='"other"').status_code == 200


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (0.5, "in a moment"), (-30, "30 seconds ago"), (5400, "in 90 minutes"), (-7300, "2 hours ago"),
     (86400 * 59, "in 59 days"), (-86400 * 800, "2 years ago")],
)  # fmt: skip
def test_times_are_told_by_their_largest_unit(seconds, words):
    assert away(1000 + seconds, 1000) == words


def test_sentences_and_lists_are_as_people_write_them():
    assert [sentence(text) for text in ("ended", "Ended.", "", "why? ")] == ["Ended.", "Ended.", "", "Why?"]
    assert [listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
