"""``python -m tokenkit``: the program, where the folder that it was installed into is not on the ``PATH``."""

from tokenkit.cli.fast_path import main

if __name__ == "__main__":
    main()
