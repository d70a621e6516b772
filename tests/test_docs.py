"""The documents are true: every example runs, against the sandbox, and every link leads somewhere."""

import os
import re
import runpy
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import tokenkit.consent
from tokenkit.cli.app import SECTIONS
from tokenkit.kit import TokenKit
from tokenkit.paths import folders, prefix
from tokenkit.sandbox import CLIENTS, Authority, serve

from documents import DOCUMENTS, TOP, Example, Runner, examples

PROGRAM = f"""#!{sys.executable}
import tokenkit.consent
tokenkit.consent._in_container = lambda environ, root: False
from tokenkit.cli.lane import main
main()
"""

HOUSE = Path(tokenkit.__path__[0])

REAL_ADDRESSES = {"google": "https://gmail.googleapis.com", "spotify": "https://api.spotify.com"}
"""What an example calls, and what the sandbox plays in its place."""

NOT_RUN = {
    "README.md": 4,
    "docs/how-to/develop-against-the-sandbox.md": 1,
    "docs/how-to/use-pocket.md": 1,
    "docs/how-to/without-a-browser.md": 3,
    "docs/tutorial/first-account.md": 1,
}


def name(document: Path) -> str:
    return str(document.relative_to(TOP))


@pytest.fixture
def runner(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """A machine as the documents assume it: display, browser, registered clients; its providers are the sandbox's."""
    program = tmp_path / "bin" / "tokenkit"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", f"{program.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", f"{shlex.quote(sys.executable)} {shlex.quote(str(TOP / 'tests/browser.py'))} %s &")
    monkeypatch.setattr(tokenkit.consent, "_in_container", lambda environ, root: False)
    with serve(Authority()) as sandbox:
        for app in ("tokenkit", "sandbox"):
            point_at(sandbox.base_url, app, monkeypatch)
        replaced = {real: f"{sandbox.base_url}/{provider}" for provider, real in REAL_ADDRESSES.items()}
        yield Runner(os.environ, tmp_path, replaced)


def point_at(base_url: str, app: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Aim the providers of `app` at the sandbox and register its clients, as the lines of `tokenkit sandbox` do."""
    config = Path(folders(app).config) / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("".join(f'[providers.{name}]\nbase_url = "{base_url}/{name}"\n' for name in CLIENTS))
    for provider, client in CLIENTS.items():
        variable = f"{prefix(app)}_{provider.upper()}_CLIENT"
        monkeypatch.setenv(f"{variable}_ID", client.client_id)
        if client.client_secret is not None:
            monkeypatch.setenv(f"{variable}_SECRET", client.client_secret.reveal())


@pytest.mark.slow
@pytest.mark.parametrize("document", [path for path in DOCUMENTS if list(examples(path))], ids=name)
def test_the_examples_of_a_document_do_what_it_says(document: Path, runner: Runner) -> None:
    for example in examples(document):
        if not example.why_not:
            runner.run(example)


def test_few_examples_are_not_run_and_each_says_why() -> None:
    """Counted by document, so that the list cannot grow unseen."""
    skipped = [example for document in DOCUMENTS for example in examples(document) if example.why_not]
    assert Counter(name(example.document) for example in skipped) == NOT_RUN
    assert all(len(example.why_not.split()) > 3 for example in skipped)


@pytest.mark.parametrize("page", ["audit-schema.json", "checks.md", "cli.md", "json.md"])
def test_the_generated_pages_are_what_the_program_says_today(page: str) -> None:
    pages = runpy.run_path(str(TOP / "docs" / "generate.py"))["PAGES"]
    written = (TOP / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert written == pages[page](), "run: make docs"


def test_the_readme_and_the_changelog_name_every_command() -> None:
    commands = {command for section in SECTIONS.values() for command in section}
    readme = (TOP / "README.md").read_text(encoding="utf-8").partition("## The program")[2].partition("\n## ")[0]
    assert set(re.findall(r"`tokenkit (\w+)", readme)) == commands
    changelog = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [command for command in commands if f"`{command}`" not in changelog] == []


def test_the_page_of_the_configuration_names_every_variable() -> None:
    """But for those that say whether a person sees a browser here, which belong to the desktop."""
    sources = [path.read_text(encoding="utf-8") for path in HOUSE.rglob("*.py") if path.parent.name != "consent"]
    own = {f"TOKENKIT{ending}" for text in sources for ending in re.findall(r'prefix\(app\) \+ "(_[A-Z]+)"', text)}
    others = {name for text in sources for name in re.findall(r'(?:envvar="|environ\.get\(")([A-Z_]+)"', text)}
    assert {"TOKENKIT_KEY", "TOKENKIT_PASSPHRASE", "TOKENKIT_OWNER", "SSL_CERT_FILE"} <= own | others
    page = (TOP / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    assert [name for name in sorted(own | others) if f"`{name}`" not in page] == []


def test_the_page_of_python_names_every_method() -> None:
    page = (TOP / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    methods = [name for name, member in vars(TokenKit).items() if callable(member) and name[0] != "_"]
    assert [name for name in methods if f"`{name}(" not in page and f" `{name}(" not in page] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_inside_the_documents_leads_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), f"{name(document)} links to {target}"
        assert not anchor or anchor in headings(linked), f"{name(document)} links to {target}"


def headings(document: Path) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    found = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_a_transcript_that_prints_something_else_fails(runner: Runner) -> None:
    """The examiner examined: a wrong output, a failing command, and a wrong result in Python are all found."""
    for language, text in {
        "console": "$ echo one\ntwo\n",
        "console ": "$ false\n",
        "python": "assert 1 == 2\n",
    }.items():
        with pytest.raises(AssertionError):
            runner.run(Example(TOP / "README.md", 1, language.strip(), text))
