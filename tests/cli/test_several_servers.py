"""``--set``: which server or region it is, where a provider has several."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from machine import Machine
from test_tables import open_terminal
from tokenkit.cli.account_list import print_accounts
from tokenkit.grant import Grant
from tokenkit.grants.bound_to import bind
from tokenkit.kit import TokenKit
from tokenkit.token import AccessToken
from transcript import Run

FOSSTODON = ["--set", "instance=fosstodon.org"]


@pytest.fixture
def registered(machine: Machine, run: Run) -> None:
    done = run(["client", "set", "mastodon", *FOSSTODON, "--client-id", "of-fosstodon"], "s3cret\n")
    assert done.code == 0, done.stderr
    assert "clients/mastodon@fosstodon.org.toml" in done.stderr


def where(run: Run, *options: str, stdin: str = "") -> tuple[str, str]:
    """The host that a sign-in leads to, and the client id that it names."""
    done = run(["login", "mastodon", "--print-url", *options], stdin)
    assert done.code == 0, done.stderr
    url = urlsplit(done.stdout.strip())
    return url.netloc, parse_qs(url.query)["client_id"][0]


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("typed", ["fosstodon.org", "@me@Fosstodon.org", "https://fosstodon.org/@me"])
def test_a_sign_in_goes_to_the_server_that_is_named_with_its_own_client(typed: str, run: Run) -> None:
    assert where(run, "--set", f"instance={typed}") == ("fosstodon.org", "of-fosstodon")


@pytest.mark.usefixtures("registered")
def test_the_client_of_one_server_is_not_used_at_another(run: Run) -> None:
    """R31: neither id nor secret of one server is sent to another."""
    for options in ([], ["--set", "instance=another.example"]):
        done = run(["login", "mastodon", "--print-url", *options], "")
        assert done.code == 3
        assert "there is no client registration for mastodon@" in done.stderr
    option, console = "--set instance=https://another.example", "https://another.example/settings/applications"
    assert f"tokenkit client setup mastodon {option} leads to {console}" in done.stderr
    assert f"for a client that you have: tokenkit client set mastodon {option}\n" in done.stderr


@pytest.mark.usefixtures("registered")
def test_registrations_are_listed_and_removed_by_server(run: Run) -> None:
    assert "mastodon@fosstodon.org" in run(["client", "list"], "").stdout
    assert run(["client", "remove", "mastodon", *FOSSTODON], "").code == 0
    assert "fosstodon" not in run(["client", "list"], "").stdout


@pytest.mark.usefixtures("machine")
def test_without_a_value_and_a_person_the_option_is_named(run: Run) -> None:
    for command in (["login", "gitea"], ["client", "set", "gitea", "--client-id", "x"], ["client", "setup", "gitea"]):
        done = run(command, "")
        assert done.code == 2
        assert "gitea needs instance" in done.stderr
        assert "--set instance=" in done.stderr


@pytest.mark.usefixtures("machine")
def test_at_a_terminal_it_is_asked_for_and_the_redirect_uri_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("which_server", "client"):
        monkeypatch.setattr(f"tokenkit.cli.{module}.someone_is_there", lambda: True)
    done = run(["client", "set", "gitea", "--public"], "codeberg.org\nof-codeberg\n")
    assert done.code == 0, done.stderr
    assert "Next: tokenkit login gitea --set instance=https://codeberg.org" in done.stderr
    assert "https://codeberg.org/user/settings/applications" in done.stderr
    assert "/callback/gitea/" in done.stderr
    url = urlsplit(run(["login", "gitea", "--print-url"], "codeberg.org\n").stdout.strip())
    redirect_uri = urlsplit(parse_qs(url.query)["redirect_uri"][0])
    assert url.netloc == "codeberg.org"
    assert redirect_uri.path in done.stderr


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("instance", "--set takes NAME=VALUE, and not 'instance'"),
        ("=x", "--set takes NAME=VALUE"),
        ("instance=", "--set takes NAME=VALUE"),
        ("instnce=mastodon.social", "did you mean instance?"),
        ("instance=me@mastodon.social", "is a person's address"),
        ("instance=ftp://x.example", "is no address of a server"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(option: str, words: str, run: Run) -> None:
    done = run(["login", "mastodon", "--set", option], "")
    assert (done.code, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--provider mastodon --set instance=https://home.example"),
        (["--set", "instance"], "--set takes NAME=VALUE, and not 'instance'"),
        (["--set", "instnce=mastodon.social"], "mastodon has nothing that is called 'instnce'"),
        (FOSSTODON, "tokenkit client set mastodon --set instance=https://fosstodon.org"),
    ],
)
def test_a_file_is_imported_as_one_of_the_server_that_is_named(options: list[str], words: str, run: Run) -> None:
    """R17: its refresh token goes to no server that nobody has named."""
    done = run(["import", "-", "--provider", "mastodon", *options], '{"refresh_token": "kept"}')
    assert (done.code, done.stdout) == (3 if options is FOSSTODON else 2, "")
    assert words in done.stderr


@pytest.mark.usefixtures("machine")
def test_it_belongs_to_the_beginning_of_a_sign_in(run: Run) -> None:
    done = run(["login", "--complete", *FOSSTODON], "")
    assert done.code == 2
    assert "--set belongs to its beginning" in done.stderr


@pytest.mark.usefixtures("machine")
def test_scripts_are_told_what_a_sign_in_must_say(run: Run) -> None:
    for name, default in (("gitea", ""), ("mastodon", "https://mastodon.social")):
        (provider,) = json.loads(run(["providers", name, "--json"], "").stdout)["providers"]
        (variable,) = provider["facts"]["variables"]
        assert (variable["name"], variable["default"]) == ("instance", default)


@pytest.mark.usefixtures("machine")
def test_a_provider_says_what_it_needs_and_no_address_of_nobody(run: Run) -> None:
    shown = run(["providers", "gitea"], "").stdout
    assert "--set instance=..., your Gitea or Forgejo" in shown
    assert "nowhere" not in shown


# Which account is where.


@pytest.fixture
def two(machine: Machine) -> TokenKit:
    """Two accounts at two servers, of which one does not tell by its name where it is."""
    kit = TokenKit()
    for host, name in (("mastodon.social", "me"), ("fosstodon.org", "you")):
        server = kit.authorizations.settle("mastodon", {"instance": host})
        grant = Grant(provider="mastodon", access_tokens={"": AccessToken("a")}, scopes=frozenset({"read", "write"}))
        kit.authorizations.linker.put(bind(grant, server, "client"), name=name)
    return kit


@pytest.mark.usefixtures("two")
def test_a_list_has_a_column_for_the_servers_where_accounts_may_differ_in_them(machine: Machine, run: Run) -> None:
    assert run(["list"]).stdout.splitlines() == [
        "ACCOUNT       SERVER           TOKEN                 SIGN IN AGAIN  SCOPES",
        "mastodon/me   mastodon.social  good, without an end                 read, write",
        "mastodon/you  fosstodon.org    good, without an end                 read, write",
    ]
    for name in ("me", "you"):
        machine.remove(f"mastodon/{name}")
    assert run(["login", "google"]).code == 0
    assert "SERVER" not in run(["list"]).stdout


@pytest.mark.usefixtures("two")
def test_status_says_the_server_to_people_and_to_programs(run: Run) -> None:
    assert "\n  server         fosstodon.org\n" in run(["status", "mastodon/you"]).stdout
    for command in ("list", "status"):
        accounts = json.loads(run([command, "--json"]).stdout)["accounts"]
        assert [each["server"] for each in accounts] == ["mastodon.social", "fosstodon.org"]


def test_in_a_narrow_terminal_the_server_is_a_line_of_the_account(
    two: TokenKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = open_terminal(monkeypatch, 60)
    print_accounts(two, two.statuses())
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    assert [line.split() for line in lines if "server" in line] == [["server", each] for each in
                                                                   ("mastodon.social", "fosstodon.org")]  # fmt: skip


def test_a_long_list_has_the_column_though_its_beginning_needs_none(
    two: TokenKit, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rows are printed while the others are looked up."""
    assert run(["login", "google"]).code == 0
    monkeypatch.setattr("tokenkit.cli.tables.PART", 1)
    assert run(["list"]).stdout.splitlines()[0].split()[:2] == ["ACCOUNT", "SERVER"]
