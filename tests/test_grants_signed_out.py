"""What a shared store remembers of a sign-out, alone: no note, count or version tells that a record came back."""

from contextlib import contextmanager

import pytest
from tokenkit import Account
from tokenkit.errors import GrantSuperseded, StoreUnavailable
from tokenkit.grants import signed_out
from tokenkit.grants.sealed_store import grant_name
from tokenkit.keys.environment import EnvironmentSource
from tokenkit.moving.account import move
from tokenkit.seal import b64url_encode
from tokenkit.store.memory import MemoryStore

from scripted import ScriptedKit, ScriptedProvider

ME = Account("scripted", "me@example.com")
CALLBACK = "http://127.0.0.1:1/callback/scripted"
KEY = b64url_encode(bytes(range(32))).decode()


class SharedStore(MemoryStore):
    """A store of several machines, whose rows a person can put back; the notes of its leases go then."""

    shared = True

    def put_back(self, name, data):
        self.save(name, data, replaces=self.version(name))
        self.forget_notes()

    def forget_notes(self):
        self._notes.clear()


@pytest.fixture
def store():
    return SharedStore()


@pytest.fixture
def machine(tmp_path, store):
    """Make the kit of a machine: all share the store, its key, and the provider, which revoking does not impress."""
    provider = ScriptedProvider()

    def make(name, *, store=store):
        return ScriptedKit(
            tmp_path / name, store=store, provider=provider, keys=EnvironmentSource(KEY, "the test"), background=False
        )

    return make


@pytest.fixture
def kit(machine):
    return machine("a")


def row(kit, account=ME):
    return kit.records.store.load(grant_name(account)).data


WAYS = {
    "a token": lambda kit: kit.token(str(ME)),
    "another token than this": lambda kit: kit.token(str(ME), rejected="spent"),
    "a refresh": lambda kit: kit.refresh(str(ME), force=True),
    "a move": lambda kit: move(kit.records, ScriptedKit(kit.folders.tokens).records, ME, kit.clock.now()),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["a", "b"])
def test_what_is_put_back_after_a_sign_out_is_refused_whoever_asks_for_whatever(kit, machine, store, way, name):
    """R10: by the record of the sign-out and by nothing else."""
    kit.sign_in()
    before = row(kit)
    kit.logout(str(ME))
    store.put_back(grant_name(ME), before)
    other = kit if name == "a" else machine(name)
    with pytest.raises(GrantSuperseded, match="was signed out, and an old record of it was put back"):
        WAYS[way](other)
    assert other.status(str(ME)).state.superseded
    assert kit.scripted.refreshes == 0


def test_what_is_put_back_while_its_refresh_waits_for_the_lease_is_refused(kit, machine, store):
    """R10, R2: what was found before the lease was given proves nothing."""
    kit.sign_in()
    other, before = machine("b"), row(kit)
    lease = store.lease

    @contextmanager
    def late(name, **limits):
        with lease(name, **limits) as held:
            if store.load(grant_name(ME)).data == before:
                store.lease = lease
                kit.logout(str(ME))
                store.put_back(grant_name(ME), before)
            yield held

    store.lease = late
    with pytest.raises(GrantSuperseded, match="was signed out"):
        other.refresh(str(ME), force=True)
    assert kit.scripted.refreshes == 0


def test_it_is_remembered_before_the_grant_is_gone(kit, store):
    """R10: a machine that dies between the two has signed out, and nobody is served what it left."""
    kit.sign_in()
    save = store.save

    def gone(name, data, **more):
        if name == grant_name(ME) and data is None:
            raise StoreUnavailable("the store is away")
        return save(name, data, **more)

    store.save = gone
    with pytest.raises(StoreUnavailable):
        kit.logout(str(ME))
    store.save = save
    with pytest.raises(GrantSuperseded):
        kit.token(str(ME))
    kit.logout(str(ME))
    assert kit.accounts() == []


def test_a_new_sign_in_is_newer_and_its_own_sign_out_newer_still(kit, machine, store):
    """R10: of two sign-outs the later one counts, whichever grant is put back."""
    kit.sign_in()
    rows = [row(kit)]
    kit.logout(str(ME))
    store.put_back(grant_name(ME), rows[0])
    kit.sign_in()
    assert machine("b").token(str(ME)).value == kit.token(str(ME)).value
    rows.append(row(kit))
    kit.logout(str(ME))
    for before in rows:
        store.put_back(grant_name(ME), before)
        with pytest.raises(GrantSuperseded):
            machine("b").token(str(ME))
    signed_out.mark(kit.records, ME, 0)
    with pytest.raises(GrantSuperseded):
        machine("b").token(str(ME))


def test_a_new_sign_in_is_newer_though_no_note_tells_what_was(kit, machine, store):
    """R10: else its grant would be taken for the one that was signed out."""
    kit.sign_in()
    kit.logout(str(ME))
    store.forget_notes()
    kit.sign_in()
    assert machine("b").token(str(ME)).value == kit.token(str(ME)).value


def test_one_persons_sign_out_is_no_others(kit):
    """R37: two owners with one account name."""
    alice, bob = kit.for_owner("alice"), kit.for_owner("bob")
    for one in (alice, bob):
        begun = one.begin("scripted", redirect_uri=CALLBACK, binding="b")
        one.complete(f"{CALLBACK}?code=c&state={begun.state.reveal()}", binding="b")
    alice.logout(str(ME))
    assert bob.token(str(ME))
    assert signed_out.newest(bob.records, ME._replace(owner="bob")) == signed_out.NEVER


def test_a_store_of_one_machine_remembers_nothing(machine):
    """In files a record that comes back came with a backup, and its owner can tell."""
    alone = machine("a", store=MemoryStore())
    alone.sign_in()
    alone.logout(str(ME))
    assert list(alone.records.store.names("metadata", prefix=signed_out.FOLDER)) == []
