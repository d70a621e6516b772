"""Asks for the account's token once, as a script of the assistant would. With an argument: signs in instead.

usage: ask_once.py [AUTHORIZE]      AUTHORIZE: a callback URL that completes the sign-in begun under the binding "crash"
"""

import sys

from tokenkit import TokenKit

kit = TokenKit(background=False)
if len(sys.argv) > 1:
    print(kit.complete(sys.argv[1], binding="crash"))
else:
    print(kit.token("google").value[-6:])
