"""Many servers of one service, each with its own people, and a kit before them: no HTTP, no disk, no clock."""

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from tokenkit.kit import TokenKit
from tokenkit.net.hosts import parse_url
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import ClientRegistration, Context, Request, Response
from tokenkit.store.memory import MemoryStore
from tokenkit.testing.clock import Clock
from tokenkit.token import Secret
from tokenkit.variables import Variable


class Servers:
    """Answers for every host: a code or refresh token of one is worth nothing at another. Everybody is number 1."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.documents: dict[str, dict[str, object]] = {}
        self.answers: dict[str, str] = {}

    def send(self, request: Request) -> Response:
        """Answer one request."""
        self.requests.append(request)
        place = parse_url(request.url)
        if request.url in self.documents:
            return _json(self.documents[request.url])
        if place.path.endswith("/me"):
            return _json({"sub": "1", "name": "me"})
        if place.path.endswith("/revoke"):
            return Response(200)
        if not place.path.endswith("/token"):
            return Response(404)
        fields = dict(parse_qsl(request.body.decode()))
        given = fields.get("code") or fields.get("refresh_token", "")
        if not given.endswith(f"@{place.authority}"):
            return _json({"error": "invalid_grant"}, 400)
        number = len(self.requests)
        tokens = {name: f"{name}-{number}@{place.authority}" for name in ("access_token", "refresh_token")}
        return _json({**tokens, "expires_in": 3600, "token_type": "Bearer", **self.answers})

    def hosts(self) -> list[str]:
        """The hosts that were spoken to, in turn."""
        return [parse_url(request.url).authority for request in self.requests]


def _json(members: object, status: int = 200) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(members).encode())


def many_servers(**fields: object) -> OAuth2:
    """A service that runs on servers of people's own."""
    usual: dict[str, object] = {
        "name": "acme",
        "title": "Acme",
        "variables": {"server": Variable(kind="server", about="your Acme")},
        "authorization_endpoint": "{server}/authorize",
        "token_endpoint": "{server}/token",
        "revocation_endpoint": "{server}/revoke",
        "userinfo_endpoint": "{server}/me",
        "resource_hosts": ("{server}/api",),
        "name_paths": ("name",),
    }
    return OAuth2(**(usual | fields))  # type: ignore[arg-type]


class KitOfServers(TokenKit):
    """A kit at one provider with many servers."""

    def __init__(self, tmp_path, provider=None, *, file="", store=None, config="", clients=None, **options):
        self.servers = Servers()
        self.clock = Clock()
        folder = tmp_path / ".config/tokenkit"
        (folder / "providers").mkdir(parents=True, exist_ok=True)
        if file:
            (folder / "providers/acme.toml").write_text(file)
        (folder / "config.toml").write_text(config)
        context = Context(
            send=lambda request: replace(self.servers.send(request), at=self.clock.now()),
            now=self.clock.now,
            random=_random(),
            sleep=self.clock.sleep,
        )
        given = {name: ClientRegistration(id, Secret(f"secret-of-{id}")) for name, id in (clients or {}).items()}
        super().__init__(
            store=store or MemoryStore(),
            providers={} if file else {"acme": provider or many_servers()},
            clients=given,
            context=context,
            environ={"HOME": str(tmp_path)},
            background=False,
            **options,
        )

    def sign_in(self, at="", *, code="", **options):
        """Sign in at a server, without a person, and return the account."""
        variables = options.pop("variables", {"server": at} if at else {})
        extra = options.pop("answer", {})
        redirect_uri = f"http://127.0.0.1:1/callback/{self.callback('acme', variables, options.get('account', ''))}"
        pending = self.begin("acme", redirect_uri=redirect_uri, binding="b", variables=variables, **options)
        there = urlsplit(pending.url).netloc
        parameters = {"code": code or f"c@{there}", "state": pending.state.reveal(), **extra}
        return self.complete(f"{redirect_uri}?{urlencode(parameters)}", binding="b")

    def callback(self, provider, variables, account=""):
        """The end of the path at which the answer is awaited."""
        return self.authorizations.callback_name(self.authorizations.settle(provider, variables, account=account))


def _random():
    numbers = iter(range(1, 1 << 30))
    return lambda size: next(numbers).to_bytes(size, "big")
