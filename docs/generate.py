"""Writes the pages of the reference that the program itself knows best: `make docs` runs this.

A test compares the pages with what this makes of them, so that neither is ever behind the code.
"""

import importlib
import json
import pkgutil
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from pydantic import BaseModel
from tokenkit import ApiKey, OAuth2
from tokenkit.audit.json import Audit
from tokenkit.audit.reference import page as checks_page
from tokenkit.cli import json_output, provider_facts
from tokenkit.cli.app import SECTIONS, app
from tokenkit.provider import Provider
from tokenkit.provider_file import schema
from typer.testing import CliRunner

import tokenkit_providers

WIDTH = 100
REFERENCE = Path(__file__).parent / "reference"

ERRORS = runpy.run_path(str(Path(__file__).parent / "errors_page.py"))

CLI = """\
# The program

stdout is the data and nothing else; people are spoken to on stderr. [Exit codes](exit-codes.md) and [JSON](json.md)
have pages of their own.
"""

JSON = """\
# JSON

{commands}

What the others print on stdout is the same for people and programs: `request` the API's answer as it came, `key export`
a JWK Set ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)) and `key rotate` one, too, where the keys come from the
environment, `sandbox` and `dashboard` one address, `demo` what it does.

The outermost object has the member `version`, 1 today, but for [the lines of the log](#log); members may be added
under the same version, and are renamed or removed only under another. Times are Unix seconds, UTC. `null` stands for
what is not known or does not apply. The shape of `audit` is a [JSON Schema](audit-schema.json) of its own.
"""

PROVIDERS = """\
# The providers

What each says is in its file in `providers/tokenkit_providers/`, and printed by `tokenkit providers NAME`. Nobody has
asked a live server: the facts were read in the sources named here, on 2026-11-28. What no source confirms is listed
last; `tokenkit providers check --live NAME` compares a provider with the document that its server publishes. Where the
authorization or token endpoint is not confirmed, or the address to which a key is sent, the first sign-in wants
`--unverified`.

The code sets: NangoHQ/nango 2f4c0af (2026-08-21, facts only), next-auth a1a16a5 (2026-07-23), better-auth 451aa4b
(2026-08-23), arctic 07ca261 (2025-05-21), social-core 3bb06ab (2026-08-07), simov/grant 500ab20 (2025-02-04),
golang/oauth2 89ff2e1 (2026-01-12). "Several public clients" are two independent ones at least that have the very
address.

| provider | title | its sign-in is in | the rest is from | not confirmed |
|---|---|---|---|---|"""

INDEX = """\
\"\"\"What a list says about each provider here, so that it loads none: its title, whether a secret is needed, why
nobody can sign in, and whether a client is registered at all.

Written by docs/generate.py, and compared with the providers by a test.
\"\"\"

# ruff: noqa: E501 - a sentence is one line

INDEX: dict[str, tuple[str, bool, str, bool]] = {"""

LOG = """\
## Log

What `log` prints: one object a line. [The activity log](activity.md#events) has its members, of which `v` is the
version, 1 today.

## Verified

What `log --verify` prints: how many lines there are, and which of them are not as they were written.

```console
$ tokenkit log --verify --json
{"version": 1, "lines": 0, "broken": []}
```

| member | type |
|---|---|
| `version` | `1` |
| `lines` | `number` |
| `broken` | `list[BrokenLine]` |
"""

BROKEN_LINE = """\
## BrokenLine

Where a line of the log is that is not as it was written, or that follows one that is gone: the file, and its number.

| member | type |
|---|---|
| `segment` | `string` |
| `line` | `number` |
"""


def cli_page() -> str:
    """Every command's ``--help``."""
    blocks = [_help([]), *(_help(command) for command in _commands())]
    return "\n".join([CLI, *blocks])


def _commands() -> Iterator[list[str]]:
    for section in SECTIONS.values():
        for name in section:
            yield [name]
            text = _printed([name])
            group = re.search(r"^Commands:\n((?:  .*\n?)+)", text, re.MULTILINE)
            for line in group[1].splitlines() if group else ():
                if line[2:3].strip():
                    yield [name, line.split()[0]]


def _help(command: list[str]) -> str:
    title = " ".join(["tokenkit", *command])
    return f"## {title}\n\n```text\n{_printed(command)}```\n" if command else f"```text\n{_printed(command)}```\n"


def _printed(command: list[str]) -> str:
    runner = CliRunner(env={"COLUMNS": str(WIDTH)})
    result = runner.invoke(app, [*command, "--help"], prog_name="tokenkit", terminal_width=WIDTH)
    return "".join(f"{line.rstrip()}\n" for line in result.stdout.strip().splitlines())


def json_page() -> str:
    """Every shape, with its members and their types."""
    modules = (json_output, provider_facts)
    classes = [(module, value) for module in modules for value in vars(module).values() if isinstance(value, type)]
    shapes = [
        shape for module, shape in classes if issubclass(shape, BaseModel) and shape.__module__ == module.__name__
    ]
    public = [shape for shape in shapes if not shape.__name__.startswith("_")]
    printed = [shape for shape in public if "version" in shape.model_fields]
    parts = [shape for shape in public if "version" not in shape.model_fields]
    taking = ", ".join(f"`{' '.join(command)}`" for command in _commands() if "--json" in _printed(command))
    commands = fill(f"These commands take `--json`: {taking}.", WIDTH + 20, break_on_hyphens=False)
    begin = [JSON.format(commands=commands), *map(_shape, printed), LOG]
    return "\n".join([*begin, "# Parts of these\n", *map(_shape, parts), BROKEN_LINE])


def _shape(shape: type[BaseModel]) -> str:
    about = " ".join((shape.__doc__ or "").replace("``", "`").split())
    rows = "\n".join(f"| `{name}` | {_type(field.annotation)} |" for name, field in shape.model_fields.items())
    return f"## {shape.__name__}\n\n{about}\n\n| member | type |\n|---|---|\n{rows}\n"


def _type(annotation: object) -> str:
    text = annotation.__name__ if isinstance(annotation, type) and "[" not in str(annotation) else str(annotation)
    text = re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)
    return " or ".join(f"`{_json_name(part)}`" for part in text.split(" | "))


def _json_name(text: str) -> str:
    names = {"str": "string", "float": "number", "int": "number", "bool": "boolean", "None": "null"}
    literal = re.fullmatch(r"Literal\[(.*)\]", text)
    if literal:
        return "` or `".join(part.strip().replace("'", '"') for part in literal[1].split(","))
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), text)


def audit_schema() -> str:
    """The JSON Schema of ``audit --json``."""
    schema = Audit.model_json_schema(mode="serialization")
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def declaration_schema() -> str:
    """The JSON Schema of a provider file."""
    return json.dumps(schema(), indent=2) + "\n"


def providers_page() -> str:
    """What is known of every provider, and by what."""
    rows = [_evidence(provider) for provider in _providers().values() if isinstance(provider, OAuth2 | ApiKey)]
    return "\n".join([PROVIDERS, *rows, ""])


def _providers() -> dict[str, Provider]:
    modules = (name for _, name, _ in pkgutil.iter_modules(tokenkit_providers.__path__) if name != "index")
    return {name: importlib.import_module(f"tokenkit_providers.{name}").provider() for name in sorted(modules)}


def _evidence(provider: OAuth2 | ApiKey) -> str:
    unconfirmed = [name for name in provider.unverified if not name.startswith("scopes.")]
    scopes = [name for name in provider.unverified if name.startswith("scopes.")]
    unsure = "`scopes`" if "scopes" in unconfirmed else f"{len(scopes)} of {len(provider.scopes)} `scopes`"
    named = [f"`{name}`" for name in unconfirmed if name != "scopes"]
    rest = ", ".join([*named, *([unsure] if scopes or unsure == "`scopes`" else [])])
    places = ("authorization_endpoint", "token_endpoint") if isinstance(provider, OAuth2) else ("token_headers",)
    known = [provider.sources.get(name, "") for name in places]
    by = "; ".join(filter(None, dict.fromkeys(known)))
    return f"| `{provider.name}` | {provider.title} | {by} | {provider.sources.get('*', '')} | {rest} |"


def index() -> str:
    """The module that says in short what `tokenkit providers` lists."""
    rows = (
        f"    {json.dumps(name)}: ({json.dumps(each.title)}, {each.needs_secret}, {json.dumps(each.retired)}, "
        f"{each.needs_client}),"
        for name, each in _providers().items()
    )
    return "\n".join([INDEX, *rows, "}  # fmt: skip", ""])


PAGES = {
    "cli.md": cli_page,
    "json.md": json_page,
    "checks.md": checks_page,
    "audit-schema.json": audit_schema,
    "declaration-schema.json": declaration_schema,
    "providers.md": providers_page,
    "errors.md": ERRORS["page"],
    "../../providers/tokenkit_providers/index.py": index,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
