"""The table of bad states: each is made by a test, and found by the check beside it.

``python tests/audit/states.py`` writes the page; a test compares the two.
"""

from collections.abc import Iterator
from pathlib import Path

from faults import FAULTS
from tokenkit.audit import registry

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "audit-states.md"

CODE = (
    ("a package adds a provider", "TK401"),
    ("a package with a provider is installed from a folder or a branch", "TK402"),
    ("the source of a plugin is writable by others", "TK403"),
    ("the folder of packages (site-packages) is writable by others", "TK403"),
    ("a folder above the packages is writable by others", "TK403"),
    ("the folder of a package that tokenkit needs is writable by others", "TK403"),
    ("a source of a package that tokenkit needs is writable by others", "TK403"),
    ("a folder of compiled copies (__pycache__) is writable by others", "TK403"),
    ("a compiled copy (.pyc) is writable by others", "TK403"),
    ("a library (.so) is writable by others", "TK403"),
    ("code belongs to another user", "TK403"),
    ("the folder of programs (bin) is writable by others", "TK403"),
    ("the program tokenkit is writable by others", "TK403"),
    ("what the link to the program leads to is writable by others", "TK403"),
    ("the program of client_secret_command is writable by others", "TK403"),
    ("a script that client_secret_command runs is writable by others", "TK403"),
    ("a .pth file or sitecustomize.py is writable by others", "TK403"),
    ("the file that says which providers a package adds is writable by others", "TK403"),
    ("two packages add one provider", "TK405"),
    ("the file that SSL_CERT_FILE names is writable by others", "TK407"),
    ("a file of the folder that SSL_CERT_DIR names is writable by others", "TK407"),
)
"""Those that ``tests/audit/test_code.py`` makes, with packages that are installed for the test."""

SHARED = (
    ("the database is stopped", "TK601"),
    ("the database has no tables yet", "TK601"),
    ("the tables of the database are older than tokenkit", "TK601"),
    ("the tables of the database are newer than tokenkit", "TK601"),
    ("the database confirms what it has not written (synchronous_commit off)", "TK602"),
    ("the role of the program owns the tables", "TK603"),
    ("the role of the program is a superuser", "TK603"),
    ("the database is reached through a forwarded port, without TLS", "TK604"),
    ("the password of the database is in PGPASSWORD", "TK605"),
    ("a replica may lack what was confirmed", "TK606"),
    ("the database failed over to a replica that lacked a refresh", "TK607"),
    ("a record was put back after a sign-out", "TK608"),
    ("another machine seals with a key that is not here", "TK609"),
    ("the records of two owners were swapped", "TK610"),
    ("a record of another database was put in", "TK610"),
)
"""Those that ``tests/audit/test_shared.py`` makes, in a database that machines share."""

HEAD = """\
# Bad states that `tokenkit audit` finds

Each of these {count} states is made by a test, in a home in which nothing else is wrong, and is found. What each check
looks at, and what it does not look at, is on [the page of checks](checks.md).

| the state | found by | severity |
|---|---|---|
"""


def rows() -> Iterator[tuple[str, str]]:
    """Every state, and the id of the check that finds it."""
    for planted in FAULTS:
        name = planted.plant.__name__
        yield (
            (f"plaintext tokens of a tool: {_title(planted.id)}" if name == "<lambda>" else name.replace("_", " ")),
            planted.id,
        )
    yield from CODE
    yield from SHARED


def page() -> str:
    """The page in Markdown."""
    found = sorted({*rows()}, key=lambda row: (row[1], row[0]))
    table = "\n".join(f"| {state} | {id} | {_checks()[id].severity} |" for state, id in found)
    return HEAD.format(count=len(found)) + table + "\n"


def _checks():
    return {check.id: check for check in registry.our_checks()}


def _title(id: str) -> str:
    return _checks()[id].title.removeprefix("Tokens of ").removesuffix(" lie in plaintext")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
