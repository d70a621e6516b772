"""Where the keys come from, and what they do."""
