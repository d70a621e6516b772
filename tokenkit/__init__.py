"""tokenkit keeps a personal assistant signed in: connect an account once, then ask for a token that works.

    kit = TokenKit()
    kit.login("google", scopes=["gmail.readonly"])
    token = kit.token("google")

Names are loaded when first used (PEP 562), so that importing the package costs next to nothing.
"""

TYPE_CHECKING = False
"""True for type checkers, who know the name: importing `typing` for it takes longer than the rest of this."""

if TYPE_CHECKING:
    from tokenkit.account import Account
    from tokenkit.api_key import ApiKey
    from tokenkit.async_kit import AsyncTokenKit
    from tokenkit.errors import (
        AmbiguousAccount,
        AuthorizationError,
        BrokenRecord,
        CallbackRefused,
        ClientMissing,
        ClientRefused,
        ConfigurationError,
        Conflict,
        ConsentDenied,
        ConsentRequired,
        FileRefused,
        GrantMoved,
        GrantSuperseded,
        InvalidAnswer,
        KeyUnavailable,
        ProviderBroken,
        ProviderChanged,
        ProviderError,
        ProviderUnavailable,
        StoreError,
        StoreUnavailable,
        TokenKitError,
        TokenRefused,
        UnknownAccount,
        UnknownProvider,
        UsageError,
    )
    from tokenkit.flows.answer import AnswerShape
    from tokenkit.flows.identity import UserinfoRequest
    from tokenkit.flows.refusal import Ended
    from tokenkit.flows.revoke import RevocationRequest
    from tokenkit.grant import Grant
    from tokenkit.grants.events import Event
    from tokenkit.grants.sign_out import SignOut
    from tokenkit.grants.status import Status
    from tokenkit.grants.token_source import AsyncTokenSource, TokenSource
    from tokenkit.kit import TokenKit
    from tokenkit.net.hosts import check_resource
    from tokenkit.oauth2 import OAuth2
    from tokenkit.pending import PendingAuthorization
    from tokenkit.provider import (
        AuthorizationAnswer,
        AuthorizationRequest,
        ClientRegistration,
        Context,
        Field,
        Identity,
        Provider,
        ProviderBase,
        Request,
        Response,
        Revocation,
        Scope,
    )
    from tokenkit.signals import finish_on_signals
    from tokenkit.token import AccessToken, Secret
    from tokenkit.variables import Variable

__all__ = [
    "AccessToken",
    "Account",
    "AmbiguousAccount",
    "AnswerShape",
    "ApiKey",
    "AsyncTokenKit",
    "AsyncTokenSource",
    "AuthorizationAnswer",
    "AuthorizationError",
    "AuthorizationRequest",
    "BrokenRecord",
    "CallbackRefused",
    "ClientMissing",
    "ClientRefused",
    "ClientRegistration",
    "ConfigurationError",
    "Conflict",
    "ConsentDenied",
    "ConsentRequired",
    "Context",
    "Ended",
    "Event",
    "Field",
    "FileRefused",
    "Grant",
    "GrantMoved",
    "GrantSuperseded",
    "Identity",
    "InvalidAnswer",
    "KeyUnavailable",
    "OAuth2",
    "PendingAuthorization",
    "Provider",
    "ProviderBase",
    "ProviderBroken",
    "ProviderChanged",
    "ProviderError",
    "ProviderUnavailable",
    "Request",
    "Response",
    "Revocation",
    "RevocationRequest",
    "Scope",
    "Secret",
    "SignOut",
    "Status",
    "StoreError",
    "StoreUnavailable",
    "TokenKit",
    "TokenKitError",
    "TokenRefused",
    "TokenSource",
    "UnknownAccount",
    "UnknownProvider",
    "UsageError",
    "UserinfoRequest",
    "Variable",
    "check_resource",
    "finish_on_signals",
]

_EXPORTS: dict[str, str] = {
    "AccessToken": "tokenkit.token",
    "Account": "tokenkit.account",
    "AmbiguousAccount": "tokenkit.errors",
    "AnswerShape": "tokenkit.flows.answer",
    "ApiKey": "tokenkit.api_key",
    "AsyncTokenKit": "tokenkit.async_kit",
    "AsyncTokenSource": "tokenkit.grants.token_source",
    "AuthorizationAnswer": "tokenkit.provider",
    "AuthorizationError": "tokenkit.errors",
    "AuthorizationRequest": "tokenkit.provider",
    "BrokenRecord": "tokenkit.errors",
    "CallbackRefused": "tokenkit.errors",
    "ClientMissing": "tokenkit.errors",
    "ClientRefused": "tokenkit.errors",
    "ClientRegistration": "tokenkit.provider",
    "ConfigurationError": "tokenkit.errors",
    "Conflict": "tokenkit.errors",
    "ConsentDenied": "tokenkit.errors",
    "ConsentRequired": "tokenkit.errors",
    "Context": "tokenkit.provider",
    "Ended": "tokenkit.flows.refusal",
    "Event": "tokenkit.grants.events",
    "Field": "tokenkit.provider",
    "FileRefused": "tokenkit.errors",
    "Grant": "tokenkit.grant",
    "GrantMoved": "tokenkit.errors",
    "GrantSuperseded": "tokenkit.errors",
    "Identity": "tokenkit.provider",
    "InvalidAnswer": "tokenkit.errors",
    "KeyUnavailable": "tokenkit.errors",
    "OAuth2": "tokenkit.oauth2",
    "PendingAuthorization": "tokenkit.pending",
    "Provider": "tokenkit.provider",
    "ProviderBase": "tokenkit.provider",
    "ProviderBroken": "tokenkit.errors",
    "ProviderChanged": "tokenkit.errors",
    "ProviderError": "tokenkit.errors",
    "ProviderUnavailable": "tokenkit.errors",
    "Request": "tokenkit.provider",
    "Response": "tokenkit.provider",
    "Revocation": "tokenkit.provider",
    "RevocationRequest": "tokenkit.flows.revoke",
    "Scope": "tokenkit.provider",
    "Secret": "tokenkit.token",
    "SignOut": "tokenkit.grants.sign_out",
    "Status": "tokenkit.grants.status",
    "StoreError": "tokenkit.errors",
    "StoreUnavailable": "tokenkit.errors",
    "TokenKit": "tokenkit.kit",
    "TokenKitError": "tokenkit.errors",
    "TokenRefused": "tokenkit.errors",
    "TokenSource": "tokenkit.grants.token_source",
    "UnknownAccount": "tokenkit.errors",
    "UnknownProvider": "tokenkit.errors",
    "UsageError": "tokenkit.errors",
    "UserinfoRequest": "tokenkit.flows.identity",
    "Variable": "tokenkit.variables",
    "check_resource": "tokenkit.net.hosts",
    "finish_on_signals": "tokenkit.signals",
}


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'tokenkit' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
