"""One kit for many people: what the owners share, and what never passes from one to the other (R37)."""

import asyncio
import gc
import json
import random
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from tokenkit import AccessToken, Account, AsyncTokenKit, TokenKit
from tokenkit.errors import ConsentRequired, UnknownAccount, UsageError
from tokenkit.grant import Grant
from tokenkit.grants import owner_names
from tokenkit.store import Name
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryStore
from tokenkit.token import Secret

from patience import PATIENCE
from scripted import LIFETIME, ScriptedKit, ScriptedProvider

ME = "scripted/me@example.com"
REDIRECT = "http://127.0.0.1:1/callback/scripted"
API = "https://api.scripted.example/v1"
FIRST_RECORDS = owner_names._FIRST_RECORDS


class Everybodys(ScriptedProvider):
    """Knows everybody by one account name, and writes into each token whose it is: the code of a sign-in says that."""

    def __init__(self):
        super().__init__()
        self.newest: dict[str, str] = {}
        self.ended: set[str] = set()
        self.presumes = False
        self.tried = 0

    def complete(self, ctx, client, pending, answer):
        return self.issue_to(answer.parameters["code"], ctx.now())

    def refresh(self, ctx, client, grant):
        self.tried += 1
        who = grant.refresh_token.reveal().partition("~")[0]
        if who in self.ended:
            raise ConsentRequired("refused", reason="it was withdrawn", presumed=self.presumes)
        assert grant.refresh_token.reveal() == self.newest[who], "a refresh token was used twice"
        fresh = self.issue_to(who, ctx.now())
        return grant.renewed(access_tokens=fresh.access_tokens, refresh_token=fresh.refresh_token)

    def issue_to(self, who: str, now: float) -> Grant:
        with self._lock:
            number = next(self._numbers)
        self.newest[who] = f"{who}~refresh-{number}"
        token = AccessToken(f"{who}~access-{number}", expires_at=now + LIFETIME, obtained_at=now)
        return Grant(
            provider=self.name, access_tokens={"": token}, refresh_token=Secret(self.newest[who]), authorized_at=now
        )


@pytest.fixture(params=["files", "memory"])
def kit(request, tmp_path):
    store = FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")) if request.param == "files" else MemoryStore()
    return ScriptedKit(tmp_path, provider=Everybodys(), store=store)


def sign_in(kit: TokenKit, who: str = "") -> Account:
    pending = kit.begin("scripted", redirect_uri=REDIRECT, binding="b")
    code = who or kit.owner or "nobody"
    return kit.complete(f"{REDIRECT}?code={code}&state={pending.state.reveal()}", binding="b")


def whose(token: AccessToken | str) -> str:
    value = token if isinstance(token, str) else token.value
    return value.removeprefix("Bearer ").partition("~")[0]


def ask(kit: TokenKit) -> str:
    return whose(kit.token(ME))


def ask_bare(kit: TokenKit) -> str:
    return whose(kit.token("scripted", scopes=()))


def ask_awaited(kit: TokenKit) -> str:
    return whose(asyncio.run(AsyncTokenKit(kit=kit).token(ME, min_ttl=1)))


def ask_awaited_of_shared_threads(kit: TokenKit) -> str:
    async def asked() -> AccessToken:
        async with AsyncTokenKit(kit=kit) as face:
            return await face.for_owner(kit.owner).token(ME)

    return whose(asyncio.run(asked()))


def refresh(kit: TokenKit) -> str:
    return whose(kit.refresh(ME))


def reject(kit: TokenKit) -> str:
    return whose(kit.token(ME, rejected=kit.token(ME)))


def call_and_get_a_401(kit: TokenKit) -> str:
    """R15: the client asks for another token, and sends it."""
    sent: list[str] = []

    def api(request: httpx.Request) -> httpx.Response:
        sent.append(whose(request.headers["authorization"]))
        return httpx.Response(401 if len(sent) == 1 else 200)

    with kit.http(ME, transport=httpx.MockTransport(api)) as http:
        assert http.get(API).status_code == 200
    assert len(sent) == 2
    return sent[0] if sent[0] == sent[1] else f"{sent}"


def sign_out_and_in(kit: TokenKit) -> str:
    kit.logout(ME)
    with pytest.raises(UnknownAccount):
        kit.token(ME)
    sign_in(kit)
    return ask(kit)


WAYS: tuple[Callable[[TokenKit], str], ...] = (
    ask, ask_bare, ask_awaited, ask_awaited_of_shared_threads, refresh, reject, call_and_get_a_401, sign_out_and_in,
)  # fmt: skip


def test_owners_with_one_account_name_never_get_each_others_token(kit):
    """R37: every path, in turn, in an order that changes, while tokens end and kits are made anew or kept."""
    kept = {who: kit.for_owner(who) for who in ("alice", "bob")}
    for one in kept.values():
        sign_in(one)
    order = random.Random(37)
    for round_ in range(6):
        turns = [(who, way) for who in kept for way in WAYS]
        order.shuffle(turns)
        for who, way in turns:
            one = kept[who] if order.random() < 0.5 else kit.for_owner(who)
            assert (way.__name__, way(one)) == (way.__name__, who)
        kit.clock.advance((0.3, 1.1, LIFETIME + 1)[round_ % 3])


def test_owners_who_are_refreshed_at_once_get_each_their_own(kit):
    """R37, R5: one flight an owner, though the account has one name."""
    people = [f"person-{number}" for number in range(12)]
    for who in people:
        sign_in(kit.for_owner(who))
    kit.clock.advance(LIFETIME + 1)
    with ThreadPoolExecutor(24) as threads:
        got = list(threads.map(lambda who: (who, ask(kit.for_owner(who))), people * 4))
    assert [who for who, _ in got] == [token for _, token in got]

    async def all_of_them() -> list[str]:
        async with AsyncTokenKit(kit=kit) as face:
            return [whose(token) for token in await asyncio.gather(*(face.for_owner(who).token(ME) for who in people))]

    kit.clock.advance(LIFETIME + 1)
    assert asyncio.run(all_of_them()) == people


def test_a_sign_out_is_the_owners_own(kit):
    for who in ("alice", "bob"):
        sign_in(kit.for_owner(who))
    kit.for_owner("alice").logout(ME)
    assert kit.for_owner("alice").accounts() == kit.accounts() == []
    assert ask(kit.for_owner("bob")) == "bob"


def test_the_nameless_owners_kit_is_among_them(kit):
    sign_in(kit)
    sign_in(kit.for_owner("alice"))
    assert (ask(kit), ask(kit.for_owner("alice")), ask(kit.for_owner("alice").for_owner(""))) == (
        "nobody", "alice", "nobody",
    )  # fmt: skip


def test_kits_of_one_owner_share_their_memory(kit):
    """R37: a kit made for each request finds what the last one has looked up."""
    sign_in(kit.for_owner("alice"))
    token = kit.for_owner("alice").token(ME)
    store, loads = kit.records.store, []
    original = store.load
    store.load = lambda name: loads.append(name) or original(name)
    assert kit.for_owner("alice").token(ME) == token
    assert loads == []
    kit.for_owner("alice").logout(ME)
    with pytest.raises(UnknownAccount):
        kit.for_owner("alice").token(ME)


def test_configuration_is_read_once_for_all(kit, tmp_path):
    made = kit.for_owner("alice").config
    assert made is kit.config is kit.for_owner("bob").config


def test_closing_an_owners_kit_ends_nothing_and_closing_the_first_ends_all(kit):
    """R7: whoever closes the first kit waits for the flight of every owner."""
    alice = kit.for_owner("alice")
    sign_in(alice)
    kit.clock.advance(LIFETIME + 1)
    go_on, original = threading.Event(), kit.scripted.refresh
    kit.scripted.refresh = lambda *args: go_on.wait(PATIENCE) and original(*args)
    waiting = threading.Thread(target=alice.token, args=(ME,))
    waiting.start()
    while not kit.refresher._flights._flights:
        waiting.join(0.01)
    alice.close()
    assert waiting.is_alive()
    threading.Timer(0.05, go_on.set).start()
    kit.close()
    waiting.join(PATIENCE)
    assert ask(alice) == "alice"


def test_the_async_kit_of_an_owners_kit_ends_the_threads_that_it_made(kit):
    """R37: a program that makes one for each request would else keep the threads of all of them."""
    sign_in(kit.for_owner("alice"))

    async def asked() -> bool:
        async with AsyncTokenKit(kit=kit.for_owner("alice")) as face:
            assert whose(await face.token(ME)) == "alice"
            assert face.for_owner("bob")._threads is face._threads
            pool = face._threads.looks
            await face.for_owner("bob").close()
            assert not pool._shutdown, "an owner's kit has no threads of its own"
        return pool._shutdown

    assert asyncio.run(asked())


def test_a_callback_hears_of_its_own_owner_or_of_everybody_at_the_first_kit(kit):
    heard: list[tuple[str, str]] = []
    kit.on("refreshed", lambda event: heard.append(("all", event.account.owner)))
    kit.for_owner("alice").on("refreshed", lambda event: heard.append(("alice", event.account.owner)))
    for who in ("alice", "bob"):
        sign_in(kit.for_owner(who))
        kit.for_owner(who).refresh(ME)
    kit.close()
    assert heard == [("all", "alice"), ("alice", "alice"), ("all", "bob")]


def test_the_activity_log_says_whose_account_it_was(kit):
    sign_in(kit.for_owner("alice"))
    kit.for_owner("alice").token(ME)
    kit.close()
    from tokenkit import chained_log
    from tokenkit.paths import activity_folder

    entries = [line.entry for line in chained_log.lines(activity_folder(kit.folders)) if line.entry]
    assert {entry.get("owner") for entry in entries} == {"alice"}


def test_what_was_asked_least_recently_is_forgotten(tmp_path):
    """R37: the memory of all owners together is bounded, and a forgotten account costs one look."""
    kit = ScriptedKit(tmp_path, provider=Everybodys(), cache_size=3)
    people = ["alice", "bob", "carol", "dave"]
    for who in people:
        sign_in(kit.for_owner(who))
    store, loads = kit.records.store, []
    original = store.load
    store.load = lambda name: loads.append(name.owner) or original(name)
    for who in people[:3]:
        kit.for_owner(who).token(ME)
    kit.clock.advance(2)
    kit.for_owner("alice").token(ME)  # after its second: a look, which makes it the newest
    loads.clear()
    kit.for_owner("dave").token(ME)
    for who in ("alice", "carol", "dave"):
        assert ask(kit.for_owner(who)) == who
    assert loads == ["dave"]
    assert ask(kit.for_owner("bob")) == "bob"
    assert loads == ["dave", "bob"]


@pytest.mark.slow
def test_an_owner_who_is_forgotten_leaves_nothing_in_memory(tmp_path):
    """R37: what grows with the owners is the cache alone."""
    kit = ScriptedKit(tmp_path, provider=Everybodys(), cache_size=2)
    for number in range(20):
        one = kit.for_owner(f"person-{number}")
        sign_in(one)
        one.token(ME)
    del one
    gc.collect()
    assert sorted(kit._recent._caches.keys()) == ["", "person-18", "person-19"]
    assert len(kit._recent._order) == 2


def test_what_is_forgotten_while_it_is_looked_up_does_not_stay_for_ever(tmp_path):
    """R37: many threads ask, and one account makes room for another between its look and its answer."""
    kit = ScriptedKit(tmp_path, provider=Everybodys(), cache_size=1)
    alice, bob = (kit.for_owner(who) for who in ("alice", "bob"))
    for one in (alice, bob):
        sign_in(one)
    check = type(alice._cache)._check_scopes

    def crowded(cache, *args):
        if cache.owner == "alice":
            ask(bob)
        return check(cache, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(alice._cache), "_check_scopes", crowded)
        assert ask(alice) == "alice"

    def remembered() -> list[str]:
        return [name for one in (alice, bob) for name in (*one._cache.memory, *one._cache._remembered)]

    assert (len(kit._recent._order), remembered()) == (1, [ME, ME])
    bob._cache.grant("scripted")  # as an adapter asks for where its account is
    assert (len(kit._recent._order), remembered()) == (1, ["scripted"])


@pytest.mark.parametrize("size", [0, -1, None, "5", 1.5, float("nan")])
def test_a_cache_for_nobody_is_refused(tmp_path, size):
    with pytest.raises(UsageError, match="a cache of "):
        ScriptedKit(tmp_path, cache_size=size)


LATIN = "jos\u00e9"
OTHER_FORMS = (
    unicodedata.normalize("NFD", LATIN), "ｊｏｓ\u00e9", "jo\u200bs\u00e9", "jos\u00e9\u2060", "\u200fjos\u00e9",
    "jos\u00e9\ufe0f", "jo\u034fs\u00e9", "jos\u00e9\U000e0100", "jos\u00e9\u3164",
    "jo\u2065s\u00e9", "jos\u00e9\U000e0fff",
)  # fmt: skip


@pytest.mark.parametrize("other", OTHER_FORMS, ids=ascii)
@pytest.mark.parametrize("turned", [False, True], ids=["plain first", "plain last"])
def test_a_new_owner_who_is_another_form_of_an_existing_one_is_refused(kit, other, turned):
    """R37: a database or a browser that brings names into one form would mix the two up."""
    first, second = (other, LATIN) if turned else (LATIN, other)
    sign_in(kit.for_owner(first), "first")
    with pytest.raises(UsageError, match="another form in Unicode") as refused:
        sign_in(kit.for_owner(second), "second")
    assert ascii(first) in refused.value.hint
    assert list(kit.records.store.owners()) in ([first], ["", first])
    assert ask(kit.for_owner(first)) == "first"


def test_of_two_forms_that_come_at_once_one_is_refused(kit, monkeypatch):
    """R37: each of two processes, or threads, sees that the other's owner does not exist yet."""
    store, outcomes, reached = kit.records.store, [], threading.Event()
    owners, lease = store.owners, store.lease

    def come(who: str) -> None:
        try:
            kit.for_owner(who).records.write(Name("pending", who, "first"), b"{}", None)
            outcomes.append(who)
        except UsageError:
            outcomes.append("refused")
        reached.set()

    def owners_while_another_comes():
        seen = list(owners())
        monkeypatch.setattr(store, "owners", owners)
        monkeypatch.setattr(store, "lease", lambda name, **more: reached.set() or lease(name, **more))
        other.start()
        assert reached.wait(PATIENCE)
        return iter(seen)

    other = threading.Thread(target=come, args=("ａlice",))
    monkeypatch.setattr(store, "owners", owners_while_another_comes)
    come("alice")
    other.join(PATIENCE)
    assert sorted(outcomes) == ["alice", "refused"]


def test_the_owners_of_a_store_are_not_read_for_one_of_them(kit, monkeypatch):
    """R37: a sign-in among a hundred thousand people costs what it costs among two."""
    sign_in(kit.for_owner("alice"))
    monkeypatch.setattr(kit.records.store, "owners", lambda: pytest.fail("there may be many"))
    sign_in(kit.for_owner("alice"))
    assert ask(kit.for_owner("alice")) == "alice"


def test_a_new_owner_is_compared_with_no_others_but_those_in_another_form_than_their_own(kit, monkeypatch):
    """R37: the ten thousandth person's first sign-in costs what that of the second one has cost."""
    sign_in(kit.for_owner("alice"))
    with monkeypatch.context() as patched:
        patched.setattr(kit.records.store, "owners", lambda: pytest.fail("there may be many"))
        for who in ("bob", LATIN, "\u05e9\u05dc\u05d5\u05dd"):
            sign_in(kit.for_owner(who), "x")
    sign_in(kit.for_owner("ｚoe"), "x")
    with pytest.raises(UsageError, match="another form"):
        sign_in(kit.for_owner("zoe"))


@pytest.mark.parametrize("lost", [b"", b"\xff", b"7", b"[" * 5000, b'["0"'])
def test_where_nothing_says_which_names_are_in_another_form_all_are_compared(kit, lost):
    """R37: as of an older program, or where the folder of the notes was lost."""
    sign_in(kit.for_owner("ｚoe"), "x")
    with kit.records.store.lease(FIRST_RECORDS, lasts=60, wait=0) as lease:
        lease.write_note(lost)
    with pytest.raises(UsageError, match="another form"):
        sign_in(kit.for_owner("zoe"))


def test_more_names_in_another_form_than_a_note_can_hold_are_compared_all_the_same(kit, monkeypatch):
    monkeypatch.setattr(owner_names, "_MOST_NOTED", 2)
    for who in ("ａnn", "ｂob", "ｃarl", "ｄave"):
        sign_in(kit.for_owner(who), "x")
    for who in ("ann", "dave"):
        with pytest.raises(UsageError, match="another form"):
            sign_in(kit.for_owner(who), "x")


def test_the_note_of_names_in_another_form_fits():
    """A note of a lease has 4,096 bytes."""
    digests = [owner_names._digest(str(number)) for number in range(owner_names._MOST_NOTED)]
    assert len(json.dumps(digests)) < 4096 - 64


def test_an_ascii_name_is_another_form_too(kit):
    sign_in(kit.for_owner("alice"))
    with pytest.raises(UsageError, match="another form"):
        sign_in(kit.for_owner("ａlice"))


@pytest.mark.parametrize("pair", [("aB3", "ab3"), ("me@example.com", "me@example.org"), ("a", "a-1")])
def test_owners_who_differ_in_more_than_their_form_are_two(kit, pair):
    """Case counts: ids that programs draw often differ in nothing else."""
    for who in pair:
        sign_in(kit.for_owner(who))
    assert [ask(kit.for_owner(who)) for who in pair] == list(pair)


@pytest.mark.parametrize("name", ["x" * 300, "\ud800", "é" * 100])
def test_a_name_that_cannot_be_kept_is_refused_at_once(kit, name):
    with pytest.raises(UsageError, match="no such owner"):
        kit.for_owner(name)


def test_a_strange_name_leads_nowhere_else(kit, tmp_path):
    """R26: no name of an owner is a path."""
    for name in ("../bob", "a/b", ".", "..", "con", "@alice", "%00", "a\nb"):
        sign_in(kit.for_owner(name), "strange")
        assert ask(kit.for_owner(name)) == "strange"
    assert sorted(filter(None, kit.records.store.owners())) == sorted(
        ["../bob", "a/b", ".", "..", "con", "@alice", "%00", "a\nb"]
    )
    if isinstance(kit.records.store, FileStore):
        written = list(tmp_path.rglob("*.jwe"))
        assert len(written) >= 8
        assert all(path.is_relative_to(tmp_path / "tokens") for path in written)


def test_each_owner_sees_their_own_accounts_in_a_dashboard_of_one_kit(kit):
    """R37: one app, one kit; whose page it is, the request says."""
    pytest.importorskip("starlette")
    from tokenkit.web import authorize_app

    app = authorize_app(kit_for=lambda request: kit.for_owner(request.headers["x-user"]))

    def send(who: str, method: str, path: str, cookies: dict[str, str], **form: str) -> httpx.Response:
        async def sent() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), cookies=cookies) as client:
                headers = {"x-user": who, "accept": "application/json", "origin": "http://127.0.0.1:8000"}
                return await client.request(method, f"http://127.0.0.1:8000{path}", headers=headers, data=form or None)

        response = asyncio.run(sent())
        cookies.update(response.cookies)
        return response

    browsers: dict[str, dict[str, str]] = {"alice": {}, "bob": {}}
    for who, cookies in browsers.items():
        csrf = send(who, "GET", "/status?provider=scripted", cookies).json()["csrf"]
        begun = send(who, "POST", "/start/scripted", cookies, csrf=csrf).json()
        state = dict(parse_qsl(urlsplit(begun["url"]).query))["state"]
        other = "bob" if who == "alice" else "alice"
        stolen = send(other, "GET", f"/callback/scripted?code={who}&state={state}", dict(cookies))
        assert stolen.status_code >= 400
        back = send(who, "GET", f"/callback/scripted?code={who}&state={state}", cookies)
        assert back.status_code in (200, 303), back.text
        assert ask(kit.for_owner(who)) == who
    for who, cookies in browsers.items():
        shown = send(who, "GET", "/status?provider=scripted", cookies).json()["providers"][0]["accounts"]
        assert [one["id"] for one in shown] == [ME]
    csrf = send("alice", "GET", "/status?provider=scripted", browsers["alice"]).json()["csrf"]
    assert send("bob", "POST", "/disconnect", browsers["alice"], csrf=csrf, account=ME).status_code >= 400
    assert send("alice", "POST", "/disconnect", browsers["alice"], csrf=csrf, account=ME).status_code == 200
    assert (kit.for_owner("alice").accounts(), ask(kit.for_owner("bob"))) == ([], "bob")
