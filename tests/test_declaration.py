"""The reference page of the declaration has every field, and no other."""

import math
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from tokenkit import AnswerShape, ConfigurationError, Ended, OAuth2, RevocationRequest, UserinfoRequest, Variable
from tokenkit.provider import Scope
from tokenkit.provider_file import read_provider_file

PAGE = (Path(__file__).parents[1] / "docs/reference/declaration.md").read_text(encoding="utf-8")
FIELDS = re.sub(r"^###.*?(?=^## |\Z)", "", PAGE, flags=re.DOTALL | re.MULTILINE)
"""The page without the sections of its groups."""

HEADINGS = {
    "answer": AnswerShape,
    "ended": Ended,
    "userinfo": UserinfoRequest,
    "revocation": RevocationRequest,
    "variables": Variable,
}


def rows(text: str) -> list[str]:
    """The first column of the tables in the text."""
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def test_the_page_has_every_field_once() -> None:
    described = rows(FIELDS)
    assert sorted(described) == sorted(field.name for field in fields(OAuth2) if field.init)


def test_every_field_has_an_example() -> None:
    """Whoever reads the table recognises their service in it."""
    lines = [line for line in FIELDS.splitlines() if line.startswith("| `")]
    assert [line for line in lines if len(line.strip("|").split(" | ")) != 3] == []


@pytest.mark.parametrize("name", HEADINGS)
def test_the_page_has_every_field_of_a_group(name: str) -> None:
    section = PAGE.partition(f"### `{name}`\n")[2].partition("\n#")[0]
    assert sorted(rows(section)) == sorted(field.name for field in fields(HEADINGS[name]))


AT = {"authorization_endpoint": "https://acme.example/a", "token_endpoint": "https://acme.example/t"}


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("default_scopes", "read", "correct default_scopes"),
        ("default_scopes", [1], "correct default_scopes"),
        ("resource_hosts", "https://acme.example", "correct resource_hosts"),
        ("name_paths", "email", "correct name_paths"),
        ("scopes", ["read"], "correct scopes"),
        ("headers", "X: y", "correct headers"),
        ("pkce", "no", "correct pkce"),
        ("redirect_port", "80", "correct redirect_port"),
        ("default_expires_in", "ever", "correct default_expires_in"),
        ("token_endpoint", 3, "correct token_endpoint"),
        ("title", None, "correct title"),
        ("answer", {"path": "x"}, "correct answer"),
        ("client_auth", "bsic", "did you mean 'basic'?"),
        ("request_format", "xml", "it is one of 'form', 'json'"),
        ("iss", "requierd", "did you mean 'required'?"),
        ("revocation_reach", "all", "it is one of"),
    ],
)
def test_a_field_of_another_kind_is_refused_where_it_is_written(field: str, value: object, hint: str) -> None:
    """A scope that is a text would be asked for letter by letter; a file is checked against the schema already."""
    members: dict[str, Any] = {"name": "acme", "title": "Acme", **AT, field: value}
    with pytest.raises(ConfigurationError, match=field) as caught:
        OAuth2(**members)
    assert hint in caught.value.hint


def test_lists_are_as_good_as_tuples() -> None:
    acme = OAuth2(name="acme", title="Acme", **AT, default_scopes=["read"], default_expires_in="never")  # type: ignore[arg-type]
    assert list(acme.default_scopes) == ["read"]


NO_SECONDS = [0, -1, -5.0, math.nan, math.inf, -math.inf, 1e300, 10**400]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            (field, value)
            for field in ("default_expires_in", "refresh_lifetime", "idle_lifetime")
            for value in NO_SECONDS
        ),
        *(("redirect_port", value) for value in (-1, 65536, 10**30, 80.0, True)),
        *(
            ("redirect_host", value)
            for value in ("", "0.0.0.0", "::", "[::1]", "example.com", "127.0.0.1:80", "http://127.0.0.1", "10.0.0.1")
        ),
        *(
            ("issuer", value)
            for value in ("x", "acme.example", "https://", "ftp://acme.example", "https://acme.example#a")
        ),
        ("title", ""),
        ("code_parameter", ""),
        ("code_parameter", "state"),
        ("code_parameter", "error"),
        ("scope_parameter", "code"),
        ("scope_parameter", "iss"),
        ("parameter_names", {"client_id": "client_secret"}),
        ("parameter_names", {"code": "token", "client_secret": "token"}),
        ("parameter_names", {"refresh_token": "scope"}),
        ("checked", "2026-13-45"),
        ("ended", [Ended()]),
        ("ended", [Ended(code="gone"), Ended(reason="it is gone")]),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_value_that_no_provider_has_is_refused_before_anybody_signs_in(field: str, value: object) -> None:
    """Once an account is stored, a lifetime without an end in numbers would break each look at it.

    R24: an answer is awaited on this machine alone.
    """
    members: dict[str, Any] = {"name": "acme", "title": "Acme", **AT, field: value}
    with pytest.raises(ConfigurationError, match=field) as caught:
        OAuth2(**members)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("field", ["userinfo_endpoint", "token_endpoint", "introspection_endpoint"])
@pytest.mark.parametrize("name", ["token", "client_id"])
def test_what_is_filled_in_for_a_revocation_stands_in_no_other_address(field: str, name: str) -> None:
    """R35: a token is in no other address of ours; the braces would be sent as they are."""
    members: dict[str, Any] = {"name": "acme", "title": "Acme", **AT, field: f"https://acme.example/x/{{{name}}}"}
    with pytest.raises(ConfigurationError, match=f"{field} of acme names"):
        OAuth2(**members)
    how = RevocationRequest(sent_in="url" if name == "token" else "form")
    there = f"https://acme.example/x/{{{name}}}"
    assert OAuth2(name="acme", title="Acme", **AT, revocation_endpoint=there, revocation=how).revoke


@pytest.mark.parametrize(
    ("endpoint", "sent_in"), [("x", "url"), ("x/{client_id}", "url"), ("x/{token}", "form"), ("{token}", "bearer")]
)
def test_a_revocation_that_would_name_no_token_is_refused(endpoint: str, sent_in: Any) -> None:
    """RFC 7009 section 2.2: a server says yes to it all the same, and a sign-out would tell that it has ended."""
    there = f"https://acme.example/{endpoint}"
    with pytest.raises(ConfigurationError, match="revocation_endpoint") as caught:
        OAuth2(
            name="acme", title="Acme", **AT, revocation_endpoint=there, revocation=RevocationRequest(sent_in=sent_in)
        )
    assert "{token}" in caught.value.hint


@pytest.mark.parametrize("alias", ["mail read", "mail,read", "", "mail\tread"])
def test_a_short_name_that_no_list_of_scopes_can_hold_is_refused(alias: str) -> None:
    """A page and a command take several, with commas or spaces between them."""
    with pytest.raises(ConfigurationError, match="cannot be the short name of a scope"):
        OAuth2(name="acme", title="Acme", **AT, scopes={alias: Scope("mail.read", "read your mail")})
    with pytest.raises(ConfigurationError, match=r"scopes\.mail\.value is empty"):
        OAuth2(name="acme", title="Acme", **AT, scopes={"mail": Scope("", "read your mail")})


def test_two_parameters_that_are_never_sent_together_may_have_one_name() -> None:
    """A code and a refresh token are the two things that are exchanged."""
    names = {"code": "token", "refresh_token": "token", "scope": ""}
    assert OAuth2(name="acme", title="Acme", **AT, parameter_names=names).parameter_names == names


@pytest.mark.parametrize("field", ["token_endpoint", "userinfo_endpoint", "issuer", "redirect_uri"])
@pytest.mark.parametrize("url", ["https://me:s3cret@acme.example/x", "https://тест.example/", "acme.example/x", "a:b"])
def test_an_address_that_is_none_is_told_with_one_that_is_and_without_a_password(field: str, url: str) -> None:
    """R35: an address may hold one."""
    members: dict[str, Any] = {"name": "acme", "title": "Acme", **AT, field: url}
    with pytest.raises(ConfigurationError, match="cannot be") as caught:
        OAuth2(**members)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint.startswith("write ")
    assert url.isascii() or "xn--" in caught.value.hint


def test_a_field_of_the_evidence_that_there_is_not_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError) as caught:
        OAuth2(name="acme", title="Acme", **AT, unverified=("token_endpont",))
    assert caught.value.hint == "did you mean token_endpoint?"


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("authorization_endpoint", "response_type=code&client_id=YOUR_ID&redirect_uri=https%3A%2F%2Fexample.com"),
        ("authorization_endpoint", "access_type=offline&scope=read"),
        ("authorization_endpoint", "state"),
        ("authorization_endpoint", "response_mode=form_post"),
        ("token_endpoint", "grant_type=authorization_code"),
        ("refresh_endpoint", "grant_type=refresh_token"),
    ],
)
def test_the_address_of_an_example_is_refused_and_the_endpoint_named(field: str, query: str) -> None:
    """RFC 6749 section 3.1: a query stays, and no parameter is there twice. Servers tell it in many ways, or not."""
    members: dict[str, Any] = {"name": "acme", "title": "Acme", **AT, field: f"https://acme.example/x?{query}"}
    with pytest.raises(ConfigurationError, match=f"the query of {field} may not set") as caught:
        OAuth2(**members)
    assert caught.value.hint == 'write "https://acme.example/x"'


def test_a_query_of_the_endpoints_own_stays() -> None:
    members: dict[str, Any] = {"name": "acme", "title": "Acme", **AT}
    members["authorization_endpoint"] += "?tenant=a&api=2"
    assert OAuth2(**members).authorization_endpoint.endswith("?tenant=a&api=2")


@pytest.mark.parametrize("line", ["default_expires_in = nan", "refresh_lifetime = inf", 'redirect_host = "0.0.0.0"'])
def test_a_file_is_refused_likewise_and_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "acme.toml"
    addresses = "".join(f'{name} = "{url}"\n' for name, url in AT.items())
    path.write_text(f'[provider]\nname = "acme"\ntitle = "Acme"\n{addresses}{line}\n')
    with pytest.raises(ConfigurationError, match=line.partition(" ")[0]) as caught:
        read_provider_file(str(path), "acme", {})
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_loopback_has_several_names(host: str) -> None:
    members: dict[str, Any] = {"name": "acme", "title": "Acme", **AT, "redirect_host": host}
    assert OAuth2(**members).redirect_host == host
