"""A bare provider name that fits several accounts: what is said can be pasted, and then works (R4)."""

import tomllib

import pytest
from tokenkit.errors import AmbiguousAccount

from scripted import ScriptedKit


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path)
    kit.sign_in(name="wo'rk \N{SNOWMAN}")
    kit.sign_in(name="z")
    return kit


@pytest.fixture
def config(tmp_path):
    path = tmp_path / ".config" / "tokenkit" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def refused(kit):
    kit.configured._config = None
    with pytest.raises(AmbiguousAccount) as caught:
        kit.token("scripted")
    return caught.value


def test_the_hint_names_one_account_in_a_command(kit):
    assert "tokenkit token 'scripted/wo'\"'\"'rk \N{SNOWMAN}', or" in refused(kit).hint


@pytest.mark.parametrize("before", ["", "activity = false\n", "[providers.scripted]\nshadow = true\n"])
def test_the_two_lines_of_the_hint_make_a_default_of_it(kit, config, before):
    config.write_text(before)
    words, _, lines = refused(kit).hint.partition("\n")
    assert words.endswith(f"put these two lines at the end of {config}:")
    config.write_text(f"{before}{lines}\n")
    kit.configured._config = None
    assert kit.token("scripted")


def test_beside_other_defaults_the_hint_has_one_line_as_no_table_may_be_there_twice(kit, config):
    config.write_text('[defaults]\nspotify = "me"\n')
    words, _, line = refused(kit).hint.partition("\n")
    assert words.endswith(f"put this line under [defaults] in {config}:")
    assert tomllib.loads(line) == {"scripted": "wo'rk \N{SNOWMAN}"}


@pytest.mark.parametrize("name", ["gone", ""])
def test_a_default_that_names_no_account_is_said(name, kit, config):
    """A second line for it would make the file none that can be read."""
    config.write_text(f'[defaults]\nscripted = "{name}"\n')
    error = refused(kit)
    assert f"and the default '{name}' in config.toml is none of them" in str(error)
    assert f"change its line in {config} to:\nscripted = " in error.hint
