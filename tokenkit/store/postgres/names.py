"""Names as the tables have them: as bytes, for text takes no NUL and sorts by the locale."""

from tokenkit.store import Name

THIS = "kind = %(kind)s AND owner = %(owner)s AND id = %(id)s"
"""The row of a name, by the values of `key`."""


def key(name: Name) -> dict[str, object]:
    """Return the columns that a name is found by."""
    return {"kind": name.kind, "owner": to_bytes(name.owner), "id": to_bytes(name.id)}


def to_bytes(text: str) -> bytes:
    """Return a name's part as a column has it."""
    return text.encode("utf-8", "surrogatepass")


def text(data: bytes) -> str | None:
    """Return a name's part as it was before `to_bytes`; None for what nothing of ours wrote.

    An administrator can write any bytes, and no record is found by those.
    """
    try:
        return bytes(data).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
