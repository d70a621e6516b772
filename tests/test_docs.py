"""The documents are true: every example runs, against the sandbox, and every link leads somewhere."""

import ast
import inspect
import json
import os
import re
import runpy
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
import tokenkit.consent
from tokenkit import chained_log, errors
from tokenkit.account import Account
from tokenkit.activity import Activity
from tokenkit.async_kit import AsyncTokenKit
from tokenkit.cli.app import SECTIONS, app
from tokenkit.kit import TokenKit
from tokenkit.paths import activity_folder, folders
from tokenkit.sandbox import CLIENTS, Authority, declared_provider, serve
from tokenkit.sandbox.control import _MEMBERS, ENDPOINTS
from tokenkit.sandbox.documented import DOCUMENTED
from typer.main import get_command
from typer.testing import CliRunner

from at_sandbox import what_the_sandbox_says
from documents import DOCUMENTS, TOP, Example, Runner, examples

PROGRAM = f"""#!{sys.executable}
import tokenkit.consent
tokenkit.consent._in_container = lambda environ, root: False
from tokenkit.cli.fast_path import main
main()
"""

HOUSE = Path(tokenkit.__path__[0])

SANDBOX = "http://127.0.0.1:8137"
"""Where the documents have the sandbox. In the tests it listens at a free port, and nothing else of them is changed."""

OF_REAL_PROVIDERS = {
    "README.md": {"https://gmail.googleapis.com": "google"},
    "docs/how-to/cron-and-systemd.md": {"https://gmail.googleapis.com": "google"},
}
"""Documents whose reader has a real account: what they call there, and which of the sandbox's providers plays it."""

RECIPES = "docs/how-to/recipes.md"
PLAYED = ("github", "homeassistant", "microsoft", "notion", "slack")
"""The providers of the recipes, which the sandbox plays from their declarations: as the app ``sandbox`` has them."""

NOT_RUN = {
    "README.md": 5,
    "docs/contributing.md": 1,
    "docs/how-to/add-a-provider.md": 1,
    "docs/how-to/cron-and-systemd.md": 2,
    "docs/how-to/develop-against-the-sandbox.md": 1,
    "docs/how-to/docker.md": 3,
    "docs/how-to/keep-tokens-fresh.md": 1,
    "docs/how-to/postgresql.md": 6,
    "docs/how-to/recipes.md": 5,
    "docs/how-to/several-servers.md": 1,
    "docs/how-to/uninstall.md": 1,
    "docs/how-to/use-pocket.md": 1,
    "docs/how-to/use-with-other-libraries.md": 12,
    "docs/how-to/without-a-browser.md": 3,
    "docs/tutorial/first-account.md": 1,
}


def name(document: Path) -> str:
    return str(document.relative_to(TOP))


@pytest.fixture
def runner(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """A machine as the documents assume it: a home, a display, a browser, registered clients, and nothing else.

    Whatever the person who runs the tests has in their environment is gone. Its providers are the sandbox's.
    """
    path = os.environ["PATH"]
    for variable in os.environ:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LANG", "C.UTF-8")
    program = tmp_path / "bin" / "tokenkit"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{Path(sys.executable).parent}:{path}")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", f"{shlex.quote(sys.executable)} {shlex.quote(str(TOP / 'tests/browser.py'))} %s &")
    monkeypatch.setattr(tokenkit.consent, "_in_container", lambda environ, root: False)
    played = [declared_provider(name, os.devnull, "http://127.0.0.1") for name in PLAYED]
    with serve(Authority(declared=played)) as sandbox:
        monkeypatch.setenv("SANDBOX_BASE_URL", sandbox.base_url)
        point_at(sandbox.base_url, monkeypatch)
        real = {
            document: {address: f"{sandbox.base_url}/{provider}" for address, provider in played.items()}
            for document, played in OF_REAL_PROVIDERS.items()
        }
        yield Runner(os.environ, tmp_path, {SANDBOX: sandbox.base_url}, real)


def point_at(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sandbox play the providers of a person's own accounts, and register its clients for them."""
    config = Path(folders().config) / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("".join(f'[providers.{name}]\nbase_url = "{base_url}/{name}"\n' for name in CLIENTS))
    for provider, client in CLIENTS.items():
        variable = f"TOKENKIT_{provider.upper()}_CLIENT"
        monkeypatch.setenv(f"{variable}_ID", client.client_id)
        if client.client_secret is not None:
            monkeypatch.setenv(f"{variable}_SECRET", client.client_secret.reveal())


@pytest.mark.slow
@pytest.mark.parametrize("document", [path for path in DOCUMENTS if list(examples(path))], ids=name)
def test_the_examples_of_a_document_do_what_it_says(
    document: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name(document) == RECIPES:
        monkeypatch.setenv("TOKENKIT_APP", "sandbox")
    for example in examples(document):
        if not example.why_not:
            runner.run(example)


def test_few_examples_are_not_run_and_each_says_why() -> None:
    """Counted by document, so that the list cannot grow unseen."""
    skipped = [example for document in DOCUMENTS for example in examples(document) if example.why_not]
    assert Counter(name(example.document) for example in skipped) == NOT_RUN
    assert all(len(example.why_not.split()) > 3 for example in skipped)


@pytest.mark.parametrize(
    "page", ["audit-schema.json", "checks.md", "cli.md", "declaration-schema.json", "errors.md", "json.md"]
)
def test_the_generated_pages_are_what_the_program_says_today(page: str) -> None:
    pages = runpy.run_path(str(TOP / "docs" / "generate.py"))["PAGES"]
    written = (TOP / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert written == pages[page](), "run: make docs"


def test_the_table_of_errors_has_a_fix_and_an_exit_code_for_each_message() -> None:
    """Its rows are the transcripts', which run: so each message, fix and exit code is what the program prints."""
    rows = runpy.run_path(str(TOP / "docs" / "errors_page.py"))["rows"]()
    assert len(rows) > 60
    assert all(row.cause and row.command and row.fix for row in rows)
    assert {row.code for row in rows} == {1, 2, 3, 4, 5, 6}


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


def test_the_storm_in_the_readme_is_the_one_that_was_measured() -> None:
    """The three lines are medians of the last `make bench`."""
    storm = {
        row["library"].partition(" ")[0]: (median(row["requests"]), median(row["failed"]), row["survived"], row["runs"])
        for row in json.loads((TOP / "docs" / "never-lost.json").read_text(encoding="utf-8"))["storm"]
    }
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    told: set[str] = set()
    for names, *figures in table(readme, "**The difference, in one table.**"):
        libraries = names.strip("*").split(", ")
        told |= {*libraries}
        for column, figure in enumerate(figures):
            measured = [storm[library][column] for library in libraries]
            ends = sorted({min(measured), max(measured)})
            assert figure.split(" of ")[0] == " to ".join(f"{end:g}" for end in ends), (names, figure)
        assert {storm[library][3] for library in libraries} == {int(figures[2].split(" of ")[1])}
    assert told == storm.keys()


def page(path: str) -> str:
    return (TOP / "docs" / path).read_text(encoding="utf-8")


def table(text: str, after: str) -> list[list[str]]:
    """The rows of the first table after a heading or sentence, each cell as it is written."""
    assert after in text
    found = re.search(r"^\|[-|]+\|\n((?:\|.*\n)+)", text.partition(after)[2], re.MULTILINE)
    assert found is not None
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1].splitlines()]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def members(text: str, shape: str) -> list[str]:
    return [names_in(row[0])[0] for row in table(text, f"## {shape}\n")]


def test_the_page_of_json_names_the_commands_that_take_it_and_no_others() -> None:
    """A command that prints what is no JSON of ours is named there, too."""
    taking: set[str] = set()
    todo = [("", get_command(app))]
    for path, command in todo:
        todo += [(f"{path} {name}".strip(), inner) for name, inner in getattr(command, "commands", {}).items()]
        taking |= {path for parameter in command.params if "--json" in parameter.opts}
    sentence, rest = page("reference/json.md").split("\n\n")[1:3]
    assert set(names_in(sentence)) - {"--json"} == taking
    assert {"request", "sandbox", "dashboard", "key export", "key rotate"} <= set(names_in(rest))


def test_the_shapes_of_the_log_are_those_that_it_prints(home: Path) -> None:
    log = Activity(folders(), "alice", tool="calendar")
    account = Account("google", "me@example.com", "alice")
    log.used(account, ["read"])
    log.record("signed_out", account, revoked=True)

    lines = [json.loads(line) for line in run("log", "--json").splitlines()]
    text = page("reference/activity.md")
    every = set(names_in(text.partition("Every line has")[2].partition("No line holds")[0]))
    own = {row[0]: set(names_in(row[2])) for row in table(text, "## Events")}
    for line in lines:
        assert set(line) <= every | own[f"`{line['event']}`"], line

    segment = Path(chained_log.segments(activity_folder(folders()))[-1])
    segment.write_text(segment.read_text().replace("calendar", "agenda"))
    verified = json.loads(run("log", "--verify", "--json", code=1))
    assert list(verified) == members(page("reference/json.md"), "Verified")
    assert list(verified["broken"][0]) == members(page("reference/json.md"), "BrokenLine")


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result.stdout


def test_the_activity_log_says_that_a_refresh_failed_as_its_page_does(home: Path) -> None:
    """A refresh fails also where nothing is sent; and it is told by the name of its error, which a page lists."""
    config = Path(folders().config)
    config.mkdir(parents=True)
    google = CLIENTS["google"]
    assert google.client_secret is not None
    secret = config / "secret"
    secret.write_text(google.client_secret.reveal())
    with serve(Authority()) as sandbox:
        (config / "config.toml").write_text(
            f'[providers.google]\nbase_url = "{sandbox.base_url}/google"\nclient_id = "{google.client_id}"\n'
            f'client_secret_command = ["cat", "{secret}"]\n'
        )
        kit = TokenKit(background=False)
        pending = kit.begin("google", redirect_uri="http://127.0.0.1:9/callback/google", binding="b")
        kit.complete(sandbox.authority.approve(pending.url), binding="b")
        secret.unlink()
        with pytest.raises(errors.ConfigurationError):
            kit.refresh("google")
        assert sandbox.authority.counters["google token refresh_token"] == 0
    last = json.loads(run("log", "--json").splitlines()[-1])
    assert (last["event"], last["error"]) == ("refresh_failed", "ConfigurationError")
    _, when, its_own = next(row for row in table(page("reference/activity.md"), "## Events") if last["event"] in row[0])
    assert "nothing could be sent" in when
    assert last["error"] in names_in(its_own)
    assert "(exit-codes.md#errors)" in its_own


def test_the_page_of_the_exit_codes_names_every_error_at_its_own() -> None:
    listed = {name: int(code) for code, names in table(page("reference/exit-codes.md"), "## Errors")
              for name in names_in(names)}  # fmt: skip
    assert listed == {name: getattr(errors, name).exit_code for name in errors.__all__}


@pytest.mark.slow
def test_the_messages_of_the_page_of_troubles_are_those_that_people_see() -> None:
    """`…` stands for what differs; what is left stands in the code, in this order and in one string."""
    text = page("how-to/troubleshoot.md")
    said = [re.sub(r"\s+", " ", string) for path in HOUSE.rglob("*.py") for string in strings_of(path)]
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)[:-1]
    rows = [row for section in sections for row in table(text, f"## {section}\n")]
    assert len(rows) > 25
    for message, meaning, help_ in rows:
        parts = [re.escape(part.strip()) for part in names_in(message)[0].split("…") if part.strip()]
        assert any(re.search(".*?".join(parts), string) for string in said), message
        assert meaning
        for command in (name.split() for name in names_in(help_) if name.startswith("tokenkit ")):
            assert command[1] in {name for section in SECTIONS.values() for name in section}, command


def strings_of(path: Path) -> Iterator[str]:
    """Yield the strings of a module as people see them, with `…` where a value is put in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_page_of_python_names_every_module_that_the_documents_import() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*DOCUMENTS, *TOP.glob("docs/examples/*.py"))]
    imported = {
        name for text in texts for name in re.findall(r"^\s*(?:from|import) (tokenkit\.[\w.]+)", text, re.MULTILINE)
    }
    assert {"tokenkit.web", "tokenkit.audit", "tokenkit.store.memory"} <= imported
    public = {name for row in table(page("reference/python.md"), "# Python") for name in names_in(row[0])}
    assert imported <= public


def test_the_page_of_the_sandbox_has_all_that_its_control_takes() -> None:
    text = page("how-to/develop-against-the-sandbox.md")
    script = table(text, "A POST to `/_control` says")
    others = names_in(text.partition("A POST to `/_control/lifetimes`")[2].partition("```")[0])
    assert {name for row in script for name in names_in(row[0])} | {*others} >= _MEMBERS.keys()
    assert [name for name in ENDPOINTS if name not in names_in(script[0][1])] == []
    listed = {(flavour, names_in(at)[0]): names_in(names) for flavour, at, names in table(text, "documented errors\n")}
    assert listed == {place: list(names) for place, names in DOCUMENTED.items()}


@pytest.mark.slow
def test_what_the_sandbox_prints_is_all_that_is_needed_and_leads_to_the_apis(home: Path) -> None:
    """The app `sandbox` knows the rest: nothing is written into a configuration. The tutorial calls one of the APIs."""
    address, said = what_the_sandbox_says()
    _, lines, _, apis, _ = said.split("\n\n")
    assert lines.splitlines() == ["export TOKENKIT_APP=sandbox", f"export SANDBOX_BASE_URL={address}"]
    assert list(home.iterdir()) == []
    called = re.findall(rf"request google (GET) {SANDBOX}(\S+)", page("tutorial/first-account.md"))
    assert called
    for method, path in called:
        assert f"{method}  {address}{path}" in apis.splitlines()


def test_the_page_of_python_names_every_method() -> None:
    page = (TOP / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    methods = [name for name, member in vars(TokenKit).items() if callable(member) and name[0] != "_"]
    assert [name for name in methods if f"`{name}(" not in page and f" `{name}(" not in page] == []


def test_the_page_of_python_names_every_argument() -> None:
    rows = [line for line in page("reference/python.md").splitlines() if line.startswith("| ")]
    missing = []
    for method in (TokenKit, AsyncTokenKit):
        for name, member in vars(method).items():
            if name[0] != "_" and inspect.isfunction(member):
                said = " ".join(row for row in rows if f"`{name}(" in row)
                takes = inspect.signature(member).parameters.values()
                named = [each.name for each in takes if each.name != "self" and each.kind is not each.VAR_KEYWORD]
                missing += [f"{name}({each})" for each in named if not re.search(rf"\b{each}\b", said)]
    assert missing == []


def test_the_async_kit_has_the_methods_that_the_page_of_python_says() -> None:
    alone = {"provider", "client", "known_client"}
    methods = {name for name, member in vars(TokenKit).items() if name[0] != "_" and callable(member)}
    assert methods - vars(AsyncTokenKit).keys() == alone


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    """As ``tests/test_light.py`` from the top, or as ``grants/refresh.py`` in the package."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    named = re.findall(
        r"`((?:tests|tokenkit|docs)/[\w./]+|(?:cli|web|grants|signing_in|net|flows|keys)/\w+\.\w+)`", text
    )
    places = (TOP, HOUSE, HOUSE.parent)  # the package may be an installed one
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


def test_the_first_page_leads_to_every_other() -> None:
    """A page that nobody finds helps nobody; the decisions are a folder of their own."""
    first = page("README.md")
    pages = [path.relative_to(TOP / "docs").as_posix() for path in DOCUMENTS if path.is_relative_to(TOP / "docs")]
    unlinked = [name for name in pages if f"]({name}" not in first and not name.startswith(("adr/", "README"))]
    assert unlinked == []


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
