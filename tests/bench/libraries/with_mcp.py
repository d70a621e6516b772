"""mcp: its `OAuthClientProvider` with a `TokenStorage` that keeps a file, driven as httpx2 drives an auth."""

import asyncio
import logging
import time

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthMetadata, OAuthToken
from pydantic import AnyUrl

from libraries import There, padded, read, spent, write

logging.disable(logging.CRITICAL)

SERVER = "http://127.0.0.1:9/mcp"
REDIRECT = AnyUrl("http://127.0.0.1:9/callback")


class Storage:
    def __init__(self, there: There) -> None:
        self.there = there

    async def get_tokens(self) -> OAuthToken | None:
        return OAuthToken.model_validate(read(self.there.path))

    async def set_tokens(self, tokens: OAuthToken) -> None:
        write(self.there.path, tokens.model_dump())

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return OAuthClientInformationFull(
            client_id=self.there.client_id,
            client_secret=self.there.client_secret,
            redirect_uris=[REDIRECT],
            token_endpoint_auth_method="client_secret_post",
        )

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise NotImplementedError


def provider(there: There, server: str = SERVER) -> OAuthClientProvider:
    metadata = OAuthClientMetadata(redirect_uris=[REDIRECT], client_name="bench")
    return OAuthClientProvider(server, metadata, Storage(there))


class Library:
    def __init__(self, there: There) -> None:
        self.path = there.path
        self.client = httpx2.AsyncClient()
        self.auth = provider(there)
        context = self.auth.context
        issuer = there.token_url.removesuffix("/token")
        context.oauth_metadata = OAuthMetadata.model_validate(
            {"issuer": issuer, "authorization_endpoint": f"{issuer}/auth", "token_endpoint": there.token_url}
            | {"response_types_supported": ["code"]}
        )
        asyncio.run(self.auth._initialize())
        context.token_expiry_time = time.time() - 60  # as in a process that ran on: after a restart it would not know

    async def ask(self) -> str:
        flow = self.auth.async_auth_flow(httpx2.Request("GET", SERVER))
        request = await anext(flow)
        while request.url.path != "/mcp":
            answer = await self.client.send(request)
            await answer.aread()
            request = await flow.asend(answer)
        await flow.aclose()
        value = request.headers.get("Authorization", "")
        if not value:
            raise PermissionError
        return value.removeprefix("Bearer ")

    def save(self, number: int) -> None:
        write(self.path, {**spent("refresh"), "access_token": padded(number)})

    def load(self) -> None:
        OAuthToken.model_validate(read(self.path))


def seed(there: There, refresh_token: str) -> None:
    write(there.path, {name: value for name, value in spent(refresh_token).items() if name != "expires_at"})


def refresh_token(there: There) -> str:
    return str(read(there.path)["refresh_token"])
