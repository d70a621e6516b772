"""usage: killed.py MODULE KILLS      prints how many kills left a file unreadable, or a lock in the way"""

import importlib
import json
import os
import sys
from contextlib import suppress

from libraries import There
from storm import kill_once


def main() -> None:
    there = There(*json.loads(os.environ["THERE"]))
    module = importlib.import_module(f"libraries.{sys.argv[1]}")
    library = module.Library(there)
    torn = 0
    for _ in range(int(sys.argv[2])):
        with suppress(FileNotFoundError):
            os.unlink(f"{there.path}.lockfile")  # what a person must do after a kill, before msal saves again
        library.save(0)
        child = os.fork()
        if child == 0:
            number = 0
            while True:
                number += 1
                library.save(number)
        kill_once(child)
        try:
            library.load()
            module.Library(there).load()
            if os.path.exists(f"{there.path}.lockfile"):
                raise FileExistsError
        except Exception:  # noqa: BLE001 - each library has its own
            torn += 1
            if os.path.isfile(there.path):
                os.unlink(there.path)
    print(torn)


if __name__ == "__main__":
    main()
