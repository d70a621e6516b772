"""Words as a shell takes them."""

from shlex import quote, split

from hypothesis import given
from hypothesis import strategies as st
from tokenkit.shell import quoted


@given(st.text())
def test_a_word_is_quoted_as_the_standard_library_does(word: str) -> None:
    assert quoted(word) == quote(word)


@given(st.text(alphabet="a'\" $`\\\n*~-é", min_size=0))
def test_a_shell_reads_back_what_was_quoted(word: str) -> None:
    assert split(quoted(word)) == [word]
