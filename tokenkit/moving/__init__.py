"""Grants that go from one store into another: at any moment one of the two serves them, or none, and never both."""
