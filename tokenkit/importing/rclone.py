"""rclone: ``rclone.conf``, a section for a remote, with a JSON token of Go's.

Source: rclone.org/drive and ``lib/oauthutil`` of rclone/rclone (type, client_id, client_secret, token). A remote
without a client_id uses rclone's own client, which is in the program and in no file.
"""

from collections.abc import Iterator
from configparser import ConfigParser, Error

from tokenkit.importing.files import SourceFile, json_object
from tokenkit.importing.found import Found, client_in, found, scopes_in

_TYPES = {
    "drive": "google",
    "google photos": "google",
    "google cloud storage": "google",
    "onedrive": "microsoft",
}
"""The types of remotes that are not called as the provider is."""


def read(file: SourceFile) -> Iterator[Found]:
    """Yield the grant of each remote that has one."""
    for name, section in sections(file.text).items():
        kind = section.get("type", "")
        grant = found("rclone", json_object(section.get("token", ""))) if kind else None
        if grant:
            client = client_in(section)
            provider = _TYPES.get(kind, kind)
            scopes = scopes_in(section.get("scope")) if provider != "google" else frozenset[str]()
            yield grant.but(entry=name, provider=provider, client=client, own_client=client is None, scopes=scopes)


def sections(text: str) -> dict[str, dict[str, str]]:
    """Return the sections of an INI file; none where it is no such file."""
    parser = ConfigParser(interpolation=None, strict=False, delimiters=("=",), default_section="")
    try:
        parser.read_string(text)
    except Error:
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}
