"""Values that hold secrets show none, and are neither pickled nor copied nor taken apart (R35)."""

import copy
import dataclasses
import gc
import importlib
import os
import pickle
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import tokenkit
from tokenkit import AsyncTokenKit, TokenKit
from tokenkit.account import Account
from tokenkit.confidential import Confidential
from tokenkit.flows.answer import TokenAnswer
from tokenkit.flows.members import Members
from tokenkit.flows.refusal import Refusal
from tokenkit.grant import Grant
from tokenkit.grants.sealed_store import StoredGrant
from tokenkit.grants.token_query import TokenQuery
from tokenkit.net.hosts import parse_url
from tokenkit.pending import PendingAuthorization
from tokenkit.provider import AuthorizationAnswer, ClientRegistration, Context, Request, Response
from tokenkit.sandbox import CLIENTS, Authority, Client, providers
from tokenkit.testing import Clock
from tokenkit.token import AccessToken, HoldsSecrets, Secret

import tokenkit_providers

HIDDEN = "s3cret-value"
TOKEN = AccessToken(HIDDEN)
EMPTY = Grant(provider="acme", access_tokens={}, extra={"id": HIDDEN}, unknown={"later": HIDDEN})

VALUES: list[object] = [
    Secret(HIDDEN),
    TOKEN,
    Request("POST", f"https://a.example/?code={HIDDEN}", (("Authorization", HIDDEN),), HIDDEN.encode()),
    Request.form("https://a.example/", {"token": HIDDEN}),
    Response(200, (("Set-Cookie", HIDDEN),), HIDDEN.encode()),
    AuthorizationAnswer({"code": HIDDEN}),
    TokenAnswer(0.0, Secret(HIDDEN), None, captured={"id_token": HIDDEN}),
    Members({"access_token": HIDDEN}, whole=True),
    Refusal("invalid_grant", "It has ended.", HIDDEN, 400),
    ClientRegistration("client", Secret(HIDDEN)),
    EMPTY,
    EMPTY.renewed(access_tokens={"": TOKEN}, refresh_token=Secret(HIDDEN)),
    StoredGrant(EMPTY, 1, 2),
    TokenQuery(rejected=TOKEN),
    PendingAuthorization(provider="acme", url=HIDDEN, redirect_uri=HIDDEN, state=Secret(HIDDEN), binding=HIDDEN),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_that_holds_a_secret_does_not_show_it(value: object) -> None:
    """R35: in no repr, and in no text that is made of it."""
    assert HIDDEN not in f"{value!r} {value!s} {[value]}"


@pytest.mark.parametrize(
    "value",
    [
        ClientRegistration("client", cast(Any, HIDDEN)),
        Grant(provider="acme", access_tokens={}, refresh_token=cast(Any, HIDDEN)),
        Grant(provider="acme", access_tokens={"": cast(Any, HIDDEN)}),
        Grant(provider="acme", access_tokens=cast(Any, [HIDDEN])),
        PendingAuthorization(provider="acme", url="", redirect_uri="", state=cast(Any, HIDDEN)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_secret_that_a_program_gave_as_a_plain_text_does_not_show_either(value: object) -> None:
    """R35: that is refused where it is used, and logged before."""
    assert HIDDEN not in f"{value!r} {value!s} {[value]}"


COPIES: dict[str, Callable[[object], object]] = {
    "pickle": pickle.dumps,
    "pickle of an old protocol": lambda value: pickle.dumps(value, protocol=2),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_that_holds_a_secret_cannot_be_written_down(value: object, copied: Callable[[object], object]) -> None:
    """R35: a cache, a queue or a crash reporter would keep it for good."""
    with pytest.raises(TypeError):
        copied(value)


@pytest.mark.parametrize("taken", [dataclasses.asdict, dataclasses.astuple])
@pytest.mark.parametrize(
    "value", [value for value in VALUES if dataclasses.is_dataclass(value)], ids=lambda value: type(value).__name__
)
def test_a_value_that_holds_a_secret_is_not_turned_into_plain_ones(value: object, taken: Callable[..., object]) -> None:
    """R35: a log handler does that with whatever it is given."""
    with pytest.raises(TypeError, match="neither pickled nor copied"):
        taken(value)
    with pytest.raises(TypeError, match="neither pickled nor copied"):
        taken(dataclasses.make_dataclass("Holder", ["held"])([value]))


def test_a_named_tuple_that_holds_a_secret_gives_the_secret_as_what_it_is() -> None:
    """R35: `_asdict` of a client registration holds a `Secret` still."""
    assert HIDDEN not in repr(ClientRegistration("client", Secret(HIDDEN))._asdict())


def test_such_a_value_is_compared_changed_and_copied_as_before() -> None:
    request = Request("GET", "https://a.example/", (("A", "b"),))
    assert request == Request("GET", "https://a.example/", (("A", "b"),))
    assert hash(request) == hash(dataclasses.replace(request))
    assert dataclasses.replace(request, method="POST").method == "POST"
    assert copy.copy(request) is request


def test_the_target_of_a_url_is_not_shown() -> None:
    """R35: a URL may carry a code."""
    assert repr(parse_url(f"https://a.example/cb?code={HIDDEN}")) == "Target(https://a.example…)"


def classes() -> Iterator[type]:
    """Every class of ours, but for the sandbox's: its secrets are worth nothing."""
    for package in (tokenkit, tokenkit_providers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            # What needs google-auth has no dataclass.
            if not module.name.startswith(("tokenkit.sandbox", "tokenkit.adapters.google_auth")):
                yield from vars(importlib.import_module(module.name)).values()


def test_every_value_with_a_field_that_does_not_show_refuses_to_be_copied() -> None:
    """R35: a field that the repr hides holds a secret."""
    hiding = {
        value
        for value in classes()
        if isinstance(value, type) and dataclasses.is_dataclass(value) and value is not Confidential
        for field in dataclasses.fields(value)
        if not field.repr and field.name != "_guard"
    }
    assert Request in hiding
    assert [value.__qualname__ for value in hiding if not issubclass(value, Confidential)] == []


def test_the_state_of_no_class_that_holds_secrets_can_be_had() -> None:
    """R35: a frozen dataclass with slots is given a method that returns all its fields, each class its own."""
    confidential = {value for value in classes() if isinstance(value, type) and issubclass(value, HoldsSecrets)}
    assert {AccessToken, Grant, Request, Response, PendingAuthorization, Secret} <= confidential
    for value in confidential - {Confidential, HoldsSecrets}:
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            value.__getstate__(object.__new__(value))


LOOKS: dict[str, Callable[[Any], object]] = {
    "repr": repr,
    "str": str,
    "vars": lambda value: plain(vars(value)),
    "state": lambda value: plain(value.__getstate__()),
    "reduced": lambda value: plain(value.__reduce__()),
    "pickle": pickle.dumps,
    "asdict": lambda value: plain(cast(object, dataclasses.asdict(value))),
    "_asdict": lambda value: plain(value._asdict()),
}


def plain(value: object, depth: int = 4) -> object:
    """What a crash reporter writes of a value: texts and bytes as they are, containers opened, a repr of the rest."""
    if depth and isinstance(value, dict):
        return [plain(each, depth - 1) for pair in cast(dict[object, object], value).items() for each in pair]
    if depth and type(value) in (list, tuple, set, frozenset):
        return [plain(each, depth - 1) for each in cast(Iterable[object], value)]
    return repr(value)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_that_holds_a_secret_yields_none_however_it_is_looked_at(value: object) -> None:
    assert [look for look in LOOKS if HIDDEN in looked_at(value, look)] == []


@pytest.mark.slow
def test_no_object_of_a_kit_in_use_yields_a_secret(tmp_path: Path) -> None:
    """R35: however it is looked at by a crash reporter, a cache or a log handler."""
    authority, binding = Authority(clock=lambda: 2e9), "a-binding-of-the-test"
    of_every_sandbox = frozenset(authority.issued)  # kits of other tests were given these, and may still be there
    context = Context(authority.handle, lambda: 2e9, os.urandom, Clock().sleep)
    served = providers("http://127.0.0.1:1")
    authority.registry.clients["google"] = [Client("sandbox-google", "a-client-secret-of-the-test")]
    clients = {**CLIENTS, "google": ClientRegistration("sandbox-google", Secret("a-client-secret-of-the-test"))}
    kit = TokenKit(providers=served, clients=clients, context=context, environ={"HOME": str(tmp_path)})
    held: list[object] = [kit, AsyncTokenKit(kit=kit), kit.records.ring]
    for name in ("google", "spotify", "pocket"):
        pending = kit.begin(name, redirect_uri=f"http://127.0.0.1:2/callback/{name}", binding=binding)
        kit.complete(authority.approve(pending.url), binding=binding)
        held += [pending, kit.token(name), kit.status(name), kit.source(name), kit.http(name), kit.client(served[name])]
    kit.refresh("google")
    held += [kit.auth("google"), kit.records.ring.current()]
    key = repr(kit.records.ring.current().secret)
    hidden = {*(secret for secret in authority.issued - of_every_sandbox if len(secret) > 8), binding, key}
    assert "a-client-secret-of-the-test" in hidden
    shown = {
        f"{type(value).__qualname__}: {look}"
        for value in gc.get_objects()
        if str(type(value).__module__).startswith("tokenkit.") and not type(value).__module__.startswith(OWN_SECRETS)
        for look in LOOKS
        if any(secret in looked_at(value, look) for secret in hidden)
    }
    assert shown == set()


OWN_SECRETS = ("tokenkit.sandbox", "tokenkit.testing")
"""They play a provider: what they hold is worth nothing."""


def looked_at(value: object, look: str) -> str:
    """What is seen, as a text; nothing where the value refuses."""
    try:
        return str(LOOKS[look](value))
    except Exception:  # noqa: BLE001 - a refusal is what is hoped for
        return ""


def test_an_account_is_no_secret() -> None:
    """It is a plain tuple, which programs keep wherever they like."""
    assert pickle.loads(pickle.dumps(Account("google", "me"))) == Account("google", "me")
