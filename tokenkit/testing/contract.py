"""The tests that every provider must pass: subclass them in your test module, and give your provider by a fixture."""

import pytest

from tokenkit.account import Account
from tokenkit.errors import ConfigurationError, TokenRefused
from tokenkit.net.hosts import check_endpoints, check_resource, own_endpoints, resource_host
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import ClientRegistration, Provider, Request
from tokenkit.sandbox import CLIENTS, client_of
from tokenkit.testing.provider_harness import ProviderHarness
from tokenkit.testing.signing_in_contract import SigningInContract
from tokenkit.testing.using_contract import UsingContract

BASE_URL = "http://127.0.0.1:9"
"""The address for a provider under test. Nothing listens there: the authority is called without a socket."""


class ProviderContract(SigningInContract, UsingContract):
    """The tests of a `Provider`, against the sandbox's `Authority`. Tests of powers that it lacks are skipped.

    A value of `OAuth2` or `ApiKey` is played from its declaration, below its own name. `tokenkit.sandbox.moved` gives
    it addresses there::

    class TestAcme(ProviderContract):
        @pytest.fixture
        def provider(self):
            return moved(acme.provider(), f"{BASE_URL}/acme")

        @pytest.fixture
        def api_request(self, provider):
            return Request("GET", f"{provider.resource_hosts[0]}/notes")

    What is played so answers as it declares: that an address or a path was misread is not found. A `flavour` is needed
    by a provider that is code, or that is to be held against one that is written down apart from it: its addresses
    are below that flavour, then, as in ``acme.provider(base_url=f"{BASE_URL}/google")``.
    """

    flavour = ""
    """``google``, ``spotify``, ``pocket`` or ``plain``; where it is empty, the provider's own name."""

    scopes: tuple[str, ...] = ()
    """Full values of the scopes to ask for, with those that `api_request` needs."""

    @pytest.fixture
    def provider(self) -> Provider:
        """Return the provider to test, with its addresses at `flavour` below `BASE_URL`."""
        raise NotImplementedError

    @pytest.fixture
    def api_request(self) -> Request:
        """Return a request to the provider's API, without a token; with one it must succeed."""
        raise NotImplementedError

    @pytest.fixture
    def client(self, provider: Provider) -> ClientRegistration:
        """Return the client registration at the authority."""
        flavour = self.flavour or provider.name
        if flavour in CLIENTS:
            return CLIENTS[flavour]
        public = isinstance(provider, OAuth2) and provider.client_auth == "none"
        return ClientRegistration(client_of(flavour).client_id) if public else client_of(flavour)

    @pytest.fixture
    def trial(self, provider: Provider, client: ClientRegistration) -> ProviderHarness:
        """Return an authority at which nobody has signed in yet."""
        return ProviderHarness(provider, client, self.flavour or provider.name, self.scopes)

    def test_its_data_is_whole(self, provider: Provider) -> None:
        """Check that people can read about every scope, and that the scopes that others name are known."""
        assert provider.name == provider.name.lower()
        assert provider.title
        values = {scope.value for scope in provider.scopes.values()}
        assert all(scope.about for scope in provider.scopes.values())
        assert all(name in provider.scopes or name in values for name in provider.default_scopes)
        for scope in provider.scopes.values():
            assert {provider.scopes[name].service for name in scope.includes} <= {scope.service}
            assert scope.strength or not scope.service, f"{scope.value} belongs to a service: how strong is it there?"

    def test_its_tokens_never_go_to_its_own_endpoints(self, provider: Provider) -> None:
        """Hold R32: a token goes to resource servers, and no endpoint of the authorization server is one."""
        assert provider.resource_hosts
        for entry in provider.resource_hosts:
            assert resource_host(entry)
        try:
            check_endpoints(provider)
        except ConfigurationError as error:
            raise AssertionError(str(error)) from None
        account = Account(provider.name, "me@example.com")
        for endpoint in own_endpoints(provider):
            with pytest.raises(TokenRefused):
                check_resource(endpoint, provider, account=account)
