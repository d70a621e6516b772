"""What keeps the grants of a store fresh ahead of time, so that those who ask find a good token.

It refreshes as any caller does: one at a time for each account, over all machines (R5), with the back-off that all
share (R12), and never what only a person can help (R13). It hands out no token.
"""
