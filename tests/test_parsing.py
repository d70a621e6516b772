"""What cannot be parsed leaves with nothing of its text."""

import json
import tomllib
from collections.abc import Callable

import pytest
from tokenkit.errors import UsageError
from tokenkit.parsing import parse

SECRET = "planted-secret"


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda: json.loads(f'{{"a": {SECRET}'), "Expecting value: line 1 column 7 (char 6)"),
        (lambda: tomllib.loads(f"a = {SECRET}"), "Invalid value (at line 1, column 5)"),
        (lambda: f"{SECRET}\xff".encode("latin-1").decode(), "the byte at 14 is not UTF-8"),
        (lambda: float(SECRET), "ValueError"),
        (lambda: {}[SECRET], "KeyError"),
        (lambda: [][len(SECRET)], "IndexError"),
        (lambda: int(json.loads("1e999")), "OverflowError"),
        (lambda: json.loads("[" * 100_000), "its values are nested too deeply"),
        (lambda: getattr(SECRET, SECRET), "AttributeError"),
    ],
)
def test_a_failure_is_told_without_the_text_and_nothing_comes_along(read: Callable[[], object], said: str) -> None:
    """R35: a parser's error holds the text, and hangs on what is raised while it is handled."""
    with pytest.raises(UsageError) as caught:
        parse(read, lambda failure: UsageError(str(failure)))
    error = caught.value
    assert said in str(error)
    assert SECRET not in str(error)
    assert (error.__cause__, error.__context__) == (None, None)


def test_what_can_be_parsed_is_returned() -> None:
    assert parse(lambda: json.loads("[1]"), lambda _: UsageError("not reached")) == [1]


def test_an_interrupt_is_no_failure_to_parse() -> None:
    def read() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parse(read, lambda _: UsageError("not reached"))
