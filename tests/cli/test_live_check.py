"""``tokenkit providers check --live``: what a server publishes, against what is written here."""

import json
from dataclasses import replace

import pytest
import typer
from tokenkit import OAuth2, TokenKit
from tokenkit.cli.live_check import check_live
from tokenkit.errors import InvalidAnswer
from tokenkit.provider import Context, Request, Response

ACME = OAuth2(
    name="acme",
    title="Acme",
    authorization_endpoint="https://login.acme.example/authorize",
    token_endpoint="https://login.acme.example/token",
    revocation_endpoint="https://login.acme.example/revoke",
    console_url="https://acme.example/apps",
)
PUBLISHED = {
    "issuer": "https://login.acme.example",
    "authorization_endpoint": ACME.authorization_endpoint,
    "token_endpoint": ACME.token_endpoint,
    "revocation_endpoint": ACME.revocation_endpoint,
}


def kit(provider: OAuth2, document: dict[str, str] | None, tmp_path) -> TokenKit:
    def send(request: Request) -> Response:
        assert request.url.startswith("https://login.acme.example/.well-known/"), "the provider's own server, no other"
        return Response(404) if document is None else Response(200, body=json.dumps(document).encode())

    context = Context(send, lambda: 0.0, lambda size: b"r" * size, lambda seconds: None)
    return TokenKit(providers={"acme": provider}, context=context, environ={"HOME": str(tmp_path)}, background=False)


def test_what_is_where_it_was_is_said_to_be(tmp_path, capsys):
    check_live(kit(replace(ACME, issuer=PUBLISHED["issuer"]), PUBLISHED, tmp_path), "acme")
    assert capsys.readouterr().err == "tokenkit: Acme is where its metadata says\n"


def test_what_has_moved_is_named_with_both_addresses(tmp_path, capsys):
    now = {
        **PUBLISHED,
        "token_endpoint": "https://api.acme.example/token",
        "userinfo_endpoint": "https://acme.example/me",
    }
    with pytest.raises(typer.Exit) as caught:
        check_live(kit(ACME, now, tmp_path), "acme")
    assert caught.value.exit_code == 1
    assert capsys.readouterr().out.splitlines() == [
        "issuer: nothing is here, https://login.acme.example is published",
        "token_endpoint: https://login.acme.example/token is here, https://api.acme.example/token is published",
        "userinfo_endpoint: nothing is here, https://acme.example/me is published",
    ]


def test_a_server_that_publishes_nothing_leads_to_its_documentation(tmp_path):
    with pytest.raises(InvalidAnswer, match="Acme cannot be compared") as caught:
        check_live(kit(ACME, None, tmp_path), "acme")
    assert "https://acme.example/apps" in caught.value.hint
