"""Many processes, one expired token, a server that ends the session on reuse (R5; RFC 9700 section 4.14)."""

import json
import time

import pytest

from patience import PATIENCE

pytestmark = pytest.mark.slow


def storm(assistant, processes, callers, mode, spread):
    """All ask at one moment, or spread over some seconds; what they got: a token's digest, or an error's name."""
    at = time.time() + 0.5 + processes * 0.25
    started = [assistant.start("caller.py", mode, str(callers), str(at), str(spread)) for _ in range(processes)]
    results = []
    for process in started:
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        results += json.loads(out)
    assert len(results) == processes * callers
    return set(results)


@pytest.mark.parametrize(("mode", "spread"), [("sync", 0.0), ("async", 0.0), ("mixed", 0.3)])
def test_a_storm_on_an_expired_token_causes_one_refresh_and_fails_nobody(assistant, rounds, mode, spread):
    """R5: 8 processes of 8 callers, and the session lives."""
    for number in range(1, rounds(1, 100) + 1):
        assistant.expire()
        (result,) = storm(assistant, 8, 8, mode, spread)
        assert "Error" not in result
        assert assistant.refreshes() == number
    assistant.expire()
    assert assistant.kit().token("google")


def test_a_storm_of_64_processes_of_16_callers_causes_one_refresh(assistant, rounds):
    """R5: one refresh at a time, over processes and threads."""
    processes = rounds(16, 64)
    assistant.expire()
    (result,) = storm(assistant, processes, 16, "mixed", 0.3)
    assert "Error" not in result
    assert assistant.refreshes() == 1


def test_a_storm_while_the_provider_is_down_causes_two_requests_and_one_error_for_all(assistant):
    """R5, R12: a 503 is retried once, and all processes learn of the failure from the lease's note."""
    assistant.expire()
    assistant.authority.next("token", status=503, times=100)
    assert storm(assistant, 8, 8, "mixed", 0.0) == {"ProviderUnavailable"}
    assert assistant.refreshes() == 2


def test_a_storm_on_a_revoked_account_causes_one_request_and_one_error_for_all(assistant):
    """R13: the provider's "no" is latched, so nothing more is sent."""
    assistant.expire()
    assistant.authority.withdraw("google", "me@example.com")
    assert storm(assistant, 8, 8, "mixed", 0.0) == {"ConsentRequired"}
    assert assistant.refreshes() == 1
