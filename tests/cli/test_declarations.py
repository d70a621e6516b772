"""A provider file is written from a server's metadata, and read again before anybody signs in with it."""

import json
from pathlib import Path

import pytest
from tokenkit.cli.declarations import add_declaration, check_declaration
from tokenkit.errors import ConfigurationError, InvalidAnswer, UsageError
from tokenkit.kit import TokenKit
from tokenkit.provider import Response

from world import World, answer

METADATA = {
    "issuer": "https://auth.acme.example/",
    "authorization_endpoint": "https://auth.acme.example/authorize",
    "token_endpoint": "https://api.acme.example/token",
    "userinfo_endpoint": "https://api.acme.example/userinfo",
    "revocation_endpoint": "https://api.acme.example/revoke",
    "authorization_response_iss_parameter_supported": True,
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
}


def kit_at(tmp_path: Path, *answers: Response) -> TokenKit:
    return TokenKit(context=World(*answers).ctx, environ={"HOME": str(tmp_path)}, background=False)


def test_a_declaration_is_written_from_the_metadata_and_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit = kit_at(tmp_path, answer(METADATA))
    add_declaration(kit, "https://auth.acme.example")
    told = capsys.readouterr()
    path = tmp_path / ".config/tokenkit/providers/acme.toml"
    assert told.out == f"{path}\n"
    assert "no resource_hosts" in told.err
    assert "tokenkit client set acme" in told.err
    made = kit.provider("acme")
    assert (made.issuer, made.token_endpoint, made.revocation_endpoint) == (
        "https://auth.acme.example/", "https://api.acme.example/token", "https://api.acme.example/revoke",
    )  # fmt: skip
    assert path.read_text().count('iss = "required"') == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://auth.acme.example/.well-known/openid-configuration",
        "https://auth.acme.example/.well-known/oauth-authorization-server",
    ],
)
def test_the_address_of_the_document_will_do(tmp_path: Path, url: str) -> None:
    kit = kit_at(tmp_path, answer(METADATA))
    add_declaration(kit, url)
    assert kit.provider("acme").title == "Acme"


@pytest.mark.parametrize(
    ("more", "noted"),
    [
        ({"code_challenge_methods_supported": ["plain"]}, "has plain, and not S256"),
        ({"response_types_supported": ["token", "id_token"]}, "has token, id_token, and not code"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "has private_key_jwt, and not client_secret"),
        ({"grant_types_supported": ["implicit"]}, "has implicit, and not authorization_code"),
        ({"require_pushed_authorization_requests": True}, "require_pushed_authorization_requests is true"),
    ],
    ids=str,
)
def test_what_a_server_wants_that_no_declaration_can_do_is_noted(
    tmp_path: Path, more: dict[str, object], noted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not refused: a server may say less than it takes. Without the note a person meets it at the consent screen."""
    add_declaration(kit_at(tmp_path, answer({**METADATA, **more})), "https://auth.acme.example")
    told = capsys.readouterr().err
    assert noted in told
    assert "a sign-in needs a plugin in code" in told


def test_what_a_server_takes_beside_what_we_do_is_not_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = {
        "code_challenge_methods_supported": ["plain", "S256"],
        "response_types_supported": ["code", "code id_token"],
        "token_endpoint_auth_methods_supported": ["tls_client_auth", "none"],
        "grant_types_supported": [],
        "require_pushed_authorization_requests": False,
    }
    add_declaration(kit_at(tmp_path, answer({**METADATA, **more})), "https://auth.acme.example")
    assert "plugin" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["https://me:s3cret@auth.acme.example", "me:s3cret@auth.acme.example", "https://тест.de"]
)
def test_an_address_that_is_none_is_refused_and_no_password_in_it_shown(tmp_path: Path, url: str) -> None:
    """R35: an address may hold one."""
    with pytest.raises(UsageError, match="is no address of an authorization server") as caught:
        add_declaration(kit_at(tmp_path), url)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    kit = kit_at(tmp_path, answer(METADATA), answer(METADATA))
    add_declaration(kit, "https://auth.acme.example")
    path = tmp_path / ".config/tokenkit/providers/acme.toml"
    path.write_text(path.read_text() + "# mine\n")
    with pytest.raises(ConfigurationError, match="already"):
        add_declaration(kit, "https://auth.acme.example")
    assert "# mine" in path.read_text()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"issuer": "https://evil.example"}, InvalidAnswer),
        ({"token_endpoint": "http://api.acme.example/token"}, InvalidAnswer),
        ({"token_endpoint": "javascript:alert(1)"}, InvalidAnswer),
    ],
)
def test_a_document_that_makes_no_provider_leaves_no_file(
    tmp_path: Path, changes: dict[str, str], kind: type[Exception]
) -> None:
    kit = kit_at(tmp_path, answer({**METADATA, **changes}))
    with pytest.raises(kind):
        add_declaration(kit, "https://auth.acme.example")
    assert not (tmp_path / ".config/tokenkit/providers/acme.toml").exists()


def test_what_is_no_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no address"):
        add_declaration(kit_at(tmp_path), "acme")


def test_a_file_is_read_as_it_will_be_and_what_it_lacks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(
        '[provider]\nname = "acme"\ntitle = "Acme"\nauthorization_endpoint = "https://{region}.acme.example/a"\n'
        f'token_endpoint = "https://{{region}}.acme.example/t"\nresource_hosts = {json.dumps(["https://api.acme.example"])}\n'
        '[provider.variables.region]\nchoices = ["eu", "us"]\n'
    )
    check_declaration(kit_at(tmp_path), str(path))
    told = capsys.readouterr()
    assert told.out == f"{path} declares Acme\n"
    assert "no userinfo_endpoint" in told.err
    assert "resource_hosts" not in told.err


def test_plain_http_to_a_name_and_a_missing_subject_path_are_said_before_anybody_signs_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(
        '[provider]\nname = "acme"\ntitle = "Acme"\nresource_hosts = ["http://localhost:8080/v1"]\n'
        'userinfo_endpoint = "http://127.0.0.1:8080/me"\n[provider.fields.key]\nlabel = "API key"\n'
    )
    check_declaration(kit_at(tmp_path), str(path))
    told = capsys.readouterr().err
    assert "what is typed travels as Authorization: Bearer {key}, to http://localhost:8080/v1\n" in told
    assert "http://localhost:8080/v1: nothing secret is sent to http://localhost:8080 without TLS" in told
    assert "127.0.0.1:8080/me:" not in told
    assert "no subject_path: nobody knows whose account it is" in told


DECLARED = """\
[provider]
name = "acme"
title = "Acme"
authorization_endpoint = "https://acme.example/a"
token_endpoint = "https://acme.example/t"
"""
READ = '[provider.scopes.read]\nvalue = "notes.read"\n'


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            f'default_scopes = ["reed"]\n{READ}',
            "reed is none of this file's scopes, and is asked for as it stands; did",
        ),
        ('redirect_uri = "http://127.0.0.1/cb"\n', "write and register http://127.0.0.1:8765/cb, or leave it out"),
    ],
)
def test_what_a_sign_in_would_stumble_over_is_noted(
    more: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(DECLARED + more)
    check_declaration(kit_at(tmp_path), str(path))
    assert said in capsys.readouterr().err
    path.write_text(f'{DECLARED}default_scopes = ["read", "notes.read"]\nredirect_uri = "https://a.example/cb"\n{READ}')
    check_declaration(kit_at(tmp_path), str(path))
    told = capsys.readouterr().err
    assert "as it stands" not in told
    assert "redirect_uri" not in told


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ('scope_separator = "comma"', "scope_separator of acme is the character itself", 'scope_separator = ","'),
        ('redirect_uri = "http://127.0.0.1:PORT/cb"', "its port is 'PORT', and not a number", ""),
        ('revoke_endpoint = "x"', "no key revoke_endpoint", "did you mean revocation_endpoint?"),
        ('profile_url = "x"', "no key profile_url", "did you mean userinfo_endpoint?"),
        ("rotates = true", "no key rotates", "that there are: docs/reference/declaration.md"),
    ],
)
def test_likely_guesses_are_told_what_is_meant(line: str, said: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(f"{DECLARED}{line}\n")
    with pytest.raises(ConfigurationError) as caught:
        check_declaration(kit_at(tmp_path), str(path))
    assert said in str(caught.value)
    assert hint in caught.value.hint


def test_what_is_wrong_in_a_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    with pytest.raises(ConfigurationError, match="no file"):
        check_declaration(kit_at(tmp_path), str(path))
    path.write_text('[provider]\nname = "acme"\ntitel = "Acme"\n')
    with pytest.raises(ConfigurationError, match="no key titel") as caught:
        check_declaration(kit_at(tmp_path), str(path))
    assert caught.value.hint == "did you mean title?"
