"""For tests of programs that use tokenkit: a clock, a browser without a window, contracts for plugins and stores.

Names are loaded when they are first used: the contracts need pytest, the rest does not.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenkit.testing.browser import Browser
    from tokenkit.testing.clock import Clock
    from tokenkit.testing.contract import ProviderContract
    from tokenkit.testing.from_file import provider_from_file
    from tokenkit.testing.store_contract import StoreContract

_EXPORTS = {
    "Browser": "tokenkit.testing.browser",
    "Clock": "tokenkit.testing.clock",
    "ProviderContract": "tokenkit.testing.contract",
    "StoreContract": "tokenkit.testing.store_contract",
    "provider_from_file": "tokenkit.testing.from_file",
}

__all__ = ["Browser", "Clock", "ProviderContract", "StoreContract", "provider_from_file"]

if "pytest" in sys.modules:  # so a failing contract shows the values that it compared
    parts = ("contract", "signing_in_contract", "using_contract", "store_contract", "lease_contract")
    sys.modules["pytest"].register_assert_rewrite(*(f"tokenkit.testing.{name}" for name in parts))


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'tokenkit.testing' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_EXPORTS[name]), name)
