"""The command line: each command a short adapter over `tokenkit.TokenKit`."""
