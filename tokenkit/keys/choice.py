"""The choice where the keys come from."""

import os
from collections.abc import Callable, Mapping

from tokenkit.keys.environment import from_environment
from tokenkit.keys.key_file_source import Form, KeyFileSource
from tokenkit.keys.source import KeySource
from tokenkit.paths import Folders


def key_source(
    folders: Folders,
    environ: Mapping[str, str] | None = None,
    app: str = "tokenkit",
    *,
    ask: Callable[[], str] | None = None,
) -> KeySource:
    """Return the keys that the environment gives; else those of the key file in the data folder.

    `ask` gets the passphrase from a person where the environment has none; without it that is a `KeyUnavailable`. This
    function itself reads only `environ`.
    """
    known = os.environ if environ is None else environ
    return from_environment(known, app) or KeyFileSource(folders.data, lambda: _forms(known, app, ask))


def _forms(environ: Mapping[str, str], app: str, ask: Callable[[], str] | None) -> Mapping[str, Form]:
    from tokenkit.keys import os_keyring, passphrase

    wrapped = passphrase.Passphrase(passphrase.from_environment(environ, app, ask))
    return {os_keyring.SOURCE: os_keyring.OsKeyringForm(app), passphrase.SOURCE: wrapped}
