"""gcloud: ``~/.config/gcloud/credentials.db``, SQLite, with one JSON object of google-auth's for an account.

Source: ``googlecloudsdk/core/credentials/creds.py`` (``SqliteCredentialStore``: the table ``credentials`` with
``account_id`` and ``value``). The bytes that were read are opened in memory: the file gets no lock and no journal.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from tokenkit.importing.files import SourceFile, json_object
from tokenkit.importing.formats import google_credentials
from tokenkit.importing.found import Found, found


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of each account of a person."""
    if not file.data.startswith(b"SQLite format 3\0"):
        return
    for account, value in _rows(file.data):
        for entry in google_credentials(json_object(value)) if isinstance(value, str | bytes) else ():
            if grant := found("gcloud", entry.members):
                yield grant.but(provider="google", entry=str(account), account=str(account))


def _rows(data: bytes) -> list[Any]:
    """Return the rows of the table; none where the database is damaged or another program's."""
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(data)
            return database.execute("SELECT account_id, value FROM credentials").fetchall()
    except sqlite3.Error:
        return []
