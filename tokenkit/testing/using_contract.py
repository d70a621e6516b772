"""The tests of what a grant is for: requests, whose account it is, refreshing and revoking."""

import pytest

from tokenkit.errors import ConsentRequired, ProviderUnavailable
from tokenkit.provider import Request
from tokenkit.testing.provider_harness import ME, ProviderHarness
from tokenkit.token import AccessToken


class UsingContract:
    """The part of `ProviderContract` that uses a grant; `trial` and `api_request` are its fixtures."""

    def test_a_request_is_accepted_with_the_token_and_refused_without(
        self, trial: ProviderHarness, api_request: Request
    ) -> None:
        """Check that the token is what makes the request succeed, and that it changes neither host nor path."""
        token = trial.sign_in().access_token
        assert token is not None
        signed = trial.provider.authenticate(trial.ctx, trial.client, token, api_request)
        assert (signed.method, signed.url) == (api_request.method, api_request.url)
        assert trial.status(token, api_request) < 300
        assert trial.status(AccessToken("wrong"), api_request) == 401
        assert trial.authority.handle(api_request).status in (400, 401, 403)

    def test_whose_account_it_is_stays_the_same(self, trial: ProviderHarness) -> None:
        """Hold R18: the subject stays the same for a person, and is nobody else's."""
        identify = trial.provider.identify
        if identify is None:
            pytest.skip("this provider cannot say whose account it is")
        users = (ME, ME, "you@example.com")
        mine, again, yours = (identify(trial.ctx, trial.client, trial.sign_in(as_user=user)) for user in users)
        assert mine == again
        assert mine.subject != yours.subject
        assert mine.name

    def test_a_refresh_renews_the_access_token_and_keeps_the_rest(self, trial: ProviderHarness) -> None:
        """Hold R16: an answer without a refresh token or scopes takes nothing away."""
        granted = trial.sign_in()
        if trial.provider.refresh is None or granted.access_token is None:
            pytest.skip("this provider does not refresh")
        trial.clock.advance(granted.access_token.lifetime())
        renewed = trial.provider.refresh(trial.ctx, trial.client, granted)
        assert renewed.access_token is not None
        assert renewed.access_token.value != granted.access_token.value
        assert renewed.access_token.good(trial.clock.now())
        assert renewed.refresh_token == granted.refresh_token
        assert renewed.scopes == granted.scopes
        assert renewed.authorized_at == granted.authorized_at

    def test_a_grant_that_the_person_took_back_needs_consent(self, trial: ProviderHarness) -> None:
        """Hold R13: the provider's "no" ends a grant, and a person can read why."""
        if trial.provider.refresh is None:
            pytest.skip("this provider does not refresh")
        granted = trial.sign_in()
        trial.authority.withdraw(trial.flavour, ME)
        with pytest.raises(ConsentRequired) as caught:
            trial.provider.refresh(trial.ctx, trial.client, granted)
        assert caught.value.reason
        assert caught.value.hint

    @pytest.mark.parametrize("status", [503, 429, None], ids=["503", "429", "no answer"])
    def test_a_refresh_in_trouble_ends_nothing(self, trial: ProviderHarness, status: int | None) -> None:
        """Hold R12 and R14: trouble at the provider signs nobody out."""
        if trial.provider.refresh is None:
            pytest.skip("this provider does not refresh")
        granted = trial.sign_in()
        trial.authority.next("token", status=status, drop=status is None)
        with pytest.raises(ProviderUnavailable):
            trial.provider.refresh(trial.ctx, trial.client, granted)
        assert trial.provider.refresh(trial.ctx, trial.client, granted).access_token is not None

    def test_revoking_ends_the_grant_at_the_provider(self, trial: ProviderHarness, api_request: Request) -> None:
        """Hold R19: a token that was only deleted here would work for a thief."""
        if trial.provider.revoke is None:
            assert trial.provider.revocation_reach == ""
            pytest.skip("this provider cannot revoke")
        granted = trial.sign_in()
        assert granted.access_token is not None
        assert trial.status(granted.access_token, api_request) < 300
        assert trial.provider.revoke(trial.ctx, trial.client, granted).done
        assert trial.status(granted.access_token, api_request) == 401
