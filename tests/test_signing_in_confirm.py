"""A person confirms what nothing else proves: that a grant of nobody's is replaced, and the account of a code (R25)."""

from dataclasses import replace

import pytest
from tokenkit.errors import ConsentDenied, UsageError
from tokenkit.kit import TokenKit
from tokenkit.sandbox import Authority, providers
from tokenkit.signing_in.confirm import Confirm
from tokenkit.testing import Browser, Clock

from test_signing_in_sign_in import ADDRESS, make_kit


class Person:
    """Answers every question alike, and remembers them."""

    def __init__(self, *, agrees: bool) -> None:
        self.agrees = agrees
        self.asked: list[str] = []

    def __call__(self, question: str) -> bool:
        self.asked.append(question)
        return self.agrees


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(clock: Clock) -> Authority:
    return Authority(clock=clock.now, sleep=clock.sleep)


@pytest.fixture
def nameless(authority: Authority, clock: Clock) -> TokenKit:
    """A kit with a provider that does not say who signs in."""
    google = replace(providers(ADDRESS)["google"], userinfo_endpoint="")
    return make_kit(authority, clock, providers={"google": google})


def log_in(kit: TokenKit, authority: Authority, confirm: Confirm | None, *, account: str = "", name: str = "") -> str:
    browser = Browser(authority)
    try:
        found = kit.login("google", way="browser", opener=browser, account=account, name=name, confirm=confirm)
    finally:
        browser.join()
    return str(found)


def token(kit: TokenKit, account: str) -> str:
    return kit.token(account).value


@pytest.mark.parametrize("name", ["", "work"])
def test_before_a_grant_of_nobody_is_replaced_the_person_is_asked(
    name: str, nameless: TokenKit, authority: Authority
) -> None:
    """R18: it may be another person's, and after a no nothing is sent and all stays as it is."""
    account = log_in(nameless, authority, None, name=name)
    before, no = token(nameless, account), Person(agrees=False)
    with pytest.raises(ConsentDenied, match="kept as it is") as caught:
        nameless.login("google", way="browser", name=name, confirm=no)
    assert (caught.value.hint, token(nameless, account)) == ("tokenkit login google --as NAME", before)
    assert len(no.asked) == 1
    assert account in no.asked[0]
    yes = Person(agrees=True)
    assert log_in(nameless, authority, yes, name=name) == account
    assert (len(yes.asked), token(nameless, account) != before) == (1, True)


def test_a_person_who_names_the_account_is_not_asked(nameless: TokenKit, authority: Authority) -> None:
    """A hint for a renewal names it, and so that command goes through at once."""
    no, account = Person(agrees=False), log_in(nameless, authority, None)
    assert log_in(nameless, authority, no, account="default") == account
    assert log_in(nameless, authority, no, name="another") == "google/another"
    assert no.asked == []


def test_where_the_provider_says_who_it_is_nobody_is_asked(authority: Authority, clock: Clock) -> None:
    """R18: another person's account is never written over there."""
    no, kit = Person(agrees=False), make_kit(authority, clock)
    assert {log_in(kit, authority, no) for _ in range(2)} == {"google/me@example.com"}
    assert no.asked == []


@pytest.mark.parametrize("agrees", [True, False])
def test_the_account_of_a_device_code_is_named_and_confirmed_before_it_is_stored(
    agrees: bool, authority: Authority, clock: Clock
) -> None:
    """R25: another person than the one who asked for it may have entered the code."""
    kit, person = make_kit(authority, clock), Person(agrees=agrees)

    def show(address: str, code: str) -> None:
        authority.approve(f"{ADDRESS}/google/device?user_code={code}", as_user="stranger@example.com")

    if agrees:
        kit.login("google", scopes=["drive.file"], way="device", show=show, confirm=person)
    else:
        with pytest.raises(ConsentDenied, match="nothing was stored"):
            kit.login("google", scopes=["drive.file"], way="device", show=show, confirm=person)
    assert [str(account) for account in kit.accounts()] == (["google/stranger@example.com"] if agrees else [])
    assert len(person.asked) == 1
    assert "google/stranger@example.com" in person.asked[0]


@pytest.mark.parametrize(("way", "hint"), [("brwser", "did you mean 'browser'?"), ("x", "one of 'auto', 'browser'")])
def test_a_misspelled_way_is_reported_before_anything_is_sent(
    way: str, hint: str, authority: Authority, clock: Clock
) -> None:
    with pytest.raises(UsageError, match=repr(way)) as caught:
        make_kit(authority, clock).login("google", way=way)  # type: ignore[arg-type]  # what a person may write
    assert hint in caught.value.hint
