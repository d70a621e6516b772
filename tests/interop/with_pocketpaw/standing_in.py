"""A plugin of pytest that has PocketPaw use tokenkit, as ``python -m tokenkit.pocketpaw enable`` does."""

import tokenkit.pocketpaw

tokenkit.pocketpaw.install()


def pytest_terminal_summary(terminalreporter) -> None:
    """Say whose modules the tests have had."""
    from pocketpaw.integrations import oauth, token_store

    terminalreporter.write_line(f"modules: {oauth.__file__} {token_store.__file__}")
