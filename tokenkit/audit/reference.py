"""The page of all checks, made from them."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc

from tokenkit.audit import online
from tokenkit.audit.check import Check
from tokenkit.audit.registry import FAILED, GROUPS

HEAD = """\
# What `tokenkit audit` looks at

This page is made from the checks themselves. An **error** costs a session or exposes a secret, a **warning** may, a
**note** is good to know. A finding always comes with a hint. `tokenkit audit` ends with 1 when there is an error
(`--fail-on warning` or `--fail-on note` for less), else with 0. It changes nothing, asks nobody and sends nothing,
unless `--fix` or `--online` says so.
"""

FOOT = """\
## Your own

A package adds checks through the entry point group `tokenkit.checks`. Each object in it is a `tokenkit.audit.Check`, or
a tuple of them, with ids of its own (not `TK...`):

```python
from tokenkit.audit import Fault, Severity, check


@check("ACME1", Severity.NOTE, "An account has a silly name", "Nobody finds it again.")
def silly_names(inventory):
    for record in inventory.records:
        if "silly" in record.account.name:
            yield Fault(record.where, "its name is silly", f"tokenkit logout {record.account}", str(record.account))
```

```toml
[project.entry-points."tokenkit.checks"]
acme = "acme_checks:silly_names"
```
"""


def page() -> str:
    """Return the page in Markdown."""
    return "\n".join((HEAD, *_sections(), FOOT))


def _sections() -> Iterator[str]:
    groups: dict[str, Iterable[Check]] = {**GROUPS, "With --online": online.CHECKS, "The audit itself": (FAILED,)}
    for title, checks in groups.items():
        yield f"## {title}\n"
        yield "| id | severity | what is wrong | why it matters | what is looked for |"
        yield "|---|---|---|---|---|"
        for check in checks:
            paragraph = cleandoc(check.find.__doc__ or "").partition("\n\n")[0]
            looked = " ".join(paragraph.split()).rstrip(".").replace("``", "`")
            looked = looked.removeprefix("Find ")
            yield f"| {check.id} | {check.severity} | {check.title} | {check.why} | {looked[:1].upper()}{looked[1:]} |"
        yield ""
