"""The examples of the documents: fenced blocks, in order, with what a comment before one says about it.

````
<!-- not run: why not -->          the block needs something that no test has: a real provider, an installation
<!-- file: ~/.config/x.toml -->    the block is the content of that file; a relative path is in the folder of the shell
<!-- answered: a.txt to b.txt --> first a person opens the address in a.txt, says yes, and puts the answer into b.txt
```python                          runs, in one namespace for the whole document
```console                         runs, in one shell: after each "$ command" what it prints, "..." for anything;
                                   exported variables stay for the next ones
```toml, ```json, ```ini           is well-formed; ini is a unit of systemd
````
"""

import configparser
import json
import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tokenkit.net.http import Transport
from tokenkit.sandbox.person import approve

from patience import PATIENCE

TOP = Path(__file__).resolve().parent.parent
DOCUMENTS = [TOP / "README.md", *sorted(TOP.glob("docs/**/*.md"))]

UNIT_SECTIONS = {"Unit", "Service", "Timer", "Install"}

_FENCE = re.compile(
    r"(?:^<!-- (?P<verb>not run|file|answered): (?P<argument>[^\n]+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_MARK = "@@ end of command"


class Example(NamedTuple):
    """A fenced block. `line` is where it begins; the rest is what the comment before it says, see above."""

    document: Path
    line: int
    language: str
    text: str
    why_not: str = ""
    file: str = ""
    answered: str = ""

    def __str__(self) -> str:
        return f"{self.document.relative_to(TOP)}:{self.line}"


def examples(document: Path) -> Iterator[Example]:
    """The fenced blocks of a document."""
    text = document.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("language")) + 1
        given = {found["verb"].replace("not run", "why_not"): found["argument"]} if found["verb"] else {}
        yield Example(document, line, found["language"], found["text"], **given)


class Runner:
    """Runs the examples of one document, in order.

    `replaced` are addresses that stand for others here, `replaced_in` those of one document, by its name.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        folder: Path,
        replaced: Mapping[str, str],
        replaced_in: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._environ = environ
        self._folder = folder
        self._replaced = replaced
        self._replaced_in = replaced_in
        self._names: dict[str, Any] = {"__name__": "__example__"}

    def run(self, example: Example) -> None:
        """Run one; an example that does not do what it says is an `AssertionError` or its own exception."""
        if example.answered:
            self._answer(*example.answered.split(" to "))
        text = example.text
        also = self._replaced_in.get(str(example.document.relative_to(TOP)), {})
        for real, local in {**self._replaced, **also}.items():
            text = text.replace(real, local)
        if example.file:
            path = self._folder / os.path.expanduser(example.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        elif example.language == "python":
            exec(compile("\n" * example.line + text, str(example.document), "exec"), self._names)
        elif example.language == "console":
            self._transcript(example, text)
        elif example.language == "toml":
            tomllib.loads(text)
        elif example.language == "json":
            json.loads(text)
        elif example.language == "ini":
            unit = configparser.RawConfigParser(strict=False)
            unit.optionxform = str  # type: ignore[assignment,method-assign]
            unit.read_string(text)
            assert set(unit.sections()) <= UNIT_SECTIONS, example

    def _answer(self, address: str, answer: str) -> None:
        url = (self._folder / address).read_text(encoding="utf-8").strip()
        (self._folder / answer).write_text(approve(Transport().send, url, as_user="me@example.com"), encoding="utf-8")

    def _transcript(self, example: Example, text: str) -> None:
        commands = list(_commands(text))
        exports = shlex.quote(str(self._folder / "exports"))
        script = f"[ ! -e {exports} ] || . {exports}\ntrap 'export -p > {exports}' EXIT\n"
        script += f'done_() {{ local status=$?; printf "\\n{_MARK} %d\\n" "$status"; return "$status"; }}\n'
        script += "".join(f"{command}\ndone_\n" for command, _ in commands)
        process = subprocess.run(
            ["bash", "-c", script],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        printed = re.split(rf"\n{_MARK} (\d+)\n", process.stdout)
        asked = [command for command, _ in commands[1:]] + [""]
        for (command, expected), output, status, following in zip(
            commands, printed[::2], printed[1::2], asked, strict=False
        ):
            assert status == "0" or following == "echo $?", f"{example}: $ {command}\nends with {status}:\n{output}"
            assert _fits(expected, output), f"{example}: $ {command}\nprints:\n{output}\nand not:\n{expected}"
        assert len(printed) == 2 * len(commands) + 1, f"{example} does not run to its end:\n{process.stdout}"


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Each ``$ command``, continued by ``> `` lines, with what is expected to be printed after it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        more = next((number for number, line in enumerate(lines[1:], 1) if not line.startswith("> ")), len(lines))
        command = "\n".join([lines[0], *(line[2:] for line in lines[1:more])])
        yield command, "\n".join(lines[more:])


def _fits(expected: str, printed: str) -> bool:
    """Whether the output is the expected one; where none is given anything may be printed."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return not expected.strip() or re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None
