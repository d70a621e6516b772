import sys

from google.oauth2.credentials import Credentials

print(Credentials.from_authorized_user_file(sys.argv[1] + ".google").token)
