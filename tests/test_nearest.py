"""Which known name an unknown one nearly is: slips of the finger are, and other words are not."""

from pathlib import Path

import pytest
from tokenkit.nearest import meant, nearest
from tokenkit.plugins import provider_names


@pytest.fixture
def known(tmp_path: Path) -> list[str]:
    """The names of all providers that come with tokenkit."""
    return [*provider_names(str(tmp_path))]


def _without(name: str, at: int) -> str:
    return name[:at] + name[at + 1 :]


def _exchanged(name: str, at: int) -> str:
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


@pytest.mark.slow
def test_one_slip_of_the_finger_leads_back_to_each_name(known: list[str]) -> None:
    """A letter that is missing, doubled, another, or exchanged with the next; of names of four letters and more."""
    missed = []
    for name in (name for name in known if len(name) > 3):
        for at in range(len(name) - 1):
            slips = {_without(name, at), _exchanged(name, at), name[: at + 1] + name[at:]}
            slips.add(name[:at] + ("q" if name[at] != "q" else "j") + name[at + 1 :])
            missed += [(slip, name) for slip in slips - {*known} if nearest(slip, known) != name]
    assert missed == [("zomo", "zoom")], "which is as near to zoho"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("gogel", "google"), ("Google", "google"), ("GITHUB", "github"), ("git-hub", "github"), ("spot", "spotify"),
        ("stack_exchange", "stackexchange"), ("face", "facebook"), ("home", "homeassistant"), ("xreo", "xero"),
        ("bxo", "box"), ("homeasistnt", "homeassistant"),
    ],
)  # fmt: skip
def test_case_beginnings_and_two_slips_in_a_longer_name_are_understood(word: str, name: str, known: list[str]) -> None:
    assert nearest(word, known) == name


@pytest.mark.parametrize(
    "word",
    ["nope", "", "x1", "fb", "twitter", "amazon", "apple", "outlook", "gmail", "evernote", "telegram", "whatsapp",
     "claude", "paypal", "netflix", "jira", "teams", "steam", "nest", "ring", "instagram", "azure",
     "https://example.com", "--help"],
)  # fmt: skip
def test_another_word_is_near_no_name(word: str, known: list[str]) -> None:
    """`nope` is not openai."""
    assert nearest(word, known) == ""


def test_a_beginning_that_several_names_share_stands_for_none(known: list[str]) -> None:
    assert nearest("git", known) == ""
    assert nearest("git", ["github", "google"]) == "github"
    assert nearest("git", ["github", "google"], begun=False) == ""


def test_of_several_the_one_with_the_fewest_slips_is_meant() -> None:
    assert nearest("gitlub", ["gitlab", "github"]) == "gitlab"
    assert nearest("gmail.readony", ["gmail.modify", "gmail.readonly"]) == "gmail.readonly"


def test_the_hint_names_what_was_meant_or_all_there_is() -> None:
    assert meant("brwser", ["auto", "browser"], show=repr) == "did you mean 'browser'?"
    assert meant("token_url", ["scopes", "token_endpoint"], "token_endpoint") == "did you mean token_endpoint?"
    assert meant("nope", ["auto", "browser"]) == "it is one of auto, browser"
