import os

import pytest
from tokenkit import seal
from tokenkit.errors import KeyUnavailable, StoreUnavailable, UsageError
from tokenkit.keys import jwks, rotation
from tokenkit.keys.choice import key_source
from tokenkit.paths import folders

KEYS = jwks.KeyList(3, (seal.Key("one", bytes(range(32))), seal.Key("two", bytes(32))))
BARE = seal.b64url_encode(bytes(range(32))).decode()


@pytest.fixture
def source(home):
    """The key source under the given environment."""
    return lambda app="tokenkit", **environ: key_source(folders(app, {"HOME": str(home)}), environ, app)


@pytest.fixture
def credentials(tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    return folder


def test_a_variable_gives_a_whole_jwk_set(source):
    given = source(TOKENKIT_KEY=jwks.dump(KEYS).decode() + "\n")
    assert given.load() == KEYS
    assert given.describe() == "the variable TOKENKIT_KEY"
    assert given.version() == given.version()


def test_an_app_has_a_variable_of_its_own(source):
    assert source("pocketpaw", POCKETPAW_KEY=BARE, TOKENKIT_KEY="x").load().first.secret == bytes(range(32))


def test_a_bare_key_has_the_same_kid_at_every_start_and_the_kid_does_not_give_it_away(source):
    """R28: a random kid would be another one in every process."""
    one, two = (source(TOKENKIT_KEY=BARE).load().first for _ in range(2))
    assert one == two
    assert one.kid not in BARE
    assert source(TOKENKIT_KEY=seal.b64url_encode(bytes(32)).decode()).load().first.kid != one.kid


def test_a_credential_of_the_service_manager_beats_the_variable_and_is_seen_when_it_changes(source, credentials):
    path = credentials / "tokenkit.key"
    path.write_text(BARE + "\n")
    path.chmod(0o440)  # as systemd has it
    given = source(CREDENTIALS_DIRECTORY=str(credentials), TOKENKIT_KEY="x")
    assert given.load().first.secret == bytes(range(32))
    before = given.version()
    path.unlink()
    path.write_bytes(jwks.dump(KEYS))
    assert given.version() != before
    assert given.load() == KEYS


def test_a_credential_that_cannot_be_read_is_not_taken_for_absent(source, credentials):
    (credentials / "tokenkit.key").mkdir()
    with pytest.raises(StoreUnavailable, match=r"tokenkit\.key"):
        source(CREDENTIALS_DIRECTORY=str(credentials)).load()
    (credentials / "tokenkit.key").rmdir()
    (credentials / "tokenkit.key").write_bytes(b"\xff")
    with pytest.raises(KeyUnavailable, match="not text"):
        source(CREDENTIALS_DIRECTORY=str(credentials)).load()


def test_without_a_value_the_key_file_is_the_source(source, credentials):
    assert source(TOKENKIT_KEY="", CREDENTIALS_DIRECTORY=str(credentials)).describe().endswith("keys.json")


@pytest.mark.parametrize("text", ["secret-but-no-key", BARE + "=", BARE[:-4], "{", '{"keys": []}', " "])
def test_a_value_that_is_no_key_is_an_error_that_does_not_show_it(source, text):
    """R35: a wrong key may be half of the right one."""
    with pytest.raises(KeyUnavailable) as raised:
        source(TOKENKIT_KEY=text).load()
    assert "TOKENKIT_KEY" in str(raised.value)
    assert "`env -u TOKENKIT_KEY tokenkit key export`" in raised.value.hint  # with it set, that fails likewise
    assert "secret-but" not in f"{raised.value}{raised.value.hint}"


def test_the_command_that_mends_a_value_is_of_its_app_and_runs_without_it(source, credentials):
    with pytest.raises(KeyUnavailable) as raised:
        source("pocketpaw", POCKETPAW_KEY="x").load()
    assert "`env -u POCKETPAW_KEY tokenkit --app pocketpaw key export`" in raised.value.hint
    (credentials / "tokenkit.key").write_text("x")
    with pytest.raises(KeyUnavailable) as raised:
        source(CREDENTIALS_DIRECTORY=str(credentials)).load()
    assert "`env -u CREDENTIALS_DIRECTORY tokenkit key export`" in raised.value.hint


def test_what_we_cannot_write_we_do_not_change(source, home):
    """R29: the person changes the environment, we say to what."""
    given = source(TOKENKIT_KEY=BARE)
    assert not given.writable
    with pytest.raises(UsageError, match="cannot change") as raised:
        given.change(rotation.added)
    assert "restart" in raised.value.hint
    assert os.listdir(home) == []
