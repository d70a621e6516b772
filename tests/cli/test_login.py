"""``tokenkit login`` where several accounts may be meant."""

from urllib.parse import parse_qs, urlsplit

import pytest
from machine import Machine
from tokenkit.sandbox import CLIENTS
from transcript import Done, Run

GMAIL = "https://www.googleapis.com/auth/gmail."


@pytest.fixture
def two(machine: Machine, run: Run) -> Machine:
    """A machine with two accounts, of which each may do something else."""
    for user, scope in (("me@example.com", "gmail.readonly"), ("you@example.com", "gmail.send")):
        machine.person.user = user
        assert run(["login", f"google/{user}", "--scopes", scope], "").code == 0
    return machine


def scopes(done: Done) -> set[str]:
    (asked,) = parse_qs(urlsplit(done.stdout.strip()).query)["scope"]
    return {scope.removeprefix(GMAIL) for scope in asked.split() if scope.startswith(GMAIL)}


@pytest.mark.parametrize(
    ("answer", "expected"), [("1", {"readonly"}), ("2", {"send"}), ("", set())], ids=["first", "second", "another"]
)
def test_at_a_terminal_the_person_says_which_account_is_renewed(
    answer: str, expected: set[str], two: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R18: a renewal asks for what was granted to that account, and a new one for no more than the default."""
    monkeypatch.setattr("tokenkit.cli.login.someone_is_there", lambda: True)
    done = run(["login", "google", "--print-url"], f"{answer}\n")
    assert (done.code, scopes(done)) == (0, expected)
    assert "1  google/me@example.com" in done.stderr


@pytest.mark.parametrize("answer", ["0", "3", "-1", "x", "9" * 30])
def test_a_number_that_is_none_of_them_is_refused(
    answer: str, two: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokenkit.cli.login.someone_is_there", lambda: True)
    done = run(["login", "google", "--print-url"], f"{answer}\n")
    assert (done.code, done.stdout) == (2, "")


def test_where_nobody_can_be_asked_it_says_what_it_asks_for_and_drops_nothing(two: Machine, run: Run) -> None:
    """R18: whichever account the person chooses at the provider keeps what it has."""
    done = run(["login", "google", "--print-url"], "")
    assert scopes(done) == {"readonly", "send"}
    assert "google has 2 accounts: google/me@example.com, google/you@example.com" in done.stderr
    assert "tokenkit login google/me@example.com" in done.stderr


def test_only_asks_for_no_more_than_is_named(two: Machine, run: Run) -> None:
    for account in ("google", "google/me@example.com"):
        done = run(["login", account, "--only", "--scopes", "gmail.send", "--print-url"], "")
        assert scopes(done) == {"send"}


@pytest.fixture
def nameless(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with an account of a provider that does not say who signs in."""
    folder = machine.home / ".config" / "tokenkit" / "providers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plain.toml").write_text(
        '[provider]\nname = "plain"\ntitle = "Plain"\n'
        f'authorization_endpoint = "{machine.base_url}/google/o/oauth2/v2/auth"\n'
        f'token_endpoint = "{machine.base_url}/google/token"\nresource_hosts = ["{machine.base_url}/google/gmail"]\n'
        f'issuer = "{machine.base_url}/google"\ndefault_scopes = ["openid"]\n'
        '[provider.scopes.openid]\nvalue = "openid"\nabout = "know you"\n'
    )
    machine.authority.registry.redirect_uris["google"] = ["http://127.0.0.1/callback/plain"]
    client = CLIENTS["google"]
    assert client.client_secret is not None
    monkeypatch.setenv("TOKENKIT_PLAIN_CLIENT_ID", client.client_id)
    monkeypatch.setenv("TOKENKIT_PLAIN_CLIENT_SECRET", client.client_secret.reveal())
    return machine


def sign_in(machine: Machine, run: Run, *options: str) -> None:
    address = run(["login", "plain", "--print-url", *options], "").stdout
    done = run(["login", "--complete"], machine.person.decide(address.strip()) + "\n")
    assert done.code == 0, done.stderr


@pytest.mark.parametrize(("answer", "options", "code"), [("n", [], 1), ("y", [], 0), ("", ["--yes"], 0)])
def test_a_terminal_asks_before_it_replaces_the_account_of_a_provider_that_names_nobody(
    answer: str, options: list[str], code: int, nameless: Machine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R18: another person may sit at this machine now, or have taken the sign-in over."""
    sign_in(nameless, run, "--as", "work")
    monkeypatch.setattr("tokenkit.cli.login.someone_is_there", lambda: True)
    done = run(["login", "plain", "--as", "work", "--print-url", *options], f"{answer}\n")
    assert done.code == code, done.stderr
    assert "plain/work is signed in already" in done.stderr
    assert ("nobody was signed in" in done.stderr) == bool(code)


def test_where_nobody_can_be_asked_it_says_what_is_replaced(nameless: Machine, run: Run) -> None:
    sign_in(nameless, run)
    done = run(["login", "plain", "--print-url"], "")
    assert done.code == 0
    assert "this sign-in replaces it. For another person's account: tokenkit login plain --as NAME" in done.stderr


def test_where_nobody_knows_whose_it_is_the_person_reads_what_the_profile_has_in_place_of_it(
    machine: Machine, run: Run
) -> None:
    """R35: the members' names, and nothing of their values, nor names that may be values themselves."""
    profile = {"data": {"id": 42, "email": "me@example.com"}, "ya29.secret": 1, "u1234": {"name": "Me"}, "list": ["x"]}
    machine.authority.next("userinfo", flavour="google", body=profile, times=2)
    done = run(["login", "google"], "")
    assert (done.code, done.stdout) == (0, "google/default\n")
    said = " ".join(done.stderr.split())
    assert "nobody knows whose it is: Google does not say whose account it is: no 'sub'" in said
    assert said.endswith("in its answer, which has data.id, data.email, list.0.")
    assert "nobody knows" not in run(["login", "google"], "").stderr


@pytest.mark.parametrize("given", [{}, {"refresh_token": 7}], ids=["none", "damaged"])
def test_a_sign_in_without_a_usable_refresh_token_says_when_it_ends(
    given: dict[str, object], machine: Machine, run: Run
) -> None:
    """R11: who signs in for good reads at once that it is for an hour."""
    answer = {"access_token": "not-of-a-person", "token_type": "Bearer", "expires_in": 3600, **given}
    machine.authority.next("token", flavour="google", body=answer)
    done = run(["login", "google"], "")
    assert (done.code, done.stdout) == (0, "google/default\n")
    said = " ".join(done.stderr.split())
    assert "It came without a refresh token that could be used: sign in again in 59 minutes." in said
    assert "sign in again" not in run(["login", "google"], "").stderr
