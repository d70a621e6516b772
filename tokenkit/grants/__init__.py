"""The life of a grant: ask, refresh once, save, report how it stands, sign out."""
