from tokenkit import TokenKit

TokenKit().token("google/me@example.com")
