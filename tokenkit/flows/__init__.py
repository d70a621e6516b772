"""The flows of OAuth 2.0, each a file: what a provider that is data is composed of."""
