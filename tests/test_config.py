"""What people configure: config.toml."""

import os
import signal
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from tokenkit import TokenKit
from tokenkit.config import Config, ProviderSettings, load_config
from tokenkit.config import file as config_file
from tokenkit.errors import ConfigurationError
from tokenkit.toml_file import parse_toml

from patience import PATIENCE

FULL = """
[defaults]
google = "me@example.com"

[providers.google]
shadow = true
redirect_port = 8765
client_id = "id-1"
client_secret_command = ["pass", "show", "google"]
base_url = "http://127.0.0.1:1/google"
region = "eu"

[accounts."homeassistant/me"]
insecure_hosts = ["ha.lan:8123"]

[accounts."other/me"]
insecure_hosts = ["other.lan"]
"""


def load(folder: Path, text: str) -> Config:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return load_config(str(folder))


def refusal(folder: Path, text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text)
    assert str(folder / "config.toml") in str(caught.value)
    assert caught.value.hint
    return caught.value


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    config = load_config(str(tmp_path / "absent"))
    assert config == Config()
    assert config.settings("google") == ProviderSettings()
    assert config.insecure_hosts() == frozenset()


def test_everything_that_is_written_is_read(tmp_path: Path) -> None:
    config = load(tmp_path, FULL)
    assert config.defaults == {"google": "me@example.com"}
    google = config.settings("google")
    assert (google.shadow, google.redirect_port, google.client_id) == (True, 8765, "id-1")
    assert google.client_secret_command == ("pass", "show", "google")
    assert config.settings("spotify") == ProviderSettings()


def test_the_other_keys_of_a_provider_are_options_of_its_plugin(tmp_path: Path) -> None:
    """The plugin refuses those that it does not know, so no typo is silent."""
    options = load(tmp_path, FULL).settings("google").options
    assert options == {"base_url": "http://127.0.0.1:1/google", "region": "eu"}
    assert not options.keys() & {item.name for item in fields(ProviderSettings)}


def test_plain_http_is_opted_in_to_by_account(tmp_path: Path) -> None:
    """R32: the opt-in is for one account, not for a provider."""
    config = load(tmp_path, FULL)
    assert config.insecure_hosts("homeassistant/me") == {"ha.lan:8123"}
    assert config.insecure_hosts("google/me") == frozenset()
    assert config.insecure_hosts() == {"ha.lan:8123", "other.lan"}


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ('[default]\ngoogle = "me"', "default", "defaults"),
        ('[provider.google]\nbase_url = "x"', "provider", "providers"),
        ('[accounts."a/b"]\ninsecure_host = ["h"]', "accounts.a/b.insecure_host", "insecure_hosts"),
    ],
)
def test_an_unknown_key_is_an_error_that_names_the_nearest_known_one(
    tmp_path: Path, text: str, key: str, nearest: str
) -> None:
    error = refusal(tmp_path, text)
    assert f"there is no key {key}" in str(error)
    assert error.hint == f"did you mean {nearest}?"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[providers.google]\nredirect_port = "80"', "providers.google.redirect_port"),
        ("[providers.google]\nredirect_port = 65536", "providers.google"),
        ("[providers.google]\nshadow = 1", "providers.google.shadow"),
        ('[providers.google]\nclient_secret_command = "pass show"', "providers.google.client_secret_command"),
        ('[providers.google]\nclient_secret_command = ["pass"]', "client_id"),
        ("[providers]\ngoogle = 1", "providers.google"),
        ("providers = 1", "providers"),
        ("[defaults]\ngoogle = 1", "defaults.google"),
        ('[accounts."a/b"]\ninsecure_hosts = ["h/path"]', "'h/path' is not a host"),
        ('[accounts."a/b"]\ninsecure_hosts = ["http://h"]', "accounts.a/b"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_that_names_its_key(tmp_path: Path, text: str, key: str) -> None:
    said = str(refusal(tmp_path, text))
    assert key in said
    assert "Value error" not in said


def test_what_is_not_toml_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in str(refusal(tmp_path, "[defaults]\ngoogle = \n"))


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigurationError, match="not a regular file"):
        load_config(str(tmp_path))


def test_a_link_to_a_file_that_is_not_there_is_no_empty_configuration(tmp_path: Path) -> None:
    """On a disk that is not mounted it may name a store, clients, and that nothing is to be logged."""
    path = tmp_path / "config.toml"
    path.symlink_to(tmp_path / "unmounted" / "config.toml")
    with pytest.raises(ConfigurationError, match=f"{path} is a link that leads nowhere") as caught:
        load_config(str(tmp_path))
    assert caught.value.hint.endswith(f"rm {path}")


def test_the_file_may_be_a_link_into_somebodys_dotfiles(tmp_path: Path) -> None:
    dotfile = tmp_path / "dotfiles.toml"
    dotfile.write_text('[defaults]\ngoogle = "me"\n')
    (tmp_path / "config.toml").symlink_to(dotfile)
    assert load_config(str(tmp_path)).defaults == {"google": "me"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_another_thread_reads_the_configuration_does_not_wait_for_it(tmp_path, monkeypatch):
    """R7: the thread that reads it is not in the child."""
    kit, reading, go_on = TokenKit(environ={"HOME": str(tmp_path)}), threading.Event(), threading.Event()

    def slow(folder):
        reading.set()
        assert go_on.wait(PATIENCE)
        return Config()

    monkeypatch.setattr("tokenkit.config.load_config", slow)
    reader = threading.Thread(target=lambda: kit.config)
    reader.start()
    assert reading.wait(PATIENCE)
    child = os.fork()
    if child == 0:
        signal.alarm(int(PATIENCE))
        monkeypatch.setattr("tokenkit.config.load_config", lambda folder: Config())
        os._exit(0 if kit.config == Config() else 1)
    go_on.set()
    reader.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_file_that_is_as_before_is_read_and_not_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of providers asks at each of them, and what a person has corrected counts at once."""
    parsed: list[bytes] = []

    def counted(path: str, data: bytes) -> dict[str, Any]:
        parsed.append(data)
        return parse_toml(path, data)

    monkeypatch.setattr(config_file, "parse_toml", counted)
    for port in (8765, 8765, 8766):
        assert load(tmp_path, f"[providers.google]\nredirect_port = {port}\n").settings("google").redirect_port == port
    assert len(parsed) == 2
