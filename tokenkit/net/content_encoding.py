"""A body in the clear: some servers compress whatever they are asked for (RFC 9110 section 8.4)."""

import zlib
from contextlib import suppress

_GZIP = b"\x1f\x8b"
_MOST_MEMBERS = 100
"""A gzip file has one or more members (RFC 1952 section 2.2)."""

_MAGICS = {_GZIP: "gzip", **dict.fromkeys((b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), "deflate")}
"""How a compressed body begins, if nothing says that it is one."""

_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""The window sizes that make zlib read gzip, zlib and bare deflate: under the name of the second, servers send both."""


def decoded(body: bytes, encodings: str, limit: int) -> tuple[bytes, bool] | None:
    """Return the body as it was before the `encodings` of its header, and whether that is all of it.

    Damaged data gives what stands before the damage; more than `limit` bytes are cut to that. None where nothing can
    be read. A body that is not encoded, whatever its header says, is returned as it is.
    """
    names = [name for name in (part.strip().lower() for part in encodings.split(",")) if name not in ("", "identity")]
    if not names and body[:2] in _MAGICS:
        names = [_MAGICS[body[:2]]]
    complete = True
    for name in reversed(names):
        if body.lstrip()[:1] in (b"{", b"["):
            break
        found = _inflated(body, _WINDOWS.get(name, ()), limit)
        if found is None:
            return None
        body, whole = found
        complete = complete and whole
    return body, complete


def _inflated(body: bytes, windows: tuple[int, ...], limit: int) -> tuple[bytes, bool] | None:
    for window in windows:
        found, complete = _inflated_until_damaged(body, window, limit)
        if found or complete:
            return found, complete
    return None


def _inflated_until_damaged(body: bytes, window: int, limit: int) -> tuple[bytes, bool]:
    """Return what can be decoded before the damage, and whether there is none.

    zlib does not return what a failing call has read, so it is fed in small steps.
    """
    whole, rest = b"", body
    with suppress(zlib.error):
        for _ in range(_MOST_MEMBERS):
            inflate = zlib.decompressobj(wbits=window)
            whole += inflate.decompress(rest, limit + 1 - len(whole))
            rest = inflate.unused_data
            if len(whole) > limit or not rest.startswith(_GZIP):
                return whole[:limit], inflate.eof and len(whole) <= limit
    inflate, found = zlib.decompressobj(wbits=window), bytearray()
    with suppress(zlib.error):
        for byte in body:
            found += inflate.decompress(bytes((byte,)), max(limit - len(found), 1))
            if len(found) >= limit:
                break
    return bytes(found[:limit]), False
