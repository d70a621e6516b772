"""Which record lies where: the path of a name, and the name of a path."""

import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tokenkit.account import is_provider_name
from tokenkit.errors import UsageError
from tokenkit.paths import SUFFIX, grant_file
from tokenkit.store import KINDS, Name
from tokenkit.store.layout import OF_ACCOUNTS, name_of, relative

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
providers = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)


@given(kind=st.sampled_from(KINDS), owner=st.just("") | names, provider=providers, name=names)
def test_the_path_of_a_record_leads_back_to_its_name(kind: str, owner: str, provider: str, name: str) -> None:
    asked = Name(kind, owner, f"{provider}/{name}" if kind in OF_ACCOUNTS else name)
    parts = (relative(asked) + SUFFIX).split(os.sep)
    assert name_of(parts) == asked


@given(provider=providers, name=names)
def test_the_fast_path_looks_where_the_store_writes(provider: str, name: str) -> None:
    assert grant_file(provider, name) == relative(Name("grant", "", f"{provider}/{name}")) + SUFFIX


@given(st.lists(st.text(max_size=12), max_size=4))
def test_what_has_a_name_lies_where_that_name_is_written(parts: list[str]) -> None:
    assume(not any(os.sep in part for part in parts))
    found = name_of(parts)
    assert found is None or relative(found) + SUFFIX == os.sep.join(parts)


@pytest.mark.parametrize(
    "path",
    ["google/Me.jwe", "google/me.txt", "google/x/me.jwe", "Google/me.jwe", ".grant/me.jwe", ".other/me.jwe",
     ".unsaved/me.jwe", ".unsaved/google/x/me.jwe", ".pending/google/me.jwe",
     "@eaDir/google/me.jwe", "@/google/me.jwe", "me.jwe", "google", ".locks/google/me.jwe.refresh"],
)  # fmt: skip
def test_other_files_have_no_name(path: str) -> None:
    assert name_of(path.split("/")) is None


@pytest.mark.parametrize("text", ["google", "0a.b_c-d", "a"])
def test_a_provider_is_named_in_lower_case_ascii(text: str) -> None:
    assert is_provider_name(text)


@pytest.mark.parametrize("text", ["", "A", "-a", ".a", "_a", "a b", "ä", "..", "a\n"])
def test_no_provider_has_another_name(text: str) -> None:
    assert not is_provider_name(text)
    with pytest.raises(UsageError, match="cannot be a provider's name"):
        relative(Name("grant", "", f"{text}/me"))
