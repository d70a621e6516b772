"""The GitHub CLI: ``hosts.yml``.

Source: ``internal/config/config.go`` of cli/cli: for a host ``oauth_token`` and ``user``, and below ``users`` a token
for each. gh writes this file itself, plain names and values on a few levels, so lines and their indents are enough to
read it, and no YAML library is needed. Where it keeps tokens in the keyring, the file names none.
"""

import re
from collections.abc import Iterator

from tokenkit.importing.files import SourceFile
from tokenkit.importing.found import Found, found

_LINE = re.compile(r"""( *)["']?([^\s"':#][^"':#]*?)["']?:(?: +["']?([^\s"'#]+)["']?)?\s*""")


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the token of each host and user. These do not end, and cannot be refreshed."""
    values = list(_values(file.text)) if "oauth_token:" in file.text else []
    active = {path[0]: value for path, value in values if path[1:] == ["user"]}
    seen: set[str] = set()
    for path, value in sorted(values, key=lambda pair: -len(pair[0])):  # each user's own before the active one
        grant = found("the GitHub CLI", {"access_token": value}) if path[-1] == "oauth_token" else None
        if grant and value not in seen:
            seen.add(value)
            host, user = path[0], path[2] if len(path) > 3 else active.get(path[0], "")
            provider = "github" if host == "github.com" else ""
            named = grant.but(entry=f"{host}/{user}", provider=provider, account=user, issuer=f"https://{host}")
            yield named.but(issuer_in=host, endless=True)


def _values(text: str) -> Iterator[tuple[list[str], str]]:
    """Yield each value with the names that lead to it."""
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        if found_line := _LINE.fullmatch(line):
            indent, name, value = len(found_line[1]), found_line[2], found_line[3]
            above = [*((depth, each) for depth, each in above if depth < indent), (indent, name)]
            if value:
                yield [each for _, each in above], value
