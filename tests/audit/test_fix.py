"""--fix mends what it says and nothing else; doing it again changes nothing more; no grant is ever deleted."""

import os
import stat

import pytest
from faults import PLAINTEXT, spoil, the_newest_grant_was_not_renamed
from house import GOOGLE, SPOTIFY
from tokenkit.audit.fix import STRAYS, Narrow, SetAside, act, plan
from tokenkit.errors import StoreError
from tokenkit.keys import passphrase
from tokenkit.keys.choice import key_source

pytestmark = pytest.mark.slow

MENDED = {"TK101", "TK102", "TK103", "TK104", "TK109", "TK110"}


def act_on(house):
    return act(plan(fault.fix for _, fault in house.audit(deep=True).findings))


def contents(house):
    """What every file holds, wherever it lies."""
    return sorted(entry[-1] for entry in house.snapshot().values() if stat.S_ISREG(entry[0]))


def test_modes_and_strays_are_mended_and_all_else_is_left_to_the_person(house):
    spoil(house)
    before = house.found(deep=True)
    done = act_on(house)
    assert [each for each in done if each.failure] == []
    assert house.found(deep=True) == before - MENDED


def test_only_what_is_said_is_changed(house):
    spoil(house)
    fixes = plan(fault.fix for _, fault in house.audit(deep=True).findings)
    said = {fix.path for fix in fixes}
    before = house.snapshot()
    act(fixes)
    after = house.snapshot()
    aside = {path for path in after if f"/{STRAYS}" in path}
    parents = {os.path.dirname(path) for path in said if not os.path.exists(path)} | {str(house.tokens)}
    inside = {path for path in before if any(path.startswith(f"{each}/") for each in said if not os.path.exists(each))}
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert changed <= said | aside | parents | inside
    assert said <= changed


def test_mending_again_changes_nothing_more(house):
    spoil(house)
    act_on(house)
    before = house.snapshot()
    assert act_on(house) == []
    assert house.snapshot() == before


def test_a_stray_that_others_may_read_is_not_found_anew_where_it_was_put(house):
    """Nobody else can enter that folder, and to mend twice changes nothing more."""
    house.write(".tokenkit/tokens/google/copy/me@example.com.jwe~", "x", mode=0o644)
    act_on(house)
    assert house.found() == set()


def test_no_file_is_lost_and_none_is_written_to(house):
    spoil(house)
    before = contents(house)
    act_on(house)
    assert contents(house) == before


def test_every_account_that_could_be_opened_can_be_opened_still(house):
    spoil(house)
    before = {record.account for record, _ in house.inventory().grants}
    act_on(house)
    assert {record.account for record, _ in house.inventory().grants} == before


def test_nothing_is_planned_in_a_home_that_is_well_kept(house):
    assert act_on(house) == []


def test_what_may_be_the_newest_grant_stays_where_nothing_can_be_opened(house, monkeypatch):
    """R30: what cannot be opened is no stray; the next refresh finds it once the key is at hand."""
    the_newest_grant_was_not_renamed(house)
    key_source(house.folders, {"TOKENKIT_PASSPHRASE": "correct horse"}).move(passphrase.SOURCE)
    monkeypatch.setattr(passphrase, "_derived", {})
    assert act_on(house) == []


def test_a_key_that_was_open_works_again(house):
    house.keys.chmod(0o644)
    act_on(house)
    assert stat.S_IMODE(house.keys.stat().st_mode) == 0o600
    assert house.found() == set()


def test_plaintext_tokens_are_not_put_aside_but_left_for_the_person_to_revoke(house):
    path = house.write(".tokenkit/tokens/google.json", PLAINTEXT)
    assert act_on(house) == []
    assert path.exists()


def test_a_mode_is_only_ever_narrowed(house):
    path = house.record(GOOGLE)
    path.chmod(0o400)
    Narrow(str(path), 0o600).act()
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


@pytest.mark.parametrize("kind", ["symlink", "hard link"])
def test_what_became_a_link_since_it_was_looked_at_is_not_touched(house, kind):
    """A repair acts on what it was planned for, or not at all (R26)."""
    other = house.write("other", "x", 0o644)
    path = house.record(GOOGLE)
    path.unlink()
    if kind == "symlink":
        path.symlink_to(other)
    else:
        os.link(other, path)
    (done,) = act([Narrow(str(path), 0o600)])
    assert done.failure
    assert stat.S_IMODE(other.stat().st_mode) == 0o644


def test_one_repair_that_fails_stops_no_other(house):
    house.record(SPOTIFY).chmod(0o644)
    gone, there = act([Narrow(str(house.tokens / "gone"), 0o600), Narrow(str(house.record(SPOTIFY)), 0o600)])
    assert gone.failure
    assert not there.failure


def test_strays_of_one_name_do_not_overwrite_each_other(house):
    for text in ("one", "two"):
        path = house.write(".tokenkit/tokens/google/stray.txt", text)
        SetAside(str(path), str(house.tokens)).act()
    assert sorted(path.read_text() for path in (house.tokens / STRAYS).iterdir()) == ["one", "two"]


def test_a_stray_is_not_put_into_a_folder_that_is_a_link(house):
    elsewhere = house.home / "elsewhere"
    elsewhere.mkdir()
    (house.tokens / STRAYS).symlink_to(elsewhere)
    path = house.write(".tokenkit/tokens/google/stray.txt", "x")
    with pytest.raises(StoreError):
        SetAside(str(path), str(house.tokens)).act()
    assert path.exists()
