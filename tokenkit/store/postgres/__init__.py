"""Sealed records in PostgreSQL, for more than one machine (R38). It needs the extra ``postgres``.

The database sees no token and no key. Kinds, owners, providers, account names and times lie in it in clear.
"""
