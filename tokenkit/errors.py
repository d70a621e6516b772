"""Every error that tokenkit raises on purpose: one closed tree.

Each says what happened (``str(error)``) and what helps (``error.hint``, a command line or a line of configuration;
never empty where something can be done). None of them ever carries a token, code, verifier, state, secret or key.
``exit_code`` is what the command line ends with::

    TokenKitError
    ├── UsageError                 2   the call or command makes no sense as written
    ├── ConfigurationError         3   something must be configured first
    │   ├── UnknownProvider        3   no provider of that name
    │   ├── UnknownAccount         3   nothing is stored for that account
    │   ├── AmbiguousAccount       3   a bare provider name fits several accounts
    │   ├── ClientMissing          3   no client id (or secret) for this provider
    │   ├── ClientRefused          3   the provider does not accept our client id or secret
    │   └── ProviderChanged        3   the plugin of today is not the one the grant came from (R17)
    ├── ConsentRequired            4   only the person can go on: sign in (again)
    ├── AuthorizationError         1   a sign-in did not succeed; nothing stored was changed
    │   ├── ConsentDenied          1   the person, or the provider for them, said no
    │   └── CallbackRefused        1   the answer is not one we may accept (R21 to R23)
    ├── TokenRefused               1   a token may not go there (R32 to R34)
    ├── ProviderError              5   the provider's side
    │   ├── ProviderUnavailable    5   try later; nobody is signed out (R12, R14)
    │   ├── InvalidAnswer          5   the provider answered something that cannot be used
    │   └── ProviderBroken        70   the plugin raised what it must not
    └── StoreError                 6   the store or its key
        ├── StoreUnavailable       6   cannot be read or written now: permissions, disk full, lock not given
        ├── FileRefused            6   a file that is not plainly ours was not followed (R26)
        ├── BrokenRecord           6   a record that cannot be opened: never absent, never overwritten (R30)
        ├── Conflict               6   the record changed since it was read (R8)
        ├── GrantSuperseded        6   the record is older than one already used (R10)
        ├── GrantMoved             6   the grant was moved to another place (R10)
        └── KeyUnavailable         6   the key that seals the records cannot be had
"""

from collections.abc import Callable, Iterable
from typing import Any, Self

__all__ = [
    "AmbiguousAccount",
    "AuthorizationError",
    "BrokenRecord",
    "CallbackRefused",
    "ClientMissing",
    "ClientRefused",
    "ConfigurationError",
    "Conflict",
    "ConsentDenied",
    "ConsentRequired",
    "FileRefused",
    "GrantMoved",
    "GrantSuperseded",
    "InvalidAnswer",
    "KeyUnavailable",
    "ProviderBroken",
    "ProviderChanged",
    "ProviderError",
    "ProviderUnavailable",
    "StoreError",
    "StoreUnavailable",
    "TokenKitError",
    "TokenRefused",
    "UnknownAccount",
    "UnknownProvider",
    "UsageError",
]


class TokenKitError(Exception):
    """The root of the tree: `str()` says what happened, `hint` what helps, `account` which account it is about."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", account: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.account = account
        self._notes: list[str] = []

    @property
    def __notes__(self) -> list[str]:
        """Show the hint where nobody catches the error: below it, in the traceback (PEP 678)."""
        return [*([f"hint: {self.hint}"] if self.hint else []), *self._notes]

    @__notes__.setter
    def __notes__(self, notes: list[str]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._notes = notes

    def add_note(self, note: str) -> None:
        """Add a note of the program's own, shown below the hint."""
        self._notes = [*self._notes, note]

    def __reduce__(self) -> "tuple[Callable[..., TokenKitError], tuple[Any, ...], dict[str, Any]]":
        """Let a pool of processes pass the error on whole; an error that cannot be unpickled ends the pool."""
        return _made_again, (type(self), *self.args), vars(self)


def _made_again(kind: type[TokenKitError], *args: object) -> TokenKitError:
    return kind.__new__(kind, *args)


class UsageError(TokenKitError):
    """The call or command makes no sense as written."""

    exit_code = 2


class ConfigurationError(TokenKitError):
    """Something must be configured first; the hint is the exact line."""

    exit_code = 3


class UnknownProvider(ConfigurationError):
    """No provider of that name; the hint names the nearest one."""


class UnknownAccount(ConfigurationError):
    """Nothing is stored for that account."""


class AmbiguousAccount(ConfigurationError):
    """A bare provider name fits several accounts, all listed in `candidates`."""

    def __init__(self, message: str, *, candidates: Iterable[str], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self._candidates = candidates

    @property
    def candidates(self) -> tuple[str, ...]:
        """The names of the accounts; many are read from the store when this is first asked for."""
        self._candidates = tuple(self._candidates)
        return self._candidates

    def __reduce__(self) -> "tuple[Callable[..., TokenKitError], tuple[Any, ...], dict[str, Any]]":
        """Take the names along, all of them."""
        _ = self.candidates
        return super().__reduce__()


class ClientMissing(ConfigurationError):
    """No client registration (client id, or the secret it needs) for this provider."""


class ClientRefused(ConfigurationError):
    """``invalid_client`` or ``unauthorized_client`` (RFC 6749 section 5.2): never latched (R13)."""


class ProviderChanged(ConfigurationError):
    """The plugin of today has other endpoints, issuer or client than the grant was issued under (R17)."""


class ConsentRequired(TokenKitError):
    """Only the person can go on. `reason` says why in words, `missing` which scopes were never granted.

    `presumed`: the provider refused in words that may mean that the sign-in has ended, and may not; it is tried again
    from time to time, and one success clears it (R13).
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        account: str = "",
        reason: str = "",
        missing: Iterable[str] = (),
        presumed: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, account=account)
        self.reason = reason
        self.missing = tuple(missing)
        self.presumed = presumed


class AuthorizationError(TokenKitError):
    """A sign-in did not succeed; nothing that was stored has changed."""


class ConsentDenied(AuthorizationError):
    """The person, or the provider for them, said no; `error` is the provider's code (RFC 6749 section 4.1.2.1)."""

    def __init__(self, message: str, *, error: str = "access_denied", hint: str = "", account: str = "") -> None:
        super().__init__(message, hint=hint, account=account)
        self.error = error


class CallbackRefused(AuthorizationError):
    """The answer is forged, replayed, expired, someone else's, or came to another path or issuer (R21 to R23)."""


class TokenRefused(TokenKitError):
    """The token may not go where it was asked to go (R32 to R34)."""


class ProviderError(TokenKitError):
    """The provider's side of the conversation failed.

    `status` is the HTTP status of its answer, 0 where there was none; `code` the error code in it (RFC 6749 section
    5.2, or the provider's own), empty where it gave none.
    """

    exit_code = 5
    status = 0
    code = ""

    def answered(self, status: int, code: str = "") -> Self:
        """Say how the provider had answered, and return the error."""
        self.status, self.code = status, code
        return self


class ProviderUnavailable(ProviderError):
    """Try later; nobody is signed out (R12, R14). `retry_at` is Unix time in seconds, UTC, or None.

    `sent` is False only when the request certainly never left: then the provider cannot have acted on it.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_at: float | None = None,
        sent: bool = True,
        hint: str = "",
        account: str = "",
    ) -> None:
        super().__init__(message, hint=hint, account=account)
        self.retry_at = retry_at
        self.sent = sent


class InvalidAnswer(ProviderError):
    """The provider's answer cannot be used: not JSON, too large, a redirect, or without what it must hold."""


class ProviderBroken(ProviderError):
    """A plugin raised what is not ours to handle; `provider` and `step` say where."""

    exit_code = 70

    def __init__(self, provider: str, step: str, *, hint: str = "") -> None:
        super().__init__(f"the plugin for {provider} failed in {step}", hint=hint)
        self.provider = provider
        self.step = step


class StoreError(TokenKitError):
    """The store or its key.

    `lasts` is True where to try again is in vain, until somebody changes something about this machine.
    """

    exit_code = 6
    lasts = False


class StoreUnavailable(StoreError):
    """The store cannot be read or written now: permissions, disk full, read-only, a lock not given in time.

    `sealed` is what a refresh for a command has brought and could save nowhere: by account, the sealed record (R9).
    """

    sealed: tuple[tuple[str, bytes], ...] = ()


class FileRefused(StoreError):
    """A symlink, hard link, FIFO, device, folder or someone else's file lies where ours should be (R26)."""

    lasts = True


class BrokenRecord(StoreError):
    """A record that cannot be opened or understood: never treated as absent, never overwritten (R30)."""


class Conflict(StoreError):
    """The record is no longer the version that it was to replace (R8)."""


class GrantSuperseded(StoreError):
    """The record is older than one already used: a restored backup, a snapshot, a synced folder (R10)."""


class GrantMoved(StoreError):
    """The grant was moved to another place, and is not used here, so that neither ends the other (R10)."""


class KeyUnavailable(StoreError):
    """The key that opens the records is missing, locked or another; nothing was changed."""
