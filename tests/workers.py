"""Many accounts at a provider that counts what is asked of each, for the tests of workers."""

from collections import Counter

from tokenkit import Account
from tokenkit.token import AccessToken, Secret

from scripted import LIFETIME, ScriptedKit, ScriptedProvider


class CountingProvider(ScriptedProvider):
    """Counts the refreshes of each refresh token; what a test tells it comes first."""

    def __init__(self, name="scripted"):
        super().__init__(name)
        self.asked = Counter()

    def refresh(self, ctx, client, grant):
        with self._lock:
            self.asked[grant.refresh_token.reveal()] += 1
            outcome = self.script.pop(0) if self.script else None
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            outcome()
        return grant.renewed(access_tokens={"": self._access_token(ctx.now())})


def kit_of(tmp_path, **options):
    options.setdefault("provider", CountingProvider())
    return ScriptedKit(tmp_path, **options)


def add(kit, name, *, owner="", lifetime=LIFETIME, **changes):
    """Store an account whose token is fresh; its refresh token is told by its owner and name."""
    provider = kit.scripted
    account = Account(provider.name, name, owner)
    now = kit.clock.now()
    grant = provider.issue(now).renewed(
        issuer=provider.issuer,
        token_endpoint=provider.token_endpoint,
        revocation_endpoint=provider.revocation_endpoint,
        client_id="client-1",
        refresh_token=Secret(f"refresh of {owner}/{name}"),
        access_tokens={"": AccessToken(f"access of {owner}/{name}", expires_at=now + lifetime, obtained_at=now)},
    )
    kit.for_owner(owner).records.save(account, grant.renewed(**changes), replaces=None)
    return account


def stored_grant(kit, account):
    return kit.for_owner(account.owner).records.get(account).grant
