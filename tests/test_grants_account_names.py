"""What people type finds the account that they mean, or is told what they may have meant (R4)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tokenkit import Account, AmbiguousAccount, ConsentRequired, TokenKit, UnknownAccount, UnknownProvider, UsageError
from tokenkit.grant import Grant
from tokenkit.provider import Context
from tokenkit.store.memory import MemoryStore
from tokenkit.token import AccessToken, Secret

from world import NOW, World

Stored = Callable[..., TokenKit]


@pytest.fixture(params=["memory", "files"])
def stored(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """A kit with these accounts, in memory and in files, which take no name of a provider that none can have."""
    monkeypatch.setenv("TOKENKIT_KEY", "A" * 43)

    def kit(*names: str) -> TokenKit:
        context: Context = World().ctx
        made = TokenKit(store=MemoryStore() if request.param == "memory" else None, context=context, background=False)
        for name in names:
            provider = name.partition("/")[0]
            token = AccessToken(f"of-{name.encode().hex()}", expires_at=NOW + 3600, obtained_at=NOW)
            account = Account(provider, name.partition("/")[2])
            made.records.save(account, Grant(provider, {"": token}, Secret("refresh")), replaces=None)
        return made

    return kit


ME, OTHER = "google/me02@example.com", "google/other@example.com"


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("google/me02", ME),
        ("google/ME02@Example.com", ME),
        ("Google/me02@example.com", ME),
        ("GOOGLE/me02@", ME),
        ("google/ me02@example.com ", ME),
        ("google/\uff4de02@example.com", ME),
        ("me02@example.com", ME),
        ("ME02@example.com", ME),
        ("Spotify", "spotify/Zoe\u0308"),
        ("spotify/Zo\u00eb", "spotify/Zoe\u0308"),
        ("spotify/zoe\u0308", "spotify/Zoe\u0308"),
    ],
)
def test_a_name_that_fits_one_account_finds_it_everywhere_but_where_something_is_destroyed(
    asked: str, meant: str, stored: Stored
) -> None:
    """R4: asking is tolerant where exactly one account fits; signing out matches exactly, always."""
    kit = stored(ME, OTHER, "spotify/Zoe\u0308")
    assert kit.token(asked).value == f"of-{meant.encode().hex()}"
    assert str(kit.source(asked).account) == meant
    assert str(kit.status(asked).account) == meant
    with pytest.raises((UnknownAccount, UnknownProvider)) as raised:
        kit.logout(asked)
    if "/" in asked or "@" in asked:
        assert f"did you mean {meant}?" in raised.value.hint
    assert "login" not in raised.value.hint
    assert len(kit.accounts()) == 3


@pytest.mark.parametrize("asked", ["google/nobody", "nobody@example.com", "@", "google//"])
def test_a_name_that_a_variable_left_empty_signs_nobody_out(asked: str, stored: Stored) -> None:
    """R4: ``tokenkit logout google/$NAME`` without a NAME is not the only account of Google."""
    kit = stored(ME)
    with pytest.raises(UnknownAccount, match=r"^(no account is called|nothing is stored for) ") as raised:
        kit.logout(asked)
    assert "tokenkit list" in raised.value.hint
    assert len(kit.accounts()) == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "no account is named"),
        (" ", "no account is named"),
        ("google/", "'google/' names no account"),
        ("google/ ", "'google/ ' names no account"),
        ("/", "'/' names no provider"),
        ("/me@example.com", "'/me@example.com' names no provider"),
    ],
)
@pytest.mark.parametrize("act", ["token", "source", "status", "refresh", "logout", "sharing_fate", "http", "auth"])
def test_a_name_of_which_a_variable_left_a_part_empty_is_told_and_means_no_account(
    asked: str, said: str, act: str, stored: Stored
) -> None:
    """R4: a bare provider means its only account where somebody wrote that, and not ``google/$NAME`` without a NAME."""
    kit = stored(ME)
    with pytest.raises(UsageError, match=said) as raised:
        getattr(kit, act)(asked)
    assert "tokenkit list" in raised.value.hint
    assert len(kit.accounts()) == 1


def test_an_exact_name_comes_before_one_that_is_only_alike(stored: Stored) -> None:
    """R4: two accounts may differ in case only, and each is found by its own name."""
    kit = stored("google/me", "google/Me", "google/me@example.com")
    for name in ("google/me", "google/Me", "google/me@example.com"):
        assert str(kit.source(name).account) == name
        assert kit.token(name).value == f"of-{name.encode().hex()}"


def test_an_exact_match_that_appears_later_takes_over_from_a_tolerant_one(stored: Stored) -> None:
    """R4: what was remembered for a name that was only alike is looked up anew."""
    kit = stored("google/me@example.com")
    assert kit.token("google/me").value == f"of-{b'google/me@example.com'.hex()}"
    kit.records.save(
        Account("google", "me"),
        Grant("google", {"": AccessToken("exact", expires_at=NOW + 3600, obtained_at=NOW)}),
        replaces=None,
    )
    kit._memory.clear()  # as after its second
    assert kit.token("google/me").value == "exact"


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("google/mee02@example.com", ME),
        ("google/me", None),
        ("google/m02@example.com", ME),
        ("google/nobody@elsewhere.org", None),
    ],
)
def test_where_nothing_fits_the_nearest_is_offered_and_not_taken(
    asked: str, offered: str | None, stored: Stored
) -> None:
    """R4: the person chooses."""
    with pytest.raises(UnknownAccount) as raised:
        stored(ME, OTHER).token(asked)
    assert (f"did you mean {offered}?" in raised.value.hint) == (offered is not None)
    assert f"tokenkit login {asked}" in raised.value.hint


def test_several_that_fit_are_offered(stored: Stored) -> None:
    """R4: a tolerant match is one only if exactly one account fits."""
    with pytest.raises(UnknownAccount, match="nothing is stored") as raised:
        stored("google/Me", "google/mE").token("google/me")
    assert "google/Me" in raised.value.hint
    assert "google/mE" in raised.value.hint
    with pytest.raises(AmbiguousAccount) as ambiguous:
        stored("google/a@b.c", "spotify/a@b.c").token("A@b.c")
    assert ambiguous.value.candidates == ("google/a@b.c", "spotify/a@b.c")


@pytest.mark.parametrize("asked", ["gogle", "gogle/me", "googel/me02@example.com"])
def test_a_misspelled_provider_is_reported_with_the_nearest(asked: str, stored: Stored) -> None:
    with pytest.raises(UnknownProvider) as raised:
        stored(ME).token(asked)
    assert "did you mean google?" in raised.value.hint


def test_a_provider_at_which_nobody_is_signed_in_says_so(stored: Stored) -> None:
    with pytest.raises(ConsentRequired) as raised:
        stored(ME).token("Spotify")
    assert raised.value.hint == "tokenkit login spotify"


def test_an_ambiguous_provider_with_a_hundred_thousand_accounts_is_a_short_message(stored: Stored) -> None:
    """Such a message was 1.3 MB long."""
    with pytest.raises(AmbiguousAccount) as raised:
        stored(*(f"google/me{number}@example.com" for number in range(1000))).token("google")
    assert "more than 100 accounts" in str(raised.value)
    assert "and many more" in str(raised.value)
    assert len(str(raised.value)) < 500
    assert len(raised.value.candidates) == 1000
