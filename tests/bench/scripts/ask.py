import sys

from tokenkit import TokenKit

kit = TokenKit(background=False)
name = sys.argv[1]
kit.token(name)
for _ in range(int(sys.argv[2])):
    kit.token(name)
