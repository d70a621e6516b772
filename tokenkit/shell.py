"""Words as a shell takes them, for the commands that hints name."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")


def quoted(word: str) -> str:
    """Return `word` as a POSIX shell takes it, as `shlex.quote` does.

    Nothing is imported for that: an error is told also where no file can be opened any more, and so no module loaded.
    """
    if word and _PLAIN.issuperset(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
