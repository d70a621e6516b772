"""Transcripts of the command line: what was typed, what came out where, and what it ended with.

::

    # A comment.
    % person.denies = True          a step of the world, in Python; `world.Stage` says what there is
    $ tokenkit login google         a command, run in this process
    < text                          a line on its stdin; {name} is a variable of a step
    > text                          a line of its stdout; [..] stands for anything in a line
    ! text                          a line of its stderr; a line of nothing but ... stands for any lines
    ? 4                             its exit code, where it is not 0
"""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Done(NamedTuple):
    """How a command ended."""

    stdout: str
    stderr: str
    code: int


Run = Callable[[list[str], str], Done]


@dataclass
class Command:
    """A command of a transcript, and what is expected of it."""

    line: str
    number: int
    stdin: list[str] = field(default_factory=list)
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    code: int = 0


def play(path: Path, run: Run, names: dict[str, Any]) -> None:
    """Take the steps of a transcript, and compare each command with what is expected of it."""
    taken = steps(path)
    assert any(isinstance(step, Command) for step in taken), f"{path.name} has no command"
    for step in taken:
        if isinstance(step, str):
            exec(step, names)
            continue
        stdin = "".join(f"{fill(line, names)}\n" for line in step.stdin)
        program, *arguments = shlex.split(fill(step.line, names))
        assert program == "tokenkit", f"{path.name}:{step.number}"
        done = run(arguments, stdin)
        names["stdout"] = done.stdout.strip()
        where = f"{path.name}:{step.number}: {step.line}\n{done.stdout}{done.stderr}"
        assert done.code == step.code, where
        check(done.stdout, [fill(line, names) for line in step.stdout], f"stdout of {where}")
        check(done.stderr, [fill(line, names) for line in step.stderr], f"stderr of {where}")


def steps(path: Path) -> list[Command | str]:
    """The commands of a transcript, and between them the steps of the world."""
    found: list[Command | str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        sign, text = line[:1], line[2:]
        last = found[-1] if found else None
        if sign == "$":
            found.append(Command(text, number))
        elif sign == "%":
            found.append(text)
        elif sign in ("<", ">", "!", "?"):
            assert isinstance(last, Command), f"{path.name}:{number} belongs to no command"
            if sign == "?":
                last.code = int(text)
            else:
                {"<": last.stdin, ">": last.stdout, "!": last.stderr}[sign].append(text)
        else:
            assert sign in ("", "#"), f"{path.name}:{number} begins with no sign"
    return found


def fill(text: str, names: dict[str, Any]) -> str:
    """The text with ``{name}`` replaced by the variable of that name."""
    return re.sub(r"\{([a-z_]+)\}", lambda found: str(names.get(found[1], found[0])), text)


def check(text: str, expected: list[str], where: str) -> None:
    """Hold what came out against the lines that are expected."""
    pattern = ""
    for line in expected:
        pattern += r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\[\.\.\]", ".*?") + r"\n"
    whole = text if text.endswith("\n") or not text else f"{text}\n"
    assert re.fullmatch(pattern, whole), f"{where}\nexpected\n" + "\n".join(expected)
