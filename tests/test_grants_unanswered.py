"""A provider that hangs keeps nobody waiting for a turn behind all others (R12, R37)."""

import threading

import pytest
from tokenkit import Account
from tokenkit.errors import ConsentRequired, ProviderUnavailable, StoreUnavailable
from tokenkit.grants import single_flight, unanswered
from tokenkit.grants.refresh_job import RefreshJob
from tokenkit.grants.unanswered import Unanswered

from patience import PATIENCE, wait_until
from scripted import LIFETIME, ScriptedKit, unavailable
from test_owners import Everybodys, sign_in, whose

ALICE = Account("acme", "me@example.com", "alice")
SERVER = "https://acme.example/token"
OTHER = "https://other.example/token"


class Hanging(Everybodys):
    """Answers nobody once it hangs: who asks waits for `go_on`, and is told then that there was no answer."""

    def __init__(self):
        super().__init__()
        self.hangs = False
        self.go_on = threading.Event()

    def refresh(self, ctx, client, grant):
        if self.hangs:
            self.tried += 1
            self.go_on.wait(PATIENCE)
            raise unavailable(sent=False)
        return super().refresh(ctx, client, grant)


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """Six people at a provider that hangs, of whom two have a turn at a time, and have waited for long."""
    monkeypatch.setattr(single_flight, "THREADS", 2)
    monkeypatch.setattr(unanswered, "LONGEST", -1.0)
    kit = ScriptedKit(tmp_path, provider=Hanging())
    kit.accounts_of_all = [sign_in(kit.for_owner(f"person-{number}")) for number in range(6)]
    kit.clock.advance(LIFETIME + 1)
    kit.scripted.hangs = True
    return kit


def flights(kit, **need):
    """Let all be refreshed at once; return what is to come of it."""
    begun = []
    for account in kit.accounts_of_all:
        refresher = kit.for_owner(account.owner).refresher
        begun.append(refresher.renew(account, RefreshJob(**need), refresher.load(account)))
    return begun


def test_who_has_waited_for_a_turn_behind_others_without_an_answer_is_not_sent(kit):
    begun = flights(kit)
    wait_until(lambda: kit.scripted.tried == 2)
    kit.scripted.go_on.set()
    words = [str(flight.exception(PATIENCE)) for flight in begun]
    assert kit.scripted.tried == 2
    assert sum("has refreshed nobody" in each for each in words) == 4
    kit.close()


def test_once_the_provider_answers_all_are_served_again(kit):
    kit.scripted.go_on.set()
    assert all(flight.exception(PATIENCE) for flight in flights(kit))
    kit.scripted.hangs = False
    kit.clock.advance(3600)
    brought = [flight.result(PATIENCE).held.grant.access_token for flight in flights(kit)]
    assert [whose(token) for token in brought] == [account.owner for account in kit.accounts_of_all]
    kit.close()


def test_what_a_person_forces_is_sent_all_the_same(kit):
    begun = flights(kit, force=True)
    kit.scripted.go_on.set()
    assert all(flight.exception(PATIENCE) for flight in begun)
    assert kit.scripted.tried == 6
    kit.close()


def refusal(*ended, asked=100.0, now=150.0):
    """Return the error of a refresh that has waited for a turn, where others `ended` so, at these times; else None."""
    last = Unanswered()
    for where, error, at in ended:
        last.ended(where, error, at)
    try:
        last.refuse_in_vain(SERVER, ALICE, asked, now)
    except ProviderUnavailable as error:
        return error
    return None


NO_ANSWER = unavailable()


@pytest.mark.parametrize(
    ("ended", "refused"),
    [
        ([], False),
        ([(SERVER, NO_ANSWER, 140.0)], True),
        ([(SERVER, unavailable().answered(503), 140.0)], True),
        ([(SERVER, NO_ANSWER, 99.0)], False),
        ([(OTHER, NO_ANSWER, 140.0)], False),
        ([(SERVER, None, 99.0), (SERVER, NO_ANSWER, 140.0)], True),
        ([(SERVER, None, 120.0), (SERVER, NO_ANSWER, 140.0)], False),
        ([(SERVER, NO_ANSWER, 130.0), (SERVER, None, 140.0)], False),
        ([(SERVER, NO_ANSWER, 130.0), (SERVER, ConsentRequired("no"), 140.0)], False),
        ([(SERVER, NO_ANSWER, 130.0), (SERVER, StoreUnavailable("full"), 140.0)], True),
    ],
)
def test_a_server_that_has_answered_anybody_since_and_was_not_in_trouble_is_asked(ended, refused):
    assert (refusal(*ended) is not None) == refused


def test_the_error_says_since_when_and_that_nothing_was_sent():
    error = refusal((SERVER, NO_ANSWER, 140.0))
    assert (error.account, error.sent) == (str(ALICE), False)
    assert str(error) == "acme has refreshed nobody for 50 seconds, and was not asked for acme/me@example.com"


def test_who_has_not_waited_long_is_sent():
    assert not refusal((SERVER, NO_ANSWER, 100.0), asked=100.0, now=105.0)


def test_of_many_servers_none_passes_for_one_that_has_never_answered():
    """R37: what is remembered has a bound, and a server whose answers are forgotten is asked."""
    many = [(f"https://{number}.example/token", None, 120.0) for number in range(unanswered.MOST)]
    assert not refusal((SERVER, None, 110.0), *many, (SERVER, NO_ANSWER, 140.0))
