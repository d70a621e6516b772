"""Client registrations: whence they come, and that no secret meets another source's client id (R31)."""

import json
import os
import stat
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenkit.config import KnownClient, client_registration, google_download, list_clients, remove_client, save_client
from tokenkit.config.client_files import stored_clients
from tokenkit.errors import ClientMissing, ConfigurationError, FileRefused
from tokenkit.paths import Folders
from tokenkit.provider import ClientRegistration, Provider
from tokenkit.token import Secret

ENVIRONMENT = {"TOKENKIT_GOOGLE_CLIENT_ID": "env-id", "TOKENKIT_GOOGLE_CLIENT_SECRET": "env-secret"}
FILE = ClientRegistration("file-id", Secret("file-secret"))


class Place:
    """A config folder, and the questions that are asked about it."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config"
        self.folders = Folders(tokens="", config=str(self.config), data="", state="")

    def ask(
        self, environ: dict[str, str] | None = None, *, needs_secret: bool = True, app: str = "tokenkit"
    ) -> tuple[str, str | None]:
        known = SimpleNamespace(name="google", needs_secret=needs_secret, console_url="https://console.example/")
        client = client_registration(
            cast(Provider, known), folders=self.folders, environ=environ or {"PATH": os.environ["PATH"]}, app=app
        )
        return client.client_id, client.client_secret.reveal() if client.client_secret else None

    def save(self, client: ClientRegistration = FILE) -> Path:
        return Path(save_client(str(self.config), "google", client))

    def command(self, program: str, client_id: str = "config-id") -> None:
        command = json.dumps([sys.executable, "-c", program])
        self.config.mkdir(exist_ok=True)
        (self.config / "config.toml").write_text(
            f'[providers.google]\nclient_id = "{client_id}"\nclient_secret_command = {command}\n'
        )

    def listed(self, environ: dict[str, str] | None = None) -> list[KnownClient]:
        found, refused = list_clients(folders=self.folders, environ=environ or {}, app="tokenkit")
        assert refused == []
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# Which source


def test_a_web_client_that_leads_to_a_site_of_its_own_is_refused_with_the_reason() -> None:
    """The sign-in would never come back to this machine; one that may be redirected here as well is taken."""
    client = {"client_id": "id", "client_secret": "s3cr3t-of-web"}
    for foreign in ("https://app.example/callback", "http://localhost.app.example/"):
        with pytest.raises(ConfigurationError, match="Web application") as caught:
            google_download(json.dumps({"web": {**client, "redirect_uris": [foreign]}}).encode())
        assert "Desktop app" in caught.value.hint
        here = [foreign, "http://localhost:8765/callback/google"]
        assert google_download(json.dumps({"web": {**client, "redirect_uris": here}}).encode()).client_id == "id"


def test_the_environment_comes_first_then_the_file_then_the_command(place: Place) -> None:
    """R31: client secrets have three places, in this order."""
    place.command("print('config-secret')")
    assert place.ask() == ("config-id", "config-secret")
    place.save()
    assert place.ask() == ("file-id", "file-secret")
    assert place.ask(ENVIRONMENT) == ("env-id", "env-secret")


def test_an_app_that_embeds_tokenkit_has_variables_of_its_own(place: Place) -> None:
    """R26: an app that embeds tokenkit keeps its things under its own name."""
    environ = {"POCKETPAW_GOOGLE_CLIENT_ID": "paw-id", "POCKETPAW_GOOGLE_CLIENT_SECRET": "paw-secret"}
    assert place.ask(environ | ENVIRONMENT, app="pocketpaw") == ("paw-id", "paw-secret")


def test_a_secret_never_meets_the_client_id_of_another_source(place: Place) -> None:
    """R31: a registration is taken whole from one place."""
    place.save()
    place.command("print('config-secret')")
    only_id = {"TOKENKIT_GOOGLE_CLIENT_ID": "env-id"}
    assert place.ask(only_id, needs_secret=False) == ("env-id", None)
    with pytest.raises(ClientMissing, match=r"\(environment\) has no secret") as caught:
        place.ask(only_id)
    assert "TOKENKIT_GOOGLE_CLIENT_SECRET" in caught.value.hint


def test_a_client_id_that_both_sources_name_is_one_client(place: Place) -> None:
    place.save()
    assert place.ask({"TOKENKIT_GOOGLE_CLIENT_ID": "file-id"}) == ("file-id", "file-secret")


def test_a_secret_without_its_client_id_is_an_error(place: Place) -> None:
    """R31: falling back to the file would use another secret than the one that was just set."""
    place.save()
    with pytest.raises(ConfigurationError) as caught:
        place.ask({"TOKENKIT_GOOGLE_CLIENT_SECRET": "env-secret"})
    assert "export TOKENKIT_GOOGLE_CLIENT_ID" in caught.value.hint
    assert "env-secret" not in str(caught.value)


def test_an_empty_variable_is_not_set_and_spaces_around_a_value_are_not_part_of_it(place: Place) -> None:
    place.save()
    assert place.ask({"TOKENKIT_GOOGLE_CLIENT_ID": "", "TOKENKIT_GOOGLE_CLIENT_SECRET": " "})[0] == "file-id"
    spaced = {name: f" {value}\n" for name, value in ENVIRONMENT.items()}
    assert place.ask(spaced) == ("env-id", "env-secret")


def test_spaces_around_a_client_id_in_config_toml_are_not_part_of_it(place: Place) -> None:
    place.command("print('config-secret')", client_id=" config-id ")
    assert place.ask() == ("config-id", "config-secret")


def test_what_nobody_sees_in_a_value_is_not_part_of_it(place: Place) -> None:
    hidden = {name: f"\ufeff{value}\u200b" for name, value in ENVIRONMENT.items()}
    assert place.ask(hidden) == ("env-id", "env-secret")
    place.command("print('config-secret')", client_id="\u200bconfig-id\u00ad")
    assert place.ask() == ("config-id", "config-secret")


@pytest.mark.parametrize("table", ["Google", "gogle", "googel"])
def test_a_client_under_the_misspelled_name_of_a_provider_is_told(place: Place, table: str) -> None:
    """Such a table is read by nobody; one of another provider is none that was meant."""
    place.config.mkdir()
    (place.config / "config.toml").write_text(f'[providers.{table}]\nclient_id = "config-id"\n')
    with pytest.raises(ClientMissing) as caught:
        place.ask(needs_secret=False)
    assert f"[providers.{table}] is of no provider: did you mean [providers.google]?" in caught.value.hint
    (place.config / "config.toml").write_text('[providers.goodreads]\n[providers.figma]\nclient_id = "config-id"\n')
    with pytest.raises(ClientMissing, match="there is no client registration for google") as caught:
        place.ask(needs_secret=False)
    assert "tokenkit client setup google" in caught.value.hint


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("name", ENVIRONMENT)
def test_quotes_around_a_variable_are_told_before_they_are_sent(name: str, quote: str, place: Place) -> None:
    """Docker's ``--env-file`` keeps them; a server says only that it does not know the client."""
    with pytest.raises(ConfigurationError, match=f"{name} stands in quotes") as caught:
        place.ask({**ENVIRONMENT, name: f"{quote}{ENVIRONMENT[name]}{quote}"})
    assert "env-secret" not in f"{caught.value}{caught.value.hint}"


def test_quotes_around_what_a_command_prints_are_told(place: Place) -> None:
    place.command("import json; print(json.dumps('config-secret'))")
    with pytest.raises(ConfigurationError, match="printed stands in quotes") as caught:
        place.ask()
    assert "jq without -r" in caught.value.hint


def test_none_at_all_names_every_way_to_give_one(place: Place) -> None:
    with pytest.raises(ClientMissing) as caught:
        place.ask()
    for way in ("https://console.example/", "tokenkit client set google", *ENVIRONMENT):
        assert way in caught.value.hint
    with pytest.raises(ClientMissing) as caught:
        place.ask(app="pocketpaw", needs_secret=False)
    assert "tokenkit --app pocketpaw client set google" in caught.value.hint
    assert "POCKETPAW_GOOGLE_CLIENT_ID" in caught.value.hint
    assert "SECRET" not in caught.value.hint


@pytest.mark.parametrize("value", ["has\ttab", "has\nline", "ünicode", "\x7f"])
def test_a_value_that_no_server_gives_out_is_refused_and_not_shown(place: Place, value: str) -> None:
    """RFC 6749 appendix A names the characters; R35: an error shows no secret."""
    for name in ENVIRONMENT:
        with pytest.raises(ConfigurationError, match=name) as caught:
            place.ask({**ENVIRONMENT, name: f"x{value}x"})
        assert value not in str(caught.value)


# The command


def test_the_command_gets_no_key(place: Place) -> None:
    """R28: what begins with our prefix may hold the key that seals the records."""
    place.command("import os; print(','.join(k for k in os.environ if 'KIT' in k))")
    environ = {"PATH": os.environ["PATH"], "TOKENKIT_KEY": "k", "KITCHEN": "1"}
    assert place.ask(environ) == ("config-id", "KITCHEN")


@pytest.mark.parametrize(
    ("variable", "value", "passed"),
    [
        ("POCKETPAW_KEY", "k", False),
        ("MY_OTHER_APP_KEY", "A" * 43, False),
        ("MY_OTHER_APP_KEY", '{"v":1,"generation":1,"keys":[{"kty":"oct","kid":"k1","k":"%s"}]}' % ("A" * 43), False),
        ("POCKETPAW_PASSPHRASE", "p", False),
        ("MY_OTHER_APP_PASSPHRASE", "p", False),
        ("POCKETPAW_GOOGLE_CLIENT_SECRET", "s", False),
        ("AWS_SECRET_ACCESS_KEY", "a" * 40, True),
        ("SOPS_AGE_KEY", "AGE-SECRET-KEY-1", True),
        ("AZURE_CLIENT_SECRET", "s", True),
        ("BW_SESSION", "A" * 43, True),
    ],
)
def test_the_command_gets_no_secret_of_another_app_and_what_a_password_manager_needs(
    place: Place, variable: str, value: str, passed: bool
) -> None:
    """R28: a key is passed to no program that we start, whichever app it is of."""
    place.command(f"import os; print('got' if {variable!r} in os.environ else 'none')")
    environ = {"PATH": os.environ["PATH"], variable: value}
    assert place.ask(environ) == ("config-id", "got" if passed else "none")


def test_the_command_does_not_eat_our_stdin(place: Place) -> None:
    """``tokenkit token`` never prompts, and what is piped into us is not meant for a password manager."""
    place.command("import sys; print('read:' + sys.stdin.read())")
    ours, (reader, writer) = os.dup(0), os.pipe()
    os.write(writer, b"typed")
    os.close(writer)
    os.dup2(reader, 0)
    try:
        assert place.ask() == ("config-id", "read:")
    finally:
        os.dup2(ours, 0)
        os.close(ours)
        os.close(reader)


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        ("import sys; print('s3cret'); sys.exit(3)", "ended with 3"),
        ("print('s3cret'); print('x')", "printable"),
        ("pass", "printable"),
    ],
)
def test_a_command_that_gives_no_secret_is_an_error_that_shows_nothing_of_it(
    place: Place, program: str, complaint: str
) -> None:
    """R35: what the command printed may be half a secret."""
    place.command(program)
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        place.ask()
    assert "s3cret" not in str(caught.value) + caught.value.hint
    assert "[providers.google]" in caught.value.hint or "copy" in caught.value.hint


@pytest.mark.parametrize(
    ("word", "why"), [("/nonexistent/pass", "No such file"), ("a\\u0000b", "it holds a null byte")]
)
def test_a_command_that_cannot_be_run_is_an_error(word: str, why: str, place: Place) -> None:
    place.config.mkdir()
    (place.config / "config.toml").write_text(
        f'[providers.google]\nclient_id = "i"\nclient_secret_command = ["{word}"]\n'
    )
    with pytest.raises(ConfigurationError, match=f"cannot be run: {why}"):
        place.ask()


def test_a_command_that_does_not_end_is_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokenkit.config.client_command.COMMAND_DEADLINE", 0.1)
    place.command("import time; time.sleep(60)")
    with pytest.raises(ConfigurationError, match=r"more than 0\.1 s"):
        place.ask()


def test_a_command_that_prints_without_end_is_given_up_before_it_takes_all_memory(place: Place) -> None:
    place.command("while True: print('s3cret' * 1000)")
    with pytest.raises(ConfigurationError, match="printed more than 65536 bytes") as caught:
        place.ask()
    assert "s3cret" not in f"{caught.value}{caught.value.__context__}"


# The file


def test_the_file_is_ours_alone(place: Place) -> None:
    """R31: what a person gave lies in a private file of ours."""
    path = place.save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    with pytest.raises(FileRefused) as caught:
        place.ask()
    assert "chmod 600" in caught.value.hint


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(
    client_id=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1),
    secret=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1),
)
def test_what_is_written_is_read_back(place: Place, client_id: str, secret: str | None) -> None:
    """Whatever RFC 6749 appendix A lets a client id or secret be, quotes and backslashes included."""
    path = place.save(ClientRegistration(client_id, Secret(secret) if secret else None))
    assert tomllib.loads(path.read_text())["client_id"] == client_id
    assert place.ask(needs_secret=False) == (client_id, secret)


def test_no_file_is_named_by_a_provider_but_its_own(place: Place) -> None:
    path = Path(save_client(str(place.config), "../../evil", FILE))
    assert path.parent == place.config / "clients"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('client_id = "a"\nclient_secrets = "s3cret"', "there is no key client_secrets"),
        ('client_secret = "s3cret"', "client_id"),
        ('client_id = "a"\nclient_secret = 5', "client_secret"),
        ('client_id = "a"\nclient_secret = "s3cret\n', "line 2"),
    ],
)
def test_a_file_that_somebody_broke_is_an_error_that_shows_no_secret(place: Place, text: str, complaint: str) -> None:
    place.save().write_text(text)
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        place.ask()
    assert "s3cret" not in str(caught.value) + caught.value.hint
    assert caught.value.hint.endswith(" tokenkit client set google")


def test_a_file_that_no_tokenkit_wrote_hides_no_client(place: Place) -> None:
    folder = place.save().parent
    for stranger in ("Copy of google.toml", "%zz.toml", "google.toml~", ".toml"):
        (folder / stranger).write_text("?")
    assert stored_clients(str(place.config)) == ["google"]


def test_a_client_is_removed(place: Place) -> None:
    place.save()
    assert remove_client(str(place.config), "google")
    assert not remove_client(str(place.config), "google")
    with pytest.raises(ClientMissing):
        place.ask()


def test_the_list_names_sources_and_runs_no_command(place: Place, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    place.command(f"open({str(ran)!r}, 'w')")
    config = str(place.config / "config.toml")
    assert place.listed() == [("google", "config-id", True, config)]
    file = str(place.save(ClientRegistration("file-id")))
    save_client(str(place.config), "unknown", FILE)
    assert place.listed()[0] == ("google", "file-id", False, file)
    assert [client[0] for client in place.listed()] == ["google", "unknown"]
    assert place.listed(ENVIRONMENT)[0] == ("google", "env-id", True, "environment")
    assert not ran.exists()


# Google's download


def test_the_download_of_googles_console_is_read() -> None:
    """Desktop and TV clients say "installed", web clients "web"."""
    for kind in ("installed", "web"):
        client = google_download(json.dumps({kind: {"client_id": "i", "client_secret": "s", "x": 1}}).encode())
        assert client == ClientRegistration("i", Secret("s"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"installed": 1}',
        b'{"installed": {"client_id": "i"}}',
        b'{"installed": {"client_id": 1, "client_secret": "s3cret"}}',
        b'{"type": "service_account", "private_key": "s3cret"}',
        b'{"client_id": "i", "client_secret": "s3cret", "refresh_token": "s3cret"}',
    ],
)
def test_any_other_json_is_refused_with_the_way_to_get_the_right_one(data: bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        google_download(data)
    assert "s3cret" not in str(caught.value)
    assert caught.value.hint


def test_many_that_write_and_remove_one_file_at_once_leave_one_of_what_they_wrote(place: Place) -> None:
    """Each file has one temporary file; two that wrote it at once would take it from each other."""
    folder, secrets = str(place.config), [f"{number}" * 40 for number in range(4)]

    def change(secret: str) -> None:
        for _ in range(10):
            save_client(folder, "google", ClientRegistration("google-id", Secret(secret)))
            if secret == secrets[0]:
                remove_client(folder, "google")

    with ThreadPoolExecutor(len(secrets)) as threads:
        list(threads.map(change, secrets))
    save_client(folder, "google", ClientRegistration("google-id", Secret(secrets[1])))
    assert place.ask() == ("google-id", secrets[1])
    assert sorted(os.listdir(os.path.join(folder, "clients"))) == [".lock", "google.toml"]


def test_what_cannot_be_used_hides_no_other_registration_and_is_told_once(place: Place) -> None:
    """A broken config.toml would else be told for each provider that has no file of its own."""
    place.save()
    for name, text in {"spotify": "client_id = 5\n", "pocket": "no = [toml"}.items():
        path = place.config / "clients" / f"{name}.toml"
        path.write_text(text)
        path.chmod(0o600)
    (place.config / "config.toml").write_text("[")
    found, refused = list_clients(folders=place.folders, environ={}, app="tokenkit")
    assert [client.provider for client in found] == ["google"]
    assert sorted(str(error).partition(" ")[0].rpartition("/")[2] for error in refused) == [
        "client_id", "config.toml", "pocket.toml",
    ]  # fmt: skip
    assert all(error.hint for error in refused)
