"""PocketPaw on tokenkit: stands in for its ``integrations.oauth`` and ``integrations.token_store``.

`install` makes every later import of these two modules return `tokenkit.pocketpaw.stand_in`, and replaces the routes of
the dashboard that begin and complete a sign-in. ``python -m tokenkit.pocketpaw enable`` does so for every program of a
Python environment, since PocketPaw runs its tools as programs of their own. Nothing is loaded before it is needed.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

REPLACED = ("pocketpaw.integrations.oauth", "pocketpaw.integrations.token_store")
"""The modules that `stand_in` stands in for; it has the names of both."""

ROUTED = {
    "pocketpaw.dashboard": ("/api/oauth/authorize", "/oauth/callback"),
    "pocketpaw.api.v1.oauth_integrations": ("/oauth/integrations/authorize", "/oauth/integrations/callback"),
}
"""The modules that begin and complete sign-ins, by which paths. Not every version has the second."""

__all__ = ["install"]


def install() -> None:
    """Stand in from now on; call it before PocketPaw is imported, as often as you like."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds the modules that are replaced, and those whose routes are."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load the module of that name; None for all but four."""
        if name in REPLACED:
            return ModuleSpec(name, _StandIn())
        if name not in ROUTED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Routed(spec.loader)
        return spec


class _StandIn(Loader):
    """Loads `stand_in` under another name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that is there already, or is loaded now."""
        from tokenkit.pocketpaw import stand_in

        self._spec = stand_in.__spec__
        return stand_in

    def exec_module(self, module: ModuleType) -> None:
        """Put back what the import system has changed of it: it has run before."""
        module.__spec__ = self._spec


class _Routed(Loader):
    """Loads a module of PocketPaw's, and then replaces its routes."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what PocketPaw's own loader makes."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then replace its routes; raises `ConfigurationError` where they are not found."""
        self._loader.exec_module(module)
        from tokenkit.pocketpaw.routes import replace_routes

        replace_routes(module, *ROUTED[module.__name__])
