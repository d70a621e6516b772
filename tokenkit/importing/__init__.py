"""Takes over the sign-ins that other tools keep in files: behind ``tokenkit import``.

`files` opens a file, one reader for each format says what it `found` there (`formats` has those in JSON), `choosing`
picks the grant that is meant, `origin` says whose it is, and `taking` proves it and stores it. An endpoint that a file
names is compared, and never asked (R17).
"""
