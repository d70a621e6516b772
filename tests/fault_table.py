"""The faults that tests make happen, and what came of each, as a table in the documents."""

import json
import os


def tell(fault: str, outcome: str) -> None:
    """Say what came of a fault; written down where ``TOKENKIT_FAULTS`` names a file (see `docs/faults.py`)."""
    path = os.environ.get("TOKENKIT_FAULTS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps([fault, outcome]) + "\n")
