"""Whatever the provider's side does, nobody is signed out, and the next good answer is used (R12 to R16)."""

import shutil

import pytest
from tokenkit import ClientRefused, ConsentRequired, GrantSuperseded, InvalidAnswer, ProviderError, ProviderUnavailable

pytestmark = pytest.mark.slow

HTML = b"<!doctype html><title>Sign in to the hotel's network</title>"


@pytest.fixture
def kit(assistant):
    """A kit whose back-off passes without waiting."""
    kit = assistant.kit()
    kit.authority = assistant.authority
    kit.refreshes = assistant.refreshes
    assistant.expire()
    return kit


FAULTS = {
    "500": ({"status": 500}, ProviderUnavailable, 2),
    "502 with a page": (
        {"status": 502, "body": HTML, "headers": {"Content-Type": "text/html"}},
        ProviderUnavailable,
        2,
    ),
    "503": ({"status": 503}, ProviderUnavailable, 2),
    "504": ({"status": 504}, ProviderUnavailable, 2),
    "503 with Retry-After": ({"status": 503, "headers": {"Retry-After": "120"}}, ProviderUnavailable, 1),
    "429 with Retry-After": ({"status": 429, "headers": {"Retry-After": "120"}}, ProviderUnavailable, 1),
    "an empty body": ({"status": 200}, InvalidAnswer, 2),
    "a page": ({"status": 200, "body": HTML, "headers": {"Content-Type": "text/html"}}, InvalidAnswer, 2),
    "JSON that is no object": ({"status": 200, "body": b"[1]"}, InvalidAnswer, 2),
    "gigabytes": ({"status": 200, "body": b"{" + b" " * 2_000_000}, InvalidAnswer, 2),
    "a redirect": ({"status": 307, "headers": {"Location": "https://evil.example/"}}, ProviderError, None),
    "a cut connection": ({"drop": True}, ProviderUnavailable, 2),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_is_told_as_such_and_the_session_lives(kit, fault):
    """R12, R14: transient is never "signed out"; what is sent twice is counted."""
    script, error, requests = FAULTS[fault]
    kit.authority.next("token", times=2, **script)
    with pytest.raises(error) as caught:
        kit.token("google")
    assert not isinstance(caught.value, ConsentRequired)
    assert requests is None or kit.refreshes() == requests
    _drain(kit)
    assert kit.refresh("google", force=True)


def _drain(kit):
    """Let the second of the two scripted faults pass, where only one request was made."""
    if kit.refreshes() == 1:
        with pytest.raises(ProviderError):
            kit.refresh("google", force=True)


def test_an_answer_lost_after_the_server_rotated_is_told_in_words(kit):
    """The one window that nobody can close: the retry meets a server without grace (R8, R12)."""
    kit.authority.next("token", drop=True, acts=True)
    with pytest.raises(ConsentRequired, match="answer to an earlier refresh was lost"):
        kit.token("google")
    assert kit.refreshes() == 2


def test_a_wrong_secret_is_a_configuration_error_and_ends_when_it_is_mended(kit, assistant, monkeypatch):
    """R13: an error of configuration is never latched."""
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", "wrong")
    with pytest.raises(ClientRefused):
        assistant.kit().token("google")
    monkeypatch.setenv("TOKENKIT_GOOGLE_CLIENT_SECRET", "sandbox-google-secret")
    assert assistant.kit().refresh("google", force=True)


def test_a_restored_backup_of_the_whole_folder_is_told_and_not_used(kit, assistant, tmp_path):
    """R10: its refresh token was rotated away, and using it would end the session everywhere."""
    tokens = kit.folders.tokens
    shutil.copytree(tokens, tmp_path / "backup")
    kit.token("google")
    shutil.rmtree(tokens)
    shutil.copytree(tmp_path / "backup", tokens)
    with pytest.raises(GrantSuperseded, match="backup"):
        assistant.kit().token("google")
    assert kit.refreshes() == 1
