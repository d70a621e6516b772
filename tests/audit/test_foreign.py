"""What the audit offers for the tokens of other tools."""

import json
import sqlite3
from contextlib import closing

import pytest

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
    file = house.write(".pocketpaw/oauth/spotify.json", json.dumps({"access_token": "a", "refresh_token": "r"}))
    (finding,) = house.audit().findings
    assert finding.fault.hint == f"tokenkit login spotify, have the tool ask tokenkit, then: rm {file}"


def test_the_database_of_gcloud_is_found(house):
    path = house.home / ".config/gcloud/credentials.db"
    path.parent.mkdir(parents=True)
    value = json.dumps({"type": "authorized_user", "client_id": "c", "refresh_token": "1//r"})
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE credentials (account_id TEXT PRIMARY KEY, value BLOB)")
        database.execute("INSERT INTO credentials VALUES ('me@example.com', ?)", (value,))
    assert [finding.check.id for finding in house.audit().findings] == ["TK217"]
