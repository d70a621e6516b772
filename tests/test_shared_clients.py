"""What a person began or gave on one machine of a fleet is there on the others."""

import pytest
from tokenkit import ClientRegistration, Secret
from tokenkit.cli.app import main
from tokenkit.errors import CallbackRefused, ClientMissing, ConfigurationError
from tokenkit.grants import rotate, shared_clients
from tokenkit.keys import jwks, rotation
from tokenkit.sandbox import CLIENTS

from fleet import ME, ask, authority, database, expire, machine, sign_in, url  # noqa: F401

pytest.importorskip("psycopg", reason="no psycopg: python -m pip install -e '.[test]' brings it")

pytestmark = pytest.mark.real

CLIENT = CLIENTS["google"]
REDIRECT = "http://127.0.0.1:9/callback/google"


@pytest.fixture
def bare(machine):  # noqa: F811
    """Make the kit of a machine whose environment names no client."""
    return lambda name, **options: machine(name, with_client=False, **options)


def test_a_registration_that_was_given_on_one_machine_is_there_on_another(bare, authority):  # noqa: F811
    """R31: so the second one can refresh what the first one has signed in."""
    first, second = bare("a"), bare("b")
    with pytest.raises(ClientMissing):
        second.begin("google", redirect_uri=REDIRECT, binding="b")
    assert first.configured.save_client("google", CLIENT) == "the shared store"
    sign_in(first, authority)
    expire(first)
    second = bare("b")
    assert second.token("google")
    assert second.client(second.provider("google")) == CLIENT


def test_the_secret_is_sealed_and_not_shown(bare, database, capsys):  # noqa: F811
    kit = bare("a")
    kit.configured.save_client("google", CLIENT)
    secret = CLIENT.client_secret.reveal()
    rows = str(ask(database, "SELECT record::text, convert_from(data, 'UTF8') FROM tokenkit.record"))
    assert secret not in rows
    assert secret not in repr(vars(kit.configured.shared_clients))
    known = kit.known_client("google")
    assert (known.source, known.client_id, known.has_secret) == ("the shared store", CLIENT.client_id, True)


def test_a_change_is_seen_by_a_process_that_runs_on(bare, monkeypatch):
    first, second = bare("a"), bare("b")
    first.configured.save_client("google", CLIENT)
    assert second.known_client("google")
    first.configured.save_client("google", ClientRegistration("other"))
    assert first.known_client("google").client_id == "other"
    monkeypatch.setattr(shared_clients, "READ_AGAIN", -1.0)
    assert second.known_client("google").client_id == "other"
    assert second.configured.remove_client("google")
    assert first.known_client("google") is None
    assert not first.configured.remove_client("google")


def test_the_environment_of_a_machine_goes_before(machine):  # noqa: F811
    machine("a").configured.save_client("google", ClientRegistration("other"))
    assert machine("a").known_client("google").client_id == CLIENT.client_id


def test_all_of_them_are_listed(bare):
    kit = bare("a")
    kit.configured.save_client("google", CLIENT)
    kit.configured.save_client("acme", ClientRegistration("public"))  # of a provider that this machine does not know
    assert [(each.provider, each.has_secret) for each in kit.configured.known_clients()[0]] == [
        ("acme", False), ("google", True)
    ]  # fmt: skip


def test_a_value_that_no_server_has_issued_is_refused(bare):
    with pytest.raises(ConfigurationError, match="printable"):
        bare("a").configured.save_client("google", ClientRegistration("id", Secret("two\nlines")))


def test_a_rotation_of_the_key_takes_them_along(bare):
    kit = bare("a")
    kit.configured.save_client("google", CLIENT)
    both = jwks.dump(rotation.added(kit.records.ring.keys())).decode()
    rotated = bare("a", key=both)
    rotate.finish(rotated.records)
    assert set(rotate.records_by_kid(rotated.records)) == {rotated.records.ring.current().kid}
    assert bare("b", key=both).client(rotated.provider("google")) == CLIENT


def test_the_command_says_where_it_stores_and_removes(bare, monkeypatch, capsys):
    for name, value in bare("a").configured.environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main(["client", "set", "google", "--client-id", "mine", "--client-secret", "hush"])
    assert "Stored in the shared store. Next: tokenkit login google" in capsys.readouterr().err
    assert bare("b").known_client("google").client_id == "mine"
    with pytest.raises(SystemExit):
        main(["client", "remove", "google"])
    assert bare("c").known_client("google") is None


def test_a_sign_in_that_was_begun_on_one_machine_is_completed_on_another(machine, authority):  # noqa: F811
    """R21, R22: once, and by the browser session that began it, whichever machine it comes back to."""
    first, second, third = machine("a"), machine("b"), machine("c")
    pending = first.begin("google", redirect_uri=REDIRECT, binding="mine")
    answer = authority.approve(pending.url, as_user=ME.name)
    with pytest.raises(CallbackRefused):
        second.complete(answer, binding="another's")
    assert second.complete(answer, binding="mine") == ME
    for kit in (first, third):
        with pytest.raises(CallbackRefused, match="was used already"):
            kit.complete(answer, binding="mine")
    assert third.token("google").value == first.token("google").value


def test_no_program_that_we_start_gets_the_password_of_the_database(machine):  # noqa: F811
    """R28: neither the command that prints a client secret, nor one that notifies."""
    from tokenkit.config.client_command import environment_of_programs

    given = {**machine("a").configured.environ, "PGPASSWORD": "hunter2"}
    left = environment_of_programs(given, "tokenkit")
    assert "hunter2" not in left.values()
    assert not [name for name in left if name.startswith("TOKENKIT_")]
    assert left["HOME"] == given["HOME"]
