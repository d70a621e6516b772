"""A code that was exchanged: the grant that it brought is kept, whatever is raised between answer and record (R9)."""

import json
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from tokenkit.errors import (
    CallbackRefused,
    ClientRefused,
    ConsentDenied,
    InvalidAnswer,
    ProviderBroken,
    ProviderUnavailable,
    StoreUnavailable,
)
from tokenkit.grant import Grant
from tokenkit.provider import Identity, Request, Response
from tokenkit.signing_in.sign_in import sign_in
from tokenkit.token import AccessToken, Secret

from scripted import ScriptedKit, ScriptedProvider, stored

TOKEN_REQUEST = Request("POST", "https://scripted.example/token")
NEW = {"access_token": "new-access", "refresh_token": "new-refresh", "token_type": "Bearer", "expires_in": 3600}

TROUBLE = [
    MemoryError(),
    RecursionError(),
    ImportError("too many open files"),
    RuntimeError("a bug"),
    OSError(24, "too many open files"),
    StopIteration(),
    AssertionError(),
    ProviderUnavailable("a second request failed"),
    ProviderUnavailable("a second request was not sent", sent=False),
    InvalidAnswer("a second answer was HTML"),
    ProviderBroken("scripted", "complete"),
]
INTERRUPTIONS = [KeyboardInterrupt(), SystemExit(3), GeneratorExit()]
REFUSALS = [CallbackRefused("another nonce"), ConsentDenied("no"), ClientRefused("another client")]


def named(error):
    return type(error).__name__


class TalkingProvider(ScriptedProvider):
    """Asks over HTTP as a plugin does, reads the answer itself, and then raises or returns what it is told to."""

    then = None
    returns = None
    whose = None

    def complete(self, ctx, client, pending, answer):
        return self._talk(ctx, pending.scopes)

    def refresh(self, ctx, client, grant):
        return self._talk(ctx, grant.asked)

    def device(self, ctx, client, request, show):
        show("https://scripted.example/device", "ABCD")
        ctx.sleep(5)
        return self._talk(ctx, frozenset(request.scopes))

    def identify(self, ctx, client, grant):
        if isinstance(self.whose, BaseException):
            raise self.whose
        return self.whose or super().identify(ctx, client, grant)

    def _talk(self, ctx, asked):
        members = json.loads(ctx.send(TOKEN_REQUEST).body)
        if self.then is not None:
            raise self.then
        if self.returns is not None:
            return self.returns
        token = AccessToken(members["access_token"], expires_at=ctx.now() + 3600, obtained_at=ctx.now())
        tokens = {"": token}
        return Grant(self.name, tokens, Secret(members["refresh_token"]), asked, asked, extra={"only": "the plugin"})


@pytest.fixture
def kit(tmp_path):
    kit = ScriptedKit(tmp_path, provider=TalkingProvider())
    kit.asked = []

    def send(request):
        kit.asked.append(request)
        return Response(200, (("Content-Type", "application/json"),), json.dumps(NEW).encode(), kit.clock.now())

    context = kit.refresher.context._replace(send=send)
    kit.refresher.context = kit.context = context
    kit.authorizations._ctx = kit.authorizations.linker._ctx = context
    return kit


def by_browser(kit):
    return kit.sign_in()


def by_device(kit):
    return sign_in(kit.authorizations, kit.scripted, None, way="device", say=lambda text: None)


def by_a_host_of_its_own(kit):
    return kit.complete(provider="scripted", code="c", redirect_uri="https://host.example/callback")


ways = pytest.mark.parametrize("signs_in", [by_browser, by_device, by_a_host_of_its_own])


def kept(kit):
    """The one account, with what the answer brought, for one request."""
    (kit.me,) = kit.accounts()
    grant = stored(kit)
    assert grant.access_token.value == "new-access"
    assert grant.refresh_token.reveal() == "new-refresh"
    assert grant.client_id == "client-1"
    assert len(kit.asked) == 1
    return grant


@ways
@pytest.mark.parametrize("error", TROUBLE, ids=named)
def test_trouble_after_the_answer_costs_nothing(kit, signs_in, error):
    """R9: on every exception, ours or not. R18: the code is exchanged once all the same."""
    kit.scripted.then = error
    signs_in(kit)
    assert str(kept(kit).subject) == "subject-1"


@pytest.mark.parametrize("error", INTERRUPTIONS, ids=named)
@pytest.mark.parametrize("signs_in", [by_browser, by_a_host_of_its_own])
def test_what_ends_the_program_goes_on_once_the_grant_is_stored(kit, signs_in, error):
    kit.scripted.then = error
    with pytest.raises(type(error)):
        signs_in(kit)
    kept(kit)


def test_ctrl_c_before_a_device_is_confirmed_stores_nothing(kit):
    """R25: nobody has said yet whose account it is."""
    kit.scripted.then = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        by_device(kit)
    assert kit.accounts() == []


@ways
@pytest.mark.parametrize("error", REFUSALS, ids=named)
def test_an_answer_that_the_plugin_refuses_is_not_kept(kit, signs_in, error):
    """R23: a nonce, an issuer or a client that is another is no trouble."""
    kit.scripted.then = error
    with pytest.raises(type(error)):
        signs_in(kit)
    assert kit.accounts() == []


JUNK = {
    "nothing": SimpleNamespace(),
    "a mapping": {"access_token": "x"},
    "tokens of text": Grant("scripted", {"": "new-access"}),
    "a refresh token of text": Grant("scripted", {}, "new-refresh"),
    "scopes of numbers": Grant("scripted", {}, Secret("new-refresh"), frozenset({1, 2})),
    "no token": Grant("scripted", {}),
    "another provider's": Grant("google", {"": AccessToken("new-access")}, Secret("new-refresh")),
    "a time of text": Grant("scripted", {}, Secret("new-refresh")).renewed(authorized_at="now"),
    "what is no JSON": Grant("scripted", {}, Secret("new-refresh"), extra={"x": object()}),
}


@ways
@pytest.mark.parametrize("junk", JUNK)
def test_a_plugin_that_returns_junk_costs_nothing(kit, signs_in, junk):
    """R9: its types are not checked before it runs."""
    kit.scripted.returns = JUNK[junk]
    signs_in(kit)
    kept(kit)


@pytest.mark.parametrize("junk", JUNK)
def test_a_refresh_that_returns_junk_costs_nothing(kit, junk):
    """R9 and R12: the new refresh token was heard."""
    kit.me = kit.sign_in()
    kit.scripted.returns = JUNK[junk]
    kit.asked.clear()
    newer = {**NEW, "refresh_token": "newer-refresh"}
    kit.refresher.context = kit.refresher.context._replace(
        send=lambda request: Response(200, (), json.dumps(newer).encode(), kit.clock.now())
    )
    began = kit.clock.now()
    assert kit.refresh("scripted").value == "new-access"
    assert stored(kit).refresh_token.reveal() == "newer-refresh"
    assert kit.clock.now() == began, "it was stored at the first try"


def test_an_error_that_passes_costs_nothing_of_what_the_plugin_reads(kit, monkeypatch):
    """R9: the plugin reads the same answer again, so that what only it understands is kept, too."""
    talk, calls = kit.scripted._talk, []

    def fails_once(ctx, asked):
        grant = talk(ctx, asked)
        calls.append(grant)
        if len(calls) == 1:
            raise MemoryError
        return grant

    monkeypatch.setattr(kit.scripted, "_talk", fails_once)
    kit.sign_in()
    assert kept(kit).extra == {"only": "the plugin"}


def test_a_device_code_is_shown_once_though_the_plugin_is_asked_again(kit):
    kit.scripted.then = MemoryError()
    shown = []
    began = kit.clock.now()
    sign_in(kit.authorizations, kit.scripted, None, way="device", show=lambda *args: shown.append(args))
    assert len(shown) == 1
    assert kit.clock.now() == began + 5, "nobody waits twice"


# Whose it is.


@ways
@pytest.mark.parametrize(
    "whose",
    [*TROUBLE, *REFUSALS, SimpleNamespace(), ("a", "b"), Identity(1, "me"), Identity("1", None)],
    ids=lambda value: type(value).__name__,
)
def test_a_provider_that_cannot_say_whose_it_is_costs_nothing(kit, signs_in, whose):
    kit.scripted.whose = whose
    signs_in(kit)
    assert kept(kit).subject == ""


@pytest.mark.parametrize("error", INTERRUPTIONS, ids=named)
@pytest.mark.parametrize("signs_in", [by_browser, by_a_host_of_its_own])
def test_ctrl_c_while_it_is_asked_whose_it_is_goes_on_once_the_grant_is_stored(kit, signs_in, error):
    kit.scripted.whose = error
    with pytest.raises(type(error)):
        signs_in(kit)
    kept(kit)


# The store.


@pytest.mark.parametrize("step", ["names", "load", "version", "save", "lease", "note"])
@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), StoreUnavailable("away"), MemoryError(), KeyboardInterrupt()], ids=named
)
def test_a_store_that_fails_once_after_the_answer_costs_nothing(kit, monkeypatch, step, error):
    """R9: most troubles of a disk pass; Ctrl-C goes on once the grant is stored."""
    store, failed = kit.records.store, []
    works = getattr(store, step)

    def fails_once(*args, **options):
        if kit.asked and not failed:
            failed.append(step)
            raise error
        return works(*args, **options)

    monkeypatch.setattr(store, step, fails_once)
    goes_on = nullcontext() if isinstance(error, Exception) else pytest.raises(type(error))
    with goes_on:
        kit.sign_in()
    assert failed
    kept(kit)


# Asked again.


def once(kit, monkeypatch, *errors):
    """Let the plugin raise each of these in turn, once it has its answer; then it returns what it reads."""
    talk, left = kit.scripted._talk, list(errors)

    def tells(ctx, asked):
        grant = talk(ctx, asked)
        if left:
            raise left.pop(0)
        return grant

    monkeypatch.setattr(kit.scripted, "_talk", tells)


@ways
@pytest.mark.parametrize("error", REFUSALS, ids=named)
def test_a_refusal_stands_though_the_plugin_would_accept_the_answer_if_it_were_asked_again(
    kit, monkeypatch, signs_in, error
):
    """R23: a nonce that was compared once is spent, and a second look proves nothing."""
    once(kit, monkeypatch, error)
    with pytest.raises(type(error)):
        signs_in(kit)
    assert kit.accounts() == []


@ways
@pytest.mark.parametrize("error", REFUSALS, ids=named)
def test_what_the_plugin_refuses_when_it_is_asked_again_is_not_kept(kit, monkeypatch, signs_in, error):
    """R23: trouble came before the comparison, which then fails."""
    once(kit, monkeypatch, MemoryError(), error)
    with pytest.raises(type(error)):
        signs_in(kit)
    assert kit.accounts() == []


def test_what_is_read_without_the_plugin_has_the_scopes_that_were_asked_for_and_its_end(kit, monkeypatch):
    """R16: an answer that names no scopes granted those; R9: and all else that every token answer has."""
    monkeypatch.setitem(NEW, "refresh_token_expires_in", 86400)
    kit.scripted.then = RuntimeError("a bug")
    kit.sign_in(scopes=["https://scripted.example/read"])
    grant = kept(kit)
    assert grant.scopes == grant.asked == {"https://scripted.example/read"}
    assert grant.refresh_expires_at == kit.clock.now() + 86400
