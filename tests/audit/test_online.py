"""--online asks the providers by one request an account, and rotates nothing."""

import json
from dataclasses import replace
from email.utils import formatdate

import pytest
from house import GOOGLE, PROVIDERS, SPOTIFY
from tokenkit.audit.online import CHECKS, refresh_all
from tokenkit.errors import ProviderUnavailable
from tokenkit.provider import Response


@pytest.fixture
def ask(house):
    """Audit online: what the provider answers to each account, in order."""

    def ask(*answers):
        house.answers[:] = answers
        found = house.audit(*CHECKS)
        assert house.answers == []
        return {(finding.check.id, finding.fault.account) for finding in found.findings}

    return ask


def answer(house, *, subject="subject-1", status=200, ahead=0.0):
    body = b'{"sub": "%s", "id": "%s", "email": "x@example.com"}' % (subject.encode(), subject.encode())
    headers = (("Content-Type", "application/json"), ("Date", formatdate(house.now + ahead, usegmt=True)))
    return lambda request: Response(status, headers, body, house.now)


def test_nothing_is_found_where_the_provider_confirms_what_is_stored(house, ask):
    assert ask(answer(house), answer(house)) == set()


def test_nothing_is_sent_without_it(house):
    house.answers[:] = []
    assert house.audit().findings == ()


def test_only_get_requests_are_sent_so_nothing_rotates(house, ask):
    methods = []

    def note(request):
        methods.append(request.method)
        return answer(house)(request)

    ask(note, note)
    assert methods == ["GET", "GET"]


def test_a_token_that_the_provider_refuses_is_found(house, ask):
    assert ask(answer(house, status=401), answer(house)) == {("TK501", str(GOOGLE))}


def test_an_account_that_is_somebody_elses_is_found(house, ask):
    assert ask(answer(house, subject="subject-2"), answer(house)) == {("TK502", str(GOOGLE))}


@pytest.mark.parametrize(("ahead", "found"), [(50, set()), (-3600, {("TK503", "")}), (90, {("TK503", "")})])
def test_a_wrong_clock_is_found(house, ask, ahead, found):
    assert ask(answer(house, ahead=ahead), answer(house, ahead=ahead)) == found


def test_a_provider_that_cannot_be_asked_is_told(house, ask):
    assert ask(answer(house), ProviderUnavailable("down")) == {("TK504", str(SPOTIFY))}


def test_an_account_whose_access_token_has_ended_is_not_asked_for(house, ask):
    house.clock.advance(7200)
    assert ask() == set()


@pytest.mark.parametrize(("active", "found"), [(True, set()), (False, {("TK501", str(GOOGLE))})])
def test_a_provider_with_introspection_is_asked_for_that_in_place_of_the_identity(house, active, found):
    """RFC 7662; the one request says it all."""
    assert introspected(house, {"active": active}) == (["POST", "GET"], found)


def test_a_provider_that_does_not_tell_us_is_asked_whose_account_it_is(house):
    assert introspected(house, {"error": "invalid_client"}, 401) == (["POST", "GET", "GET"], set())


def test_no_client_secret_goes_where_the_grant_is_not_from(house):
    """R17: a grant's secrets go only where the grant came from."""
    house.sign_in(GOOGLE, client_id="another")
    assert introspected(house, {}) == (["GET", "GET"], set())


def introspected(house, members, status=200):
    """The requests that are sent where Google has introspection, which gives this answer; and what is found."""
    methods = []

    def note(request):
        methods.append(request.method)
        told = Response(status, (), json.dumps(members).encode(), house.now)
        return told if request.method == "POST" else answer(house)(request)

    house.answers[:] = [note] * 3
    google = replace(PROVIDERS["google"], introspection_endpoint="https://oauth2.googleapis.com/introspect")
    findings = house.audit(*CHECKS, providers={"google": google}).findings
    return methods, {(check.id, fault.account) for check, fault in findings if check in CHECKS}


def test_refreshing_all_goes_on_after_a_failure_and_the_checks_tell_it(house):
    refused = Response(400, (), b'{"error": "invalid_grant"}', house.now)
    fine = b'{"access_token": "access-2", "expires_in": 3600, "token_type": "Bearer"}'
    house.answers[:] = [lambda request: refused, lambda request: Response(200, (), fine, house.now)]
    refresh_all(house.kit())
    assert house.answers == []
    assert {(check.id, fault.account) for check, fault in house.audit().findings} == {("TK301", str(GOOGLE))}
