"""The note of a lease is small, holds no secret, and whatever is in its place only ever makes callers wait (R8)."""

from hypothesis import given
from hypothesis import strategies as st
from tokenkit.errors import ClientRefused, InvalidAnswer, ProviderBroken, ProviderError, ProviderUnavailable
from tokenkit.grants.machine import Machine
from tokenkit.grants.refresh_state import RefreshState
from tokenkit.store.files import NOTE_SIZE

HERE = Machine("a" * 16, "\N{PILE OF POO}" * 40)


def test_what_was_written_is_read():
    note = RefreshState().ended(7, confirmed=True).begun(5.0, HERE)
    note = note.failed(InvalidAnswer("not JSON", hint="wait"), 6.0, outcome_known=False)
    assert (note.newest, note.confirmed) == (7, 7)
    assert RefreshState.from_bytes(note.to_bytes()) == note


def test_a_hint_is_noted_whole_or_not_at_all():
    """Others get it with the error, and paste it: ``mv /long/path /long/pa`` would move the tokens."""
    for size in (200, 201):
        note = RefreshState().failed(ProviderError("no", hint="x" * size), 6.0, outcome_known=True)
        assert note.failure is not None
        assert note.failure.hint == ("x" * size if size == 200 else "")


FAILURE = b'{"failure":{"kind":"ProviderUnavailable","message":"m","hint":"h","at":1,"retry_at":2,"failures":1e999}}'
ODD = [
    b"[]",
    b"{",
    b'{"newest":"x"}',
    b'{"newest":1e999}',
    b"[" * 100_000,
    b'{"failure":{"kind":"os.system"}}',
    FAILURE,
]


@given(st.binary(max_size=300) | st.sampled_from([*ODD, FAILURE]))
def test_what_cannot_be_read_is_as_good_as_no_note(data):
    assert RefreshState.from_bytes(data).failure is None


def test_the_longest_note_fits_its_file():
    failed = (
        RefreshState(newest=2**60)
        .begun(2e9, HERE)
        .failed(ProviderUnavailable("\N{PILE OF POO}" * 1000, hint="\N{PILE OF POO}" * 1000), 2e9, outcome_known=False)
    )
    assert RefreshState.from_bytes(failed.to_bytes()[:NOTE_SIZE]).newest == 2**60


def test_an_attempt_whose_outcome_is_known_is_closed_and_another_stays_open():
    begun = RefreshState().begun(5.0, HERE)
    assert begun.failed(ProviderUnavailable("down"), 6.0, outcome_known=True).attempt is None
    assert begun.failed(ProviderUnavailable("down"), 6.0, outcome_known=False).attempt == 5.0


def test_failures_come_back_as_the_error_they_were():
    for error in (ProviderUnavailable("x"), InvalidAnswer("x"), ClientRefused("x")):
        failure = RefreshState().failed(error, 1.0, outcome_known=True).failure
        assert type(failure.error("google/me")) is type(error)
    broken = RefreshState().failed(ProviderBroken("google", "refresh"), 1.0, outcome_known=True).failure
    assert isinstance(broken.error("google/me"), ProviderError)


def test_a_provider_that_asks_for_a_time_gets_it_and_no_less_than_a_second():
    assert (
        RefreshState().failed(ProviderUnavailable("x", retry_at=90.0), 10.0, outcome_known=True).failure.retry_at == 90
    )
    assert (
        RefreshState().failed(ProviderUnavailable("x", retry_at=0.0), 10.0, outcome_known=True).failure.retry_at == 11
    )


def test_a_success_forgets_what_was_before_and_never_lowers_the_newest_generation():
    note = RefreshState(newest=9, confirmed=9).failed(ProviderUnavailable("x"), 1.0, outcome_known=True).ended(4)
    assert note == RefreshState(newest=9)


def test_a_refused_client_is_tried_again_within_seconds_of_its_being_mended():
    """R13: a configuration error is never latched, not for minutes either."""
    note = RefreshState()
    for _ in range(20):
        note = note.failed(ClientRefused("no"), 1000.0, outcome_known=True)
    assert note.failure.retry_at == 1005.0
