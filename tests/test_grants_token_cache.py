"""From an account as asked to a token: memory, names, scopes, the refresh ahead of the end (R1, R3, R4)."""

import multiprocessing
import os
import shlex
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokenkit import signals
from tokenkit.errors import (
    AmbiguousAccount,
    ClientMissing,
    ConsentDenied,
    ConsentRequired,
    StoreUnavailable,
    UnknownAccount,
    UnknownProvider,
)
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.sealed_store import grant_name
from tokenkit.grants.token_cache import TokenCache
from tokenkit.grants.token_query import TokenQuery
from tokenkit.store.files import FileStore
from tokenkit.store.memory import MemoryStore

from patience import PATIENCE
from scripted import LIFETIME, ScriptedKit
from stores import FullStore

pytest_plugins = ("faces",)


class CountingStore(MemoryStore):
    """Counts how often it is looked at."""

    def __init__(self):
        super().__init__()
        self.loads = self.looks = 0

    def load(self, name):
        self.loads += 1
        return super().load(name)

    def version(self, name):
        self.looks += 1
        return super().version(name)


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path, store=CountingStore())
    kit.me = kit.sign_in()
    return kit


def test_within_a_second_memory_serves_without_a_look_at_the_store(kit, token, asked):
    """R1: asking must cost next to nothing."""
    token(asked)
    store = kit.records.store
    store.loads = store.looks = 0
    for _ in range(10):
        token(asked)
        kit.clock.advance(0.09)
    assert (store.loads, store.looks) == (0, 0)


@pytest.mark.parametrize("options", [{}, {"scopes": ["read"]}, {"min_ttl": 60}])
def test_after_a_second_one_look_at_the_version_moves_the_window_on(kit, token, asked, options):
    """R1: the record is loaded only when it changed."""
    token(asked, **options)
    store = kit.records.store
    for _ in range(2):
        kit.clock.advance(1)
        store.loads = store.looks = 0
        token(asked, **options)
        assert (store.loads, store.looks) == (0, 1)


def test_a_crowd_at_a_spent_token_opens_its_record_once(kit, asked):
    """R2: who looks while another refreshes compares versions; the flight loads again under the lease."""
    kit.clock.advance(LIFETIME)
    kit.records.store.loads = 0
    for _ in range(10):
        kit._cache.look(asked, TokenQuery())
    assert kit.records.store.loads == 1


@pytest.fixture
def other(kit, tmp_path):
    """The kit of another process, over the same store."""
    return ScriptedKit(tmp_path, provider=kit.scripted, clock=kit.clock, store=kit.records.store)


def test_another_process_sign_out_and_login_are_seen_within_a_second(kit, other, token, asked):
    """R1: memory serves for one second, then the store is looked at."""
    token(asked)
    other.logout(asked)
    kit.clock.advance(1)
    with pytest.raises((UnknownAccount, ConsentRequired)):
        token(asked)
    other.sign_in()
    assert token(asked).value == other.token(asked).value


@pytest.mark.parametrize(
    "does", [ScriptedKit.sign_in, lambda other: other.refresh("scripted", force=True)], ids=["login", "refresh"]
)
def test_another_process_login_or_refresh_is_seen_within_a_second(kit, other, token, asked, does):
    """R1: also where the token that memory has would live on."""
    first = token(asked)
    does(other)
    kit.clock.advance(1)
    assert token(asked).value == other.token(asked).value != first.value


def test_a_login_is_seen_at_once_where_it_was_made(kit, token):
    """R1: the second is for what other processes do."""
    first = token("scripted")
    kit.sign_in()
    assert token("scripted").value != first.value


def test_a_clock_stepped_back_does_not_freeze_the_memory(kit, token):
    """R1: outside the window, on either side, the store is looked at."""
    token("scripted")
    kit.clock.advance(-5)
    store = kit.records.store
    store.looks = 0
    token("scripted")
    assert store.looks > 0


def test_memory_never_serves_beyond_the_end_of_a_token(kit, token):
    """R1: `until` is the token's end, if that is sooner."""
    token("scripted")
    kit.clock.advance(LIFETIME - 10.5)
    first = token("scripted")
    kit.clock.advance(0.6)
    assert token("scripted").value != first.value


def test_a_bare_provider_without_an_account_says_how_to_sign_in(tmp_path):
    """R4: a name that means nobody gets the command that helps."""
    with pytest.raises(ConsentRequired) as caught:
        ScriptedKit(tmp_path).token("scripted")
    assert caught.value.hint == "tokenkit login scripted"


def test_an_unknown_provider_is_not_told_as_a_missing_sign_in(tmp_path):
    with pytest.raises(UnknownProvider, match="gogle"):
        ScriptedKit(tmp_path).token("gogle")


def test_a_bare_provider_with_several_accounts_lists_them(kit):
    """R4: nothing is guessed between two accounts."""
    kit.sign_in(name="work")
    with pytest.raises(AmbiguousAccount) as caught:
        kit.token("scripted")
    assert caught.value.candidates == ("scripted/me@example.com", "scripted/work")
    assert "[defaults]" in caught.value.hint


def test_a_bare_provider_is_found_without_reading_the_folders_of_all_others(tmp_path, monkeypatch):
    """R4: its own alone."""
    kit = ScriptedKit(tmp_path, store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")))
    kit.sign_in()
    for other in ("google", "spotify", "zulip"):
        (tmp_path / "tokens" / other).mkdir(mode=0o700)
        (tmp_path / "tokens" / other / "me.jwe").write_bytes(b"")
    read, listdir = set(), os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: read.add(os.path.basename(folder.rstrip("/"))) or listdir(folder))
    assert kit.token("scripted")
    assert read & {"google", "scripted", "spotify", "zulip"} == {"scripted"}


def test_a_configured_default_decides_between_several_accounts(kit, tmp_path):
    """R4: a bare name means the default, where one is configured."""
    folder = tmp_path / ".config" / "tokenkit"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[defaults]\nscripted = "work"\n')
    kit.sign_in(name="work")
    assert kit.token("scripted").value == kit.token("scripted/work").value


def test_scopes_that_were_not_granted_are_named(kit):
    """R4: the person must know what to ask for."""
    with pytest.raises(ConsentRequired) as caught:
        kit.token("scripted", scopes=["read", "write"])
    assert caught.value.missing == ("write",)
    assert caught.value.hint == "tokenkit login scripted/me@example.com --scopes read,write"


def test_scopes_are_asked_for_by_alias_or_by_value(kit):
    for _ in range(2):
        assert kit.token("scripted", scopes=["read"])
        assert kit.token("scripted", scopes=["https://scripted.example/read"])


def test_memory_serves_asks_with_scopes_too(kit, token):
    """R1: the aliases are remembered, not resolved anew."""
    token("scripted", scopes=["read"])
    store = kit.records.store
    store.loads = store.looks = 0
    token("scripted", scopes=["read"], min_ttl=60)
    assert (store.loads, store.looks) == (0, 0)


def test_close_to_its_end_a_token_is_refreshed_in_the_background_and_nobody_waits(tmp_path):
    """R3: else one call each hour would pay for the refresh."""
    kit = ScriptedKit(tmp_path, background=True)
    account = kit.sign_in()
    first = kit.token("scripted")
    kit.clock.advance(LIFETIME - 200)
    assert kit.token("scripted").value == first.value
    kit.refresher.renew(account, RefreshJob()).result()
    kit.clock.advance(1.1)
    assert kit.token("scripted").value != first.value
    assert kit.scripted.refreshes == 1


def test_a_background_refresh_that_fails_is_not_tried_at_every_look(tmp_path, monkeypatch):
    """R3: each would run the command that tells a client secret, and nobody hears of it."""
    kit = ScriptedKit(tmp_path, background=True)
    kit.sign_in()
    tried = []

    def client(provider):
        tried.append(provider.name)
        raise ClientMissing("the command failed")

    monkeypatch.setattr(kit.refresher, "client", client)
    kit.clock.advance(LIFETIME - 200)
    for _ in range(5):
        assert kit.token("scripted")
        kit.clock.advance(1.1)
    wait_for_flights(kit)
    assert len(tried) == 1


def wait_for_flights(kit):
    for flight in list(kit.refresher._flights._flights.values()):
        flight.exception(5)


def test_a_one_shot_kit_starts_no_background_refresh(kit):
    """R3: a command that ends must not leave a refresh behind."""
    kit.clock.advance(LIFETIME - 200)
    kit.token("scripted")
    assert kit.scripted.refreshes == 0


def test_a_process_of_a_pool_starts_no_background_refresh(tmp_path, monkeypatch):
    """R3, R7: the pool ends it by SIGTERM once its tasks are done, and that would lose the session."""
    kit = ScriptedKit(tmp_path, background=True)
    kit.sign_in()
    kit.clock.advance(LIFETIME - 200)
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    kit.token("scripted")
    wait_for_flights(kit)
    assert kit.scripted.refreshes == 0
    kit.clock.advance(200)
    assert kit.token("scripted")
    assert kit.scripted.refreshes == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process .*fork:DeprecationWarning")
@pytest.mark.parametrize("imported", ["before", "after"])
def test_a_process_that_was_forked_starts_no_background_refresh(tmp_path, monkeypatch, imported):
    """R3, R7: it often ends by `os._exit`, as each job of RQ, and that would lose the session."""
    kit = ScriptedKit(tmp_path, background=True)
    kit.sign_in()
    kit.clock.advance(LIFETIME - 200)
    begun = []
    monkeypatch.setattr(TokenCache, "_refresh_ahead", lambda *_: begun.append(1))
    child = os.fork()
    if not child:
        try:
            if imported == "after":  # then only the kernel knows of the fork
                signals._PID = os.getpid()
            kit.token("scripted")
        finally:
            os._exit(len(begun))
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended == (0 if imported == "before" or os.path.exists("/proc/self/stat") else 1)
    kit.token("scripted")
    assert begun == [1]


def test_first_use_signs_in_when_interactive(kit, monkeypatch):
    """`token(..., interactive=True)` asks when nothing is stored."""
    kit.logout("scripted")
    monkeypatch.setattr(kit, "login", lambda provider, **_: kit.sign_in())
    assert kit.token("scripted", interactive=True)


def test_several_first_uses_at_once_cause_one_prompt(kit, monkeypatch):
    """R20: one person is asked once."""
    kit.logout("scripted")
    prompts = []

    def login(provider, **_):
        prompts.append(provider)
        return kit.sign_in()

    monkeypatch.setattr(kit, "login", login)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: kit.token("scripted", interactive=True).value, range(8)))
    assert len(set(tokens)) == 1
    assert prompts == ["scripted"]


def test_a_prompt_that_was_declined_is_not_repeated_for_those_who_waited(kit, monkeypatch):
    """R20: else a person who says no is asked once more for every tool."""
    kit.logout("scripted")
    prompts, waiting = [], threading.Semaphore(0)
    lease = kit.records.store.lease

    def counted(name, **times):
        waiting.release()
        return lease(name, **times)

    def login(provider, **_):
        prompts.append(provider)
        for _ in range(4):
            assert waiting.acquire(timeout=PATIENCE)
        kit.clock.advance(10)
        raise ConsentDenied("declined")

    def ask(_):
        with pytest.raises((ConsentDenied, ConsentRequired)) as caught:
            kit.token("scripted", interactive=True)
        return caught.typename

    monkeypatch.setattr(kit.records.store, "lease", counted)
    monkeypatch.setattr(kit, "login", login)
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == ["ConsentDenied", *3 * ["ConsentRequired"]]
    assert prompts == ["scripted"]
    kit.clock.advance(1)
    waiting.release(4)
    assert ask(0) == "ConsentDenied"


def test_first_use_asks_for_what_the_account_has_and_what_it_lacks(kit, monkeypatch):
    """R18: a login replaces what was granted, and two tools must not take turns in losing each other's scopes."""
    login = Prompt(kit)
    monkeypatch.setattr(kit, "login", login)
    assert kit.token("scripted", scopes=["write"], interactive=True)
    assert login.asked == ("me@example.com", ["write"])
    assert kit.token("scripted", scopes=["read", "write"])


def test_first_use_of_a_certain_account_never_brings_another_ones_token(kit, monkeypatch):
    """R18: whoever signed in, the caller named an account."""
    monkeypatch.setattr(kit, "login", Prompt(kit))
    with pytest.raises(UnknownAccount, match="you@example"):
        kit.token("scripted/you@example.com", interactive=True)


class Prompt:
    """Signs in whoever sits there, and remembers whom it was to ask for what."""

    def __init__(self, kit):
        self.kit = kit

    def __call__(self, provider, *, scopes, account):
        self.asked = (account, scopes)
        return self.kit.sign_in(scopes=scopes)


def test_a_sign_in_that_mends_an_account_asks_for_what_that_was_asked_for(kit):
    """R18: else its tools are left with the default scopes, whether it is named or is the only one."""
    kit.sign_in(scopes=["read", "write"])
    for account in ("me@example.com", ""):
        assert asked_for(kit, account=account) == {"https://scripted.example/read", "write"}
        assert asked_for(kit, account=account, scopes=["raw:more"]) == {
            "https://scripted.example/read",
            "write",
            "more",
        }


def test_fewer_scopes_are_asked_for_by_an_explicit_word_alone(kit):
    """R18: a renewal never drops what was granted, unless the person says so."""
    kit.sign_in(scopes=["read", "write"])
    assert asked_for(kit, account="me@example.com", scopes=["write"], only=True) == {"write"}
    assert asked_for(kit, only=True) == {"https://scripted.example/read"}


def test_a_new_account_is_not_asked_for_what_another_one_has(kit):
    kit.sign_in(scopes=["read", "write"])
    for named in ({"account": "you@example.com"}, {"name": "work"}):
        assert asked_for(kit, **named) == {"https://scripted.example/read"}


def test_what_was_granted_beyond_what_was_asked_for_is_asked_for_again(kit):
    """R18: a provider that adds earlier grants, or an import that knows no more than what was granted."""
    account = kit.sign_in(scopes=["read"])
    held = kit.records.get(account)
    grant = held.grant.renewed(asked=frozenset(), scopes=frozenset({"write", "more"}))
    kit.records.save(account, grant, replaces=held.version)
    assert asked_for(kit, account="me@example.com") == {"write", "more"}


def asked_for(kit, *, scopes=None, **options):
    """What a sign-in that begins now asks the provider for."""
    redirect_uri = "http://127.0.0.1:1/callback/scripted"
    provider = kit.provider("scripted")
    return kit.authorizations.begin(provider, redirect_uri=redirect_uri, binding="b", scopes=scopes, **options).scopes


def test_the_command_that_mends_is_one_word_per_word_for_a_shell_whatever_an_account_is_called(kit):
    """R35: a provider's users choose their names, and people paste what a hint says."""
    kit.scripted.account_name = "$(touch me) `too`"
    kit.scripted.subject = "another"
    account = kit.sign_in()
    kit.logout(str(account))
    with pytest.raises(UnknownAccount) as caught:
        kit.token(str(account))
    assert shlex.split(caught.value.hint) == ["tokenkit", "login", str(account)]
    assert "'scripted/$(touch me) `too`'" in caught.value.hint


@pytest.mark.parametrize("lifetime", [2.0, 5.0, 14.0, 60.0, LIFETIME])
def test_a_token_in_steady_use_is_refreshed_ahead_of_its_end_however_short_it_lives(tmp_path, lifetime):
    """R3: neither the second of memory nor the pause between two such refreshes may outlast the time that it has."""
    kit = ScriptedKit(tmp_path, background=True)
    kit.scripted.lifetime = lifetime
    kit.sign_in()
    waited = []
    renew = kit.refresher.renew

    def watched(account, need, seen=None):
        if not need.early:
            waited.append(kit.clock.now())
        return renew(account, need, seen)

    kit.refresher.renew = watched
    for _ in range(200):
        kit.token("scripted")
        wait_for_flights(kit)
        kit.clock.advance(lifetime / 50)
    assert kit.scripted.refreshes >= 4
    assert waited == []


def test_what_changes_while_a_look_takes_is_seen_within_a_second_of_its_beginning(kit, monkeypatch):
    """R1: the process may be stopped, or the machine asleep, between the look and the reading of the clock."""
    kit.token(str(kit.me))
    kit.clock.advance(1)
    version = kit.records.store.version

    def held_up(name):
        found = version(name)
        monkeypatch.undo()
        kit.records.remove(kit.me, replaces=found)
        kit.clock.advance(30)
        return found

    monkeypatch.setattr(kit.records.store, "version", held_up)
    assert kit.token(str(kit.me))
    with pytest.raises(UnknownAccount):
        kit.token(str(kit.me))


def test_a_caller_is_told_that_a_rotated_grant_could_not_be_saved_though_the_old_token_is_alive(tmp_path):
    """R9, R14: the old token may have ended with the rotation, and somebody must make room on the disk."""
    kit = ScriptedKit(tmp_path, store=FullStore())
    kit.sign_in()
    first = kit.token("scripted").value
    kit.clock.advance(LIFETIME - 5)
    kit.records.store.full_for_save = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="No space left"):
            kit.token("scripted")
    assert kit.scripted.refreshes == 1
    kit.records.store.full_for_save = False
    assert kit.token("scripted").value != first


def test_a_caller_is_served_a_token_with_life_left_where_the_lease_cannot_be_had(tmp_path, monkeypatch):
    """R14: nothing was rotated here, and nobody waits for longer than three seconds."""
    monkeypatch.setattr("tokenkit.grants.leased_refresh.SERVED_WAIT", 0.01)
    kit = ScriptedKit(tmp_path)
    me = kit.sign_in()
    first = kit.token("scripted").value
    kit.clock.advance(LIFETIME - 5)
    with kit.records.store.lease(grant_name(me), lasts=60, wait=0):
        assert kit.token("scripted").value == first
    assert kit.scripted.refreshes == 0
    assert kit.token("scripted").value != first
