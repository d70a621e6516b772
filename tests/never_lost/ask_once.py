"""Asks for the account's token once, as a script of the assistant would; or rotates the key; or completes a sign-in.

usage: ask_once.py [rotate | CALLBACK_URL]      the sign-in was begun under the binding "crash"
"""

import sys

from tokenkit import TokenKit
from tokenkit.grants.rotate import rotate

kit = TokenKit(background=False)
if sys.argv[1:] == ["rotate"]:
    print(rotate(kit.records).kid)
elif len(sys.argv) > 1:
    print(kit.complete(sys.argv[1], binding="crash"))
else:
    print(kit.token("google").value[-6:])
