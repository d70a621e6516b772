"""A refresh whose answer was heard: its grant is kept, whatever is raised between the answer and the record (R9)."""

import json
import resource

import pytest
from tokenkit.errors import ClientRefused, ConsentRequired, InvalidAnswer, ProviderUnavailable
from tokenkit.provider import Request, Response
from tokenkit.store.files import FileStore
from tokenkit.token import AccessToken, Secret

from scripted import ScriptedKit, ScriptedProvider, expire, stored

TOKEN_REQUEST = Request("POST", "https://scripted.example/token")


class TalkingProvider(ScriptedProvider):
    """Asks over HTTP as a plugin does, reads the answer itself, and then raises what it is told to."""

    then = None

    def refresh(self, ctx, client, grant):
        members = json.loads(ctx.send(TOKEN_REQUEST).body)
        try:
            return self._renewed(grant, members, ctx.now())
        finally:
            if self.then is not None:
                raise self.then

    def _renewed(self, grant, members, now):
        token = AccessToken(members["access_token"], expires_at=now + 3600, obtained_at=now)
        return grant.renewed(access_tokens={"": token}, refresh_token=Secret(members["refresh_token"]))


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(
        tmp_path, provider=TalkingProvider(), store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state"))
    )
    kit.me = kit.sign_in()
    expire(kit)
    return kit


def answering(kit, *answers, status=200):
    """Let the provider answer with these in turn; return the list of what it was asked."""
    asked, bodies = [], [*answers]

    def send(request):
        asked.append(request)
        body = json.dumps(bodies.pop(0)).encode()
        return Response(status, (("Content-Type", "application/json"),), body, kit.clock.now())

    kit.refresher.context = kit.refresher.context._replace(send=send)
    return asked


NEW = {"access_token": "new-access", "refresh_token": "new-refresh", "token_type": "Bearer", "expires_in": 3600}


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RecursionError(),
        ImportError("too many open files"),
        RuntimeError("a bug"),
        OSError(24, "too many open files"),
        ProviderUnavailable("a second request failed"),
        InvalidAnswer("a second answer was HTML"),
        ClientRefused("a second request was refused"),
        ConsentRequired("it may have ended", presumed=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_answer_is_kept_whatever_a_plugin_raises_after_it(kit, error):
    """R9: any exception, ours or not. R12: where the new refresh token was read, the old one is never sent again."""
    asked = answering(kit, NEW)
    kit.scripted.then = error
    assert kit.token("scripted").value == "new-access"
    assert stored(kit).refresh_token.reveal() == "new-refresh"
    assert len(asked) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)], ids=lambda error: type(error).__name__)
def test_what_ends_the_program_goes_on_once_the_answer_is_saved(kit, error):
    """R9: from the answer on, the grant is kept; R7: an end of the program waits for that."""
    answering(kit, NEW)
    kit.scripted.then = error
    with pytest.raises(type(error)):
        kit.token("scripted")
    kit.scripted.then = None
    assert stored(kit).refresh_token.reveal() == "new-refresh"
    assert kit.token("scripted").value == "new-access"


def test_an_error_that_passes_costs_nothing_of_what_the_plugin_reads(kit, monkeypatch):
    """R9: the plugin reads the same answer again, so that what only it understands is kept, too."""
    answering(kit, NEW)
    renewed, calls = kit.scripted._renewed, []

    def fails_once(grant, members, now):
        calls.append(members)
        if len(calls) == 1:
            raise MemoryError
        return renewed(grant, members, now).renewed(extra={"only": "the plugin"})

    monkeypatch.setattr(kit.scripted, "_renewed", fails_once)
    assert kit.token("scripted").value == "new-access"
    assert stored(kit).extra == {"only": "the plugin"}


def test_an_answer_without_a_new_refresh_token_is_no_reason_to_hide_an_error(kit):
    """R12: nothing was rotated, so the error stands."""
    answering(kit, {"access_token": "new-access"})
    kit.scripted.then = ClientRefused("the client secret is wrong")
    with pytest.raises(ClientRefused):
        kit.token("scripted")
    assert stored(kit).access_token.value != "new-access"


def test_a_provider_that_says_that_the_grant_has_ended_is_believed(kit):
    """R13: whatever else its answer holds."""
    answering(kit, NEW)
    kit.scripted.then = ConsentRequired("refused", reason="you have left")
    with pytest.raises(ConsentRequired, match="you have left"):
        kit.token("scripted")


def test_a_process_that_may_open_no_more_files_from_the_request_on_saves_its_grant(kit):
    """R9: the new file, its lock and its folder were opened before."""
    answering(kit, NEW)
    send = kit.refresher.context.send
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    def use_up(request):
        answer = send(request)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
        return answer

    kit.refresher.context = kit.refresher.context._replace(send=use_up)
    began = kit.clock.now()
    try:
        assert kit.token("scripted").value == "new-access"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert kit.clock.now() == began  # at the first try
    assert stored(kit).refresh_token.reveal() == "new-refresh"
    assert not kit.refresher.unsaved.accounts


def test_a_sign_in_is_stored_though_the_disk_fails_once(tmp_path, monkeypatch):
    """R18: the code is spent by then."""
    kit = ScriptedKit(tmp_path, store=FileStore(str(tmp_path / "tokens"), str(tmp_path / "state")))
    save, failed = kit.records.store.save, []

    def fails_once(name, data, *, replaces, due=None):
        version = save(name, data, replaces=replaces)
        if name.kind == "grant" and not failed:
            failed.append(name)
            raise OSError(5, "Input/output error")  # after the rename: only the folder's fsync failed
        return version

    monkeypatch.setattr(kit.records.store, "save", fails_once)
    kit.me = kit.sign_in()
    assert failed
    assert [str(account) for account in kit.accounts()] == ["scripted/me@example.com"]
    assert stored(kit).refresh_token == kit.scripted._current
    assert not list(kit.records.store.names("quarantine"))
