"""Providers are found by name, one at a time, and a wrong file or plugin gets an exact error."""

import importlib.metadata
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields, replace
from importlib.metadata import EntryPoint, EntryPoints
from types import SimpleNamespace

import pytest
from tokenkit import ApiKey, plugins
from tokenkit.config.file import ProviderSettings
from tokenkit.errors import ConfigurationError, ConsentDenied, ProviderBroken, UnknownProvider
from tokenkit.oauth2 import OAuth2
from tokenkit.plugins import guarded, load_provider, provider_names
from tokenkit.provider import Provider, ProviderBase, Request, Scope
from tokenkit.provider_file import schema
from tokenkit.settled import KEYS
from tokenkit.token import AccessToken
from tokenkit.variables import Variable

from scripted import ScriptedProvider

TOKEN = "https://{region}.acme.example/oauth/token"
ACME = """
[provider]
name = "acme"
title = "Acme Notes"
authorization_endpoint = "https://{region}.acme.example/oauth/authorize"
token_endpoint = "https://{region}.acme.example/oauth/token"
revocation_endpoint = "https://{region}.acme.example/oauth/revoke"
resource_hosts = ["https://{region}.acme.example/api"]
client_auth = "basic"
pkce = true
scope_separator = ","
request_format = "json"
default_scopes = ["read"]
default_expires_in = "never"
captured = ["workspace_id"]

[provider.authorization_parameters]
audience = "https://{region}.acme.example"

[provider.variables.region]
choices = ["eu", "us"]

[provider.scopes]
read = { value = "notes.read", about = "read your notes" }
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "providers").mkdir()
    return tmp_path


def write(folder, text, name="acme"):
    path = folder / "providers" / f"{name}.toml"
    path.write_text(text)
    return path


def load(folder, name="acme", **ways):
    return load_provider(name, config_folder=str(folder), **ways)


def refused(folder, text):
    """The error that a file gets, which always names it."""
    path = write(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(folder, options={"region": "eu"} if "{region}" in text else {})
    assert str(path) in str(caught.value)
    return caught.value


def install(monkeypatch, **objects):
    """Entry points, of a plugin package that is not there; each object is made an attribute of this module."""
    points = []
    for name, thing in objects.items():
        monkeypatch.setattr(sys.modules[__name__], f"plugin_{name}", thing, raising=False)
        points.append(EntryPoint(name, f"{__name__}:plugin_{name}", plugins.GROUP))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **which: EntryPoints(points).select(**which))


def value(name="acme", **fields):
    return OAuth2(
        name=name,
        title=name,
        authorization_endpoint="https://acme.example/a",
        token_endpoint="https://acme.example/t",
        **fields,
    )


# A file.


def test_a_file_makes_a_provider(folder):
    """The four tiers of what 86 % of known providers need: parameters, variables, separators, JSON, captured values."""
    write(folder, ACME)
    provider = load(folder, options={"region": "eu"})
    assert provider.variables == {"region": Variable(choices=("eu", "us"), default="eu")}
    assert replace(provider, variables={}) == OAuth2(
        name="acme",
        title="Acme Notes",
        authorization_endpoint="https://eu.acme.example/oauth/authorize",
        token_endpoint="https://eu.acme.example/oauth/token",
        revocation_endpoint="https://eu.acme.example/oauth/revoke",
        resource_hosts=("https://eu.acme.example/api",),
        client_auth="basic",
        scope_separator=",",
        request_format="json",
        default_scopes=("read",),
        default_expires_in="never",
        captured=("workspace_id",),
        authorization_parameters={"audience": "https://eu.acme.example"},
        scopes={"read": Scope("notes.read", "read your notes")},
    )


def test_a_file_says_how_its_scopes_are_offered(folder):
    scope = 'value = "mail", about = "all your mail", service = "Mail", strength = "full", includes = ["read"]'
    write(folder, f"{ACME}mail = {{ {scope} }}\n")
    found = load(folder, options={"region": "eu"}).scopes["mail"]
    assert found == Scope("mail", "all your mail", service="Mail", strength="full", includes=("read",))


def test_a_strength_that_there_is_not_is_told_with_those_there_are(folder):
    scope = 'value = "mail", service = "Mail", strength = "strong"'
    error = refused(folder, f"{ACME}mail = {{ {scope} }}\n")
    assert "scopes.mail.strength" in str(error)
    assert '"read", "add", "write", "full"' in str(error)


@pytest.mark.parametrize(
    ("line", "key", "meant"),
    [
        ('tokn_endpoint = "x"', "tokn_endpoint", "token_endpoint"),
        ('authorization_url = "x"', "authorization_url", "authorization_endpoint"),
        ('authorize_url = "x"', "authorize_url", "authorization_endpoint"),
        ('token_url = "x"', "token_url", "token_endpoint"),
        ('consol_url = "x"', "consol_url", "console_url"),
        ("scope = []", "scope", "scopes"),
        ('[provider.scopes]\nread = { value = "x", abuot = "y" }', "scopes.read.abuot", "about"),
        ("[provider.variables.place]\nchoice = []", "variables.place.choice", "choices"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(folder, line, key, meant):
    head = ACME.partition("[provider.authorization_parameters]")[0].replace("{region}", "eu")
    error = refused(folder, f"{head}\n{line}\n")
    assert str(error).endswith(f"there is no key {key}")
    assert error.hint == f"did you mean {meant}?"


def test_a_misspelled_key_is_told_and_not_that_the_one_it_stands_for_is_missing(folder):
    error = refused(folder, ACME.replace("token_endpoint", "token_endpont", 1))
    assert str(error).endswith("there is no key token_endpont")
    assert error.hint == "did you mean token_endpoint?"


def test_a_client_secret_in_the_file_is_refused_and_not_shown(folder):
    """R31, R35: it has a file of its own."""
    error = refused(folder, ACME.replace("pkce = true", 'client_secret = "s3cret"'))
    assert "kept apart" in error.hint
    assert "s3cret" not in f"{error} {error.hint}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"basic"', '"bsic"', 'client_auth must be one of "none", "post", "basic", "basic_raw"'),
        ("pkce = true", 'pkce = "yes"', "pkce must be true or false"),
        ('title = "Acme Notes"', "", "title"),
        ("pkce = true", "pkce = 2026-01-01", "holds a date"),
        ('"acme"', '"other"', 'must say name = "acme"'),
        ("[provider]", "[provider", "is not TOML"),
        ("[provider]", "stray = 1\n[provider]", "nothing beside it"),
        ("[provider]\n", "", "must hold one table"),
        ("https://{region}.acme.example/oauth/token", "nonsense", "cannot be the token_endpoint"),
        ("example/api", "example/oauth/token", "takes in its endpoint"),
        ("{region}.acme.example/api", "{regoin}.acme.example/api", "{regoin}, and declares no such variable"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(folder, old, new, words):
    assert words in str(refused(folder, ACME.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ('client_auth = "basic"', 'client_auth = "client_secret_basic"', 'write client_auth = "basic"'),
        ('client_auth = "basic"', 'client_auth = "client_secret_post"', 'write client_auth = "post"'),
        ('client_auth = "basic"', 'client_auth = "bsic"', 'write client_auth = "basic"'),
        ('client_auth = "basic"', 'client_auth = "private_key_jwt"', "write one of these"),
        ('client_auth = "basic"', "client_auth = true", "write one of these"),
        ("pkce = true", "checked = 2026-01-01", 'write checked = "2026-01-01"'),
        ('"acme"', '"other"', 'write name = "acme" below [provider], or give the file its name'),
        ("[provider]\n", "stray = 1\n[provider]\n", "put stray below [provider], or take it out"),
        (TOKEN, "acme.example/token", 'write token_endpoint = "https://acme.example/token"'),
        (TOKEN, "https://me:hunter2@acme.example/token", 'write token_endpoint = "https://host/path"'),
        ("pkce = true", 'issuer = "acme"', 'write issuer = "https://host/path"'),
        ("pkce = true", 'redirect_uri = "localhost"', 'write redirect_uri = "http://127.0.0.1:8765/callback"'),
        ("pkce = true", 'unverified = ["pkse"]', "did you mean pkce?"),
        ("[provider]\n", "", "write the line [provider] above all others"),
        ("[provider]\n", "[providers]\n", "write [provider] in place of [providers]"),
        ("[provider]\n", "[[provider]]\n", "write [provider], with one pair of brackets"),
        ("pkce = true", "ended = [{ status = true }]", "write status = 403"),
        ("https://{region}.acme.example/oauth/token", "http://a.example/t", "write https://a.example/t"),
        ("https://{region}.acme.example/api", "api.acme.example/v1", 'write "https://api.acme.example/v1"'),
    ],
)
def test_what_makes_it_right_is_the_line_itself(folder, old, new, hint):
    """And never a value that was not meant."""
    head = ACME.partition("[provider.authorization_parameters]")[0]
    error = refused(folder, head.replace(old, new, 1).replace("{region}", "eu"))
    assert error.hint == hint
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("token_endpoint_auth_method", "client_auth"),
        ("server_metadata_url", "issuer"),
        ("api_base_url", "resource_hosts"),
        ("hosts", "resource_hosts"),
        ("use_pkce", "pkce"),
        ("expires_in", "default_expires_in"),
        ("well_known", "issuer"),
    ],
)
def test_a_key_that_others_call_so_is_known_by_its_name_here(folder, key, meant):
    head = ACME.partition("[provider.authorization_parameters]")[0]
    assert refused(folder, f'{head}\n{key} = "x"\n').hint == f"did you mean {meant}?"


@pytest.mark.parametrize("called", ["Acme.toml", "acme.TOML", "acme.toml.txt", "ACME.Toml"])
def test_a_file_that_is_not_read_for_its_name_is_told(folder, called):
    """Editors and file systems change a name; the list passes over it, and nobody sees why."""
    path = write(folder, ACME)
    path.rename(path.with_name(called))
    with pytest.raises(UnknownProvider, match=re.escape(f"the file {path.with_name(called)} is not read")) as caught:
        load(folder)
    assert caught.value.hint == f"mv {path.with_name(called)} {path}"


def test_a_link_that_leads_nowhere_is_told_as_one(folder):
    """A list says to ask for the reason."""
    (folder / "providers" / "acme.toml").symlink_to("dotfiles/acme.toml")
    assert "acme" in provider_names(str(folder))
    with pytest.raises(ConfigurationError, match="is a link that leads nowhere") as caught:
        load(folder)
    assert caught.value.hint.endswith(f"rm {folder}/providers/acme.toml")


def test_a_file_that_is_read_is_not_said_to_have_a_wrong_name(folder):
    """To follow such a hint would take the provider away."""
    write(folder, ACME)
    with pytest.raises(UnknownProvider, match="there is no provider 'ACME'") as caught:
        load(folder, "ACME")
    assert str(caught.value) == "there is no provider 'ACME'"
    assert caught.value.hint.startswith("did you mean acme? ")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("pkce = 5\n", "pkce"),
        ("[provider.answer]\nmilliseconds = 5\n", "answer.milliseconds"),
        ("answer = { milliseconds = 5 }\n", "answer.milliseconds"),
        ("answer.milliseconds = 5\n", "answer.milliseconds"),
        ("[[provider.ended]]\nstatus = 400\n[[provider.ended]]\nempty = 5\n", "ended.1.empty"),
        ('[[provider.ended]]\ncode = "a"\n[[ provider . "ended" ]]\ncode = 5\n', "ended.1.code"),
        (
            '[provider.scopes]\n"a.b" = { value = "x", about = "y" }\n"a.c" = { value = "x", about = 5 }\n',
            "scopes.a.c.about",
        ),
        ('[provider.scopes."mail.read"]\nvalue = "x"\nabout = 5\n', "scopes.mail.read.about"),
        ('"scopes"."mail.read".value = "x"\n"scopes"."mail.read".about = 5\n', "scopes.mail.read.about"),
        ("[provider.pkce] # = 5\n", "pkce"),
    ],
)
def test_a_wrong_type_names_the_file_and_the_line(folder, text, key):
    """However the key is written: in a table, in an entry of a list, in one line with others, quoted."""
    names = ("authorization_endpoint", "token_endpoint")
    head = [
        "[provider]",
        'name = "acme"',
        'title = "Acme"',
        *(f'{name} = "https://a.example/{name}"' for name in names),
    ]
    whole = "\n".join([*head, text])
    wanted = next(number for number, line in enumerate(whole.splitlines(), 1) if "= 5" in line)
    error = refused(folder, whole)
    assert f"acme.toml, line {wanted}: {key} must be " in str(error)
    assert error.hint


def test_a_missing_endpoint_says_where_it_may_come_from(folder):
    """Without an issuer nobody can ask for it; with one, `tests/test_settled.py`."""
    error = refused(folder, '[provider]\nname = "acme"\ntitle = "Acme"\n')
    assert str(error).endswith("authorization_endpoint is missing")
    assert "tokenkit providers add URL" in error.hint


def test_the_schema_for_editors_takes_what_the_reader_takes():
    """One schema: a key that is there in one is there in the other."""
    for kind, described in zip((OAuth2, ApiKey), schema()["properties"]["provider"]["anyOf"], strict=True):
        assert set(described["properties"]) == {field.name for field in fields(kind) if field.init}
        assert described["additionalProperties"] is False
    assert "milliseconds" in schema()["$defs"]["AnswerShape"]["properties"]


def test_reading_a_file_leaves_the_class_as_it_is(folder):
    """A declaration in code is checked as before, and says as before what is wrong with it."""
    write(folder, ACME)
    load(folder)
    for kind in (OAuth2, ApiKey):
        assert [name for name in vars(kind) if "pydantic" in name] == []


def test_a_variable_takes_one_of_its_choices(folder):
    write(folder, ACME)
    for options in ({"region": ""}, {"region": "mars"}, {"region": "eu.evil.example/"}):
        with pytest.raises(ConfigurationError, match="acme needs region: one of eu, us") as caught:
            load(folder, options=options)
        assert caught.value.hint == 'in config.toml, under [providers.acme], write region = "eu"'


@pytest.mark.parametrize("key", ["declared = {}", "made = {}"])
def test_what_is_kept_beside_the_fields_cannot_be_written(folder, key):
    error = refused(
        folder, f"{ACME.partition('[provider.authorization_parameters]')[0].replace('{region}', 'eu')}\n{key}\n"
    )
    assert "there is no key" in str(error)


@pytest.mark.parametrize("instance", ["evil.example/x", "a@evil.example", "a?b", "a#b", "a b", "a\\b", "", "-a", "{x}"])
def test_a_free_variable_cannot_leave_its_place_in_the_url(folder, instance):
    """R17: a host name or a part of one, and not a path, a user name or a query."""
    write(folder, ACME.replace('choices = ["eu", "us"]', ""))
    with pytest.raises(ConfigurationError, match="acme needs region"):
        load(folder, options={"region": instance})


def test_a_free_variable_may_be_a_host_with_a_port_and_have_a_default(folder):
    write(folder, ACME.replace('choices = ["eu", "us"]', 'default = "home"'))
    assert load(folder).token_endpoint == "https://home.acme.example/oauth/token"
    whole = ACME.replace("{region}.acme.example", "{region}")
    write(folder, whole)
    made = load(folder, options={"region": "eu"})
    assert made.token_endpoint == "https://eu/oauth/token"


def test_an_option_that_is_no_variable_is_refused(folder):
    write(folder, ACME)
    with pytest.raises(ConfigurationError, match="acme has no option 'regio'") as caught:
        load(folder, options={"region": "eu", "regio": "us"})
    assert "region" in caught.value.hint


@pytest.mark.parametrize(
    "options", [{"redirect_host": "localhost"}, {"redirect_uri": "https://localhost:8765/callback"}], ids=str
)
def test_a_person_says_how_they_registered_a_client_of_any_provider_that_is_data(folder, options):
    """Of most services no source says which loopback host they take; and what a sign-in keeps is as before (R17)."""
    write(folder, ACME)
    for name, more in (("acme", {"region": "eu"}), ("asana", {}), ("google", {})):
        usual = load(folder, name, options=more)
        made = load(folder, name, options={**more, **options})
        assert made == replace(usual, **options)
        assert made.settled == usual.settled
        assert made.at(made.settled) == made
    with pytest.raises(ConfigurationError, match="pocket has no option"):
        load(folder, "pocket", options=options)
    with pytest.raises(ConfigurationError, match="wise has no option"):
        load(folder, "wise", options=options)


# Names.


def test_an_unknown_provider_names_the_nearest(folder):
    with pytest.raises(UnknownProvider, match="there is no provider 'gogle'") as caught:
        load(folder, "gogle")
    assert caught.value.hint.startswith("did you mean google? `tokenkit providers` lists all;")


@pytest.mark.parametrize("how", ["providers", "nowhere", "mode"])
def test_a_folder_of_providers_that_cannot_be_entered_is_told_and_hides_no_installed_one(folder, how):
    """As after sudo: the file that describes the provider may well be there."""
    write(folder, ACME)
    place = folder / "providers"
    if how == "mode":
        if os.geteuid() == 0:
            pytest.skip("root can enter every folder")
        place.chmod(0)
    else:
        place.rename(folder / "kept")
        place.symlink_to(how)  # to itself, or to a disk that is not mounted
    try:
        with pytest.raises(UnknownProvider, match=f"among those that can be read: {place}: ") as caught:
            load(folder)
        assert caught.value.hint == f"ls -ld {place}"
        assert load(folder, "google").name == "google"
    finally:
        if how == "mode":
            place.chmod(0o700)


def test_where_no_package_names_its_providers_the_error_says_how_to_install_or_freeze_it(folder, monkeypatch):
    """As in a program frozen by PyInstaller, or beside a copy of the folders: no metadata, so no entry points."""
    install(monkeypatch)
    with pytest.raises(
        UnknownProvider, match="there is no provider 'google', nor any that came with tokenkit"
    ) as caught:
        load(folder, "google")
    assert "pyinstaller --copy-metadata tokenkit-oauth" in caught.value.hint


@pytest.mark.parametrize("field", ["authorization_endpoint", "issuer", "resource_hosts"])
def test_an_address_that_begins_with_a_part_of_one_says_which_line_makes_it_a_server(folder, field):
    """The value that stands for one nobody knows yet is not what the person wrote."""
    value = '["{home}/api"]' if field == "resource_hosts" else '"{home}/oauth"'
    head = "\n".join(line for line in ACME.splitlines() if not line.startswith(field))
    text = head.replace("pkce = true", f"{field} = {value}") + "\n[provider.variables.home]\nabout = 'your Acme'\n"
    error = refused(folder, text)
    assert "acme begins an address with {home}" in str(error)
    assert 'write kind = "server" under [provider.variables.home]' in error.hint
    write(folder, f'{text}kind = "server"\n')
    load(folder)


@pytest.mark.parametrize("name", ["../acme", "providers/acme", "/etc/passwd", "", ".", "ACME"])
def test_a_name_never_leads_out_of_the_folder(folder, name):
    write(folder, ACME)
    (folder / "acme.toml").write_text(ACME)
    with pytest.raises(UnknownProvider):
        load(folder, name)


def test_all_names_are_listed_without_loading_anything(folder, monkeypatch):
    write(folder, "not even TOML")
    write(folder, ACME, name="UPPER")
    (folder / "providers" / "notes.txt").write_text("")
    install(monkeypatch, zulu=None)
    assert provider_names(str(folder)) == ["acme", "zulu"]


def test_our_own_are_found_like_any_other(tmp_path):
    assert {"google", "pocket", "spotify"} <= set(provider_names(str(tmp_path)))


def test_one_provider_is_loaded_and_no_other():
    """R17: a process that holds tokens does not run code that nobody asked for, nor pydantic without a file."""
    code = (
        "import sys; from tokenkit.plugins import load_provider; load_provider('spotify', config_folder='/nowhere');"
        "print([m for m in ('tokenkit_providers.google', 'tokenkit_providers.pocket', 'pydantic', 'httpx') "
        "if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# A file and an installed provider of one name.


def test_a_file_may_not_take_an_installed_name(folder):
    """R17: a file dropped into the config folder never gets a refresh token or a secret."""
    path = write(folder, ACME.replace('"acme"', '"google"'), name="google")
    with pytest.raises(ConfigurationError, match="takes the name of the installed provider google") as caught:
        load(folder, "google", options={"region": "eu"})
    assert str(path) in str(caught.value)
    assert "shadow = true under [providers.google]" in caught.value.hint


def test_a_file_takes_an_installed_name_where_the_configuration_says_so(folder):
    """R17: a file that was dropped in gets no tokens by its name."""
    write(folder, ACME.replace('"acme"', '"google"'), name="google")
    assert load(folder, "google", options={"region": "eu"}, shadow=True).title == "Acme Notes"


# A package.


def test_a_key_of_config_toml_that_no_provider_has_is_told_the_one_that_was_meant(folder):
    """Those of all providers, too: a person writes client-id beside the address of a sandbox."""
    assert {field.name for field in fields(ProviderSettings)} == {*KEYS, "options"}
    write(folder, ACME)
    for provider in ("google", "acme", "pocket"):
        for written, meant in (("client-id", "client_id"), ("redirectPort", "redirect_port"), ("shadows", "shadow")):
            with pytest.raises(ConfigurationError, match=f"{provider} has no option '{written}'") as caught:
                load(folder, provider, options={"region": "eu", written: "x"} if provider == "acme" else {written: "x"})
            assert caught.value.hint == f"did you mean {meant}?"


@pytest.mark.parametrize("written", ["client_secret", "client-secret", "clientSecret"])
def test_a_secret_in_config_toml_is_told_where_it_belongs(folder, written):
    with pytest.raises(ConfigurationError, match=f"google has no option '{written}'") as caught:
        load(folder, "google", options={written: "s3cr3t"})
    assert "tokenkit client set google" in caught.value.hint
    assert "s3cr3t" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("value", [8000, True, ["http://localhost"], {}, "localhost:8000", "ftp://localhost"], ids=repr)
@pytest.mark.parametrize("name", ["google", "spotify", "pocket"])
def test_what_config_toml_gives_a_plugin_is_not_the_fault_of_its_author(folder, name, value):
    with pytest.raises(ConfigurationError) as caught:
        load(folder, name, options={"base_url": value})
    assert "base_url" in caught.value.hint
    assert caught.value.exit_code == 3


def test_a_package_makes_a_provider_with_its_options(folder, monkeypatch):
    install(monkeypatch, acme=lambda *, title="Acme": value(subject_path=title))
    assert load(folder).subject_path == "Acme"
    assert load(folder, options={"title": "other"}).subject_path == "other"


def test_an_option_the_package_does_not_take_is_a_matter_of_configuration(folder, monkeypatch):
    install(monkeypatch, acme=lambda *, base_url="": value())
    with pytest.raises(ConfigurationError, match="acme has no option 'base_ur'") as caught:
        load(folder, options={"base_ur": "x"})
    assert "base_url" in caught.value.hint


@pytest.mark.parametrize("name", ["acme", "acmy"])
def test_the_installed_packages_are_looked_through_once(folder, monkeypatch, name):
    """That takes longer than all else, also where nobody has such a provider."""
    install(monkeypatch, acme=lambda: value())
    looks, look = [], importlib.metadata.entry_points
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **which: looks.append(which) or look(**which))
    with suppress(UnknownProvider):
        load_provider(name, config_folder=folder)
    assert len(looks) == 1


def test_a_package_may_take_any_option(folder, monkeypatch):
    install(monkeypatch, acme=lambda **options: value(subject_path=options["x"]))
    assert load(folder, options={"x": "y"}).subject_path == "y"


def test_a_package_that_cannot_be_loaded_is_broken(folder, monkeypatch):
    install(monkeypatch, acme=None)
    monkeypatch.delattr(sys.modules[__name__], "plugin_acme")
    with pytest.raises(ProviderBroken) as caught:
        load(folder)
    assert (caught.value.provider, caught.value.step) == ("acme", "load")


def test_a_package_that_calls_itself_otherwise_is_broken(folder, monkeypatch):
    """Its grants would be kept under the other name, among another provider's."""
    install(monkeypatch, acme=lambda: value("google"))
    with pytest.raises(ProviderBroken) as caught:
        load(folder)
    assert "calls itself 'google'" in caught.value.hint


@pytest.mark.parametrize("endpoint", ["token_endpoint", "revocation_endpoint"])
def test_a_package_whose_resource_hosts_take_in_an_endpoint_is_refused(folder, monkeypatch, endpoint):
    """R32: a value of `OAuth2` checks itself; whatever else implements the protocol is held against the same rule."""
    made = ScriptedProvider("acme")
    monkeypatch.setattr(made, endpoint, "https://api.scripted.example/v1/oauth", raising=False)
    monkeypatch.setattr(made, "resource_hosts", ["https://api.scripted.example/v1/oauth"], raising=False)
    install(monkeypatch, acme=lambda: made)
    with pytest.raises(ConfigurationError, match=r"takes in its endpoint https://api\.scripted\.example/v1/oauth"):
        load(folder)
    monkeypatch.setattr(made, "resource_hosts", ["https://api.scripted.example/v1/things"], raising=False)
    assert load(folder) is made


def test_a_package_with_an_endpoint_that_is_no_url_is_refused(folder, monkeypatch):
    made = ScriptedProvider("acme")
    monkeypatch.setattr(made, "token_endpoint", "accounts.example/token", raising=False)
    install(monkeypatch, acme=lambda: made)
    with pytest.raises(ConfigurationError, match="an endpoint of acme cannot be one"):
        load(folder)


def test_two_packages_that_want_one_name_are_refused(folder, monkeypatch):
    """R17: neither gets the tokens by being found first; the same one found twice is no conflict."""
    points = [EntryPoint("acme", f"{package}:provider", plugins.GROUP) for package in ("one", "two")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **which: EntryPoints(points).select(**which))
    with pytest.raises(ConfigurationError, match="one:provider, two:provider"):
        load(folder)
    twice = [EntryPoint("google", "tokenkit_providers.google:provider", plugins.GROUP)] * 2
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **which: EntryPoints(twice).select(**which))
    assert load(folder, "google").name == "google"


# What leaves a plugin.


def test_an_error_of_ours_passes():
    def deny():
        raise ConsentDenied("no")

    with pytest.raises(ConsentDenied):
        guarded(value(), "complete", deny)


def test_any_other_becomes_one_that_says_where():
    def stumble(members, key):
        return members[key]

    with pytest.raises(ProviderBroken, match="the plugin for acme failed in refresh") as caught:
        guarded(value(), "refresh", stumble, {}, "refresh_token")
    assert (caught.value.provider, caught.value.step) == ("acme", "refresh")
    assert caught.value.hint.startswith("KeyError at test_plugins.py:")


def test_a_plugin_that_lacks_what_every_provider_has_is_told_as_broken(folder, monkeypatch):
    install(monkeypatch, acme=lambda: SimpleNamespace(name="acme"))
    with pytest.raises(ProviderBroken, match="the plugin for acme failed in load"):
        load(folder)


def test_what_the_plugin_said_is_not_passed_on():
    """R35: its message, and its traceback's values, may hold a token."""

    def leak():
        raise ValueError("token s3cret")

    with pytest.raises(ProviderBroken) as caught:
        guarded(value(), "refresh", leak)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_a_call_that_works_gives_what_it_gives():
    assert guarded(value(), "begin", max, 1, 2) == 2


def test_being_stopped_is_not_the_plugins_fault():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded(value(), "begin", stop)


def test_a_provider_that_many_threads_ask_for_at_once_is_loaded_once():
    """Each would look through all installed packages for itself, at the moment when many tokens have ended."""
    together, loaded = threading.Barrier(8), []

    def load(name):
        loaded.append(name)
        with suppress(threading.BrokenBarrierError):
            together.wait(0.2)  # those who got here beside this one
        return object()

    providers = plugins.Providers({}, load, list)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: providers["google"], range(8)))
    assert loaded == ["google"]
    assert len({*map(id, found)}) == 1


class Least(ProviderBase):
    """The least that a plugin which is not OAuth 2 must write."""

    name = "least"
    title = "Least"


def test_a_plugin_writes_only_what_differs(folder, monkeypatch):
    """What it does not write is a power less, and its token goes into the header."""
    install(monkeypatch, least=Least)
    made = load(folder, "least")
    members = [name for name in vars(Provider) if not name.startswith("_") and name not in ("begin", "complete")]
    assert [name for name in members if not hasattr(made, name)] == []
    powers = ("refresh", "revoke", "identify", "introspect", "device", "challenged")
    assert {getattr(made, power) for power in powers} == {None}
    request = made.authenticate(None, None, AccessToken("a"), Request("GET", "https://api.example/"))
    assert request.header("authorization") == "Bearer a"
