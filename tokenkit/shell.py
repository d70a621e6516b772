"""Words as a shell takes them, for the commands that hints name."""

import os
import sys

COMMANDS = (
    "login", "list", "status", "scopes", "refresh", "logout", "dashboard", "token", "request", "audit", "log",
    "providers", "client", "import", "key", "store", "owner", "worker", "sandbox", "demo",
)  # fmt: skip
"""The commands of the program: those of `tokenkit.cli.commands`, which the library does not import."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")


def quoted(word: str) -> str:
    """Return `word` as a POSIX shell takes it, as `shlex.quote` does.

    Nothing is imported for that: an error is told also where no file can be opened any more, and so no module loaded.
    """
    if word and _PLAIN.issuperset(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


def account_options(app: str, owner: str) -> str:
    """Return the options that say to our program whose accounts are meant; empty for its own."""
    options = {"--app": "" if app == "tokenkit" else app, "--owner": owner}
    return " ".join(f"{option} {quoted(value)}" for option, value in options.items() if value)


def our_program(app: str, owner: str = "") -> str:
    """Return how a shell runs our program for these accounts, without a command: ``tokenkit --app pocketpaw``."""
    return f"tokenkit {account_options(app, owner)}".rstrip()


def with_options(text: str, options: str) -> str:
    """Return the text, in which each of our commands that has no options yet has these: else it works on others'
    accounts.
    """
    if not options:
        return text
    import re

    return re.sub(rf"(?<![\w./-])tokenkit(?= (?:{'|'.join(COMMANDS)})\b)", lambda _: f"tokenkit {options}", text)


def extra_command(extra: str) -> str:
    """Return the command that adds an extra of ours in the way in which this was installed.

    pipx and uv leave a file of theirs in the environment of a program; pip would change another environment than that.
    """
    wanted = f"'tokenkit-oauth[{extra}]'"
    if os.path.exists(os.path.join(sys.prefix, "pipx_metadata.json")):
        return f"pipx inject tokenkit-oauth {wanted}"
    if os.path.exists(os.path.join(sys.prefix, "uv-receipt.toml")):
        return f"uv tool install {wanted}"
    return f"python -m pip install {wanted}"
