"""What the audit offers for the tokens of other tools."""

import json

import pytest
from faults import PLAINTEXT

GMAIL = json.dumps({"service": "google_gmail", "access_token": "a", "refresh_token": "r"})


@pytest.mark.parametrize(
    ("path", "text"),
    [(".pocketpaw/oauth/google_gmail.json", GMAIL), (".cache-me", json.dumps({"refresh_token": "r", "expires_at": 1}))],
)
def test_a_file_that_can_be_imported_is_offered_the_exact_line(house, path, text):
    file = house.write(path, text)
    (finding,) = house.audit().findings
    assert finding.fault.hint == f"tokenkit import {file}, have the tool ask tokenkit, then: rm {file}"


def test_a_file_that_cannot_be_imported_is_offered_a_sign_in(house):
    file = house.write(".pocketpaw/oauth/spotify.json", PLAINTEXT)
    (finding,) = house.audit().findings
    assert finding.fault.hint == f"tokenkit login spotify, have the tool ask tokenkit, then: rm {file}"
