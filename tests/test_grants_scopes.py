"""A misspelled scope is reported before anything is sent, with the nearest known one; an unknown one can be forced."""

import shlex

import pytest
from tokenkit import ConsentRequired, UsageError
from tokenkit.grants.scopes import resolve_scopes

from scripted import ScriptedKit, ScriptedProvider
from tokenkit_providers import google

GOOGLE = google.provider()
GMAIL = "https://www.googleapis.com/auth/gmail"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("gmail.readony", "gmail.readonly"),
        ("Gmail.readonly", "gmail.readonly"),
        ("gmail-readonly", "gmail.readonly"),
        (f"{GMAIL}.readony", f"{GMAIL}.readonly"),
        ("nonsense", "tokenkit providers google"),
    ],
)
def test_a_scope_that_nobody_knows_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UsageError, match="has no scope") as raised:
        resolve_scopes(GOOGLE, [name])
    assert near in raised.value.hint
    assert f"--scopes raw:{name}" in raised.value.hint


@pytest.mark.parametrize("name", ["gmail.readonly;ls", '["gmail"]', "gmail*", "$(ls)", "a&b", "it's"])
def test_what_asks_for_a_scope_all_the_same_is_one_word_to_a_shell(name: str) -> None:
    with pytest.raises(UsageError, match="has no scope") as raised:
        resolve_scopes(GOOGLE, [name])
    command = raised.value.hint.partition("all the same: ")[2]
    assert shlex.split(command) == ["--scopes", f"raw:{name}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gmail.readonly", f"{GMAIL}.readonly"),
        (f"{GMAIL}.readonly", f"{GMAIL}.readonly"),
        ("raw:gmail.readony", "gmail.readony"),
        ("raw:nonsense", "nonsense"),
        ("https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/bigquery"),
    ],
)
def test_what_is_known_or_forced_or_plainly_meant_is_asked_for(name: str, value: str) -> None:
    assert resolve_scopes(GOOGLE, [name]) == [value]


@pytest.mark.parametrize("name", ["read write", "raw:a\tb", "\udcff\udcfe", "lesen-ü", "", " read"])
def test_what_cannot_be_a_scope_is_refused_before_a_person_is_sent_anywhere(name: str) -> None:
    """Two in one text would be granted one by one, and missing ever after."""
    with pytest.raises(UsageError, match="cannot be a scope") as raised:
        resolve_scopes(ScriptedProvider(), [name])
    assert raised.value.hint
    if name == "read write":
        assert raised.value.hint == "one by one: --scopes read,write, or scopes=['read', 'write']"


def test_the_hint_for_a_scope_that_was_never_granted_recommends_no_misspelled_one(tmp_path) -> None:
    """R4: the missing scopes are named, with the sign-in that asks for them."""
    kit = ScriptedKit(tmp_path)
    kit.sign_in()
    with pytest.raises(UsageError, match="has no scope 'wriet'"):
        kit.token("scripted", scopes=["wriet"])
    with pytest.raises(ConsentRequired) as raised:
        kit.token("scripted", scopes=["something.else"])
    assert raised.value.missing == ("something.else",)
    assert "raw:something.else" in raised.value.hint
    with pytest.raises(ConsentRequired) as raised:
        kit.token("scripted", scopes=["raw:something.else", "write"])
    assert raised.value.missing == ("something.else", "write")
