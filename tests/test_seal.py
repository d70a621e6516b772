import copy
import json
import os
import pickle
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey
from tokenkit import seal
from tokenkit.errors import BrokenRecord, KeyUnavailable, UsageError
from tokenkit.keys import jwks

ROOT = Path(__file__).parents[1]
VECTORS = json.loads((ROOT / "docs" / "vectors" / "sealed_records.json").read_text(encoding="utf-8"))
KEYS = jwks.key_list(VECTORS["keys"], "the vectors", hint=str)

KEY = seal.Key("k1", bytes(range(32)))
ASKED = {"typ": "grant", "app": "tokenkit", "owner": "", "account": "google/me@example.com"}
SEALED = seal.seal(b'{"v":1}', KEY, **ASKED)


def opened(data, keys=None, **changes):
    return seal.open(data, {KEY.kid: KEY} if keys is None else keys, **{**ASKED, **changes})


def resealed(header):
    """A record with another header, sealed with the right key: only the header can be the reason to refuse it."""
    protected = seal.b64url_encode(header.encode())
    content_key, iv = os.urandom(32), os.urandom(12)
    sealed = seal.AESGCM(content_key).encrypt(iv, b"{}", protected)
    parts = (seal.aes_key_wrap(KEY.secret, content_key), iv, sealed[:-16], sealed[-16:])
    return b".".join((protected, *map(seal.b64url_encode, parts)))


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_what_was_sealed_opens(plaintext, owner, account):
    """R27: the envelope is a JWE, in its compact form."""
    whose = {"typ": "client", "app": "tokenkit", "owner": owner, "account": account}
    sealed = seal.seal(plaintext, KEY, **whose)
    assert seal.open(sealed, {KEY.kid: KEY}, **whose) == plaintext
    assert seal.header(sealed) == {"alg": "A256KW", "enc": "A256GCM", "kid": "k1", **whose}


def test_every_write_has_a_content_key_and_an_iv_of_its_own():
    """R27: no limit on the number of writes."""
    one, two = seal.seal(b"x", KEY, **ASKED).split(b"."), seal.seal(b"x", KEY, **ASKED).split(b".")
    assert one[0] == two[0]
    assert all(a != b for a, b in zip(one[1:], two[1:], strict=True))


@given(st.data())
def test_any_byte_that_is_changed_makes_it_broken_and_never_another_record(data):
    place = data.draw(st.integers(0, len(SEALED) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != SEALED[place]))
    with pytest.raises((BrokenRecord, KeyUnavailable)):
        opened(SEALED[:place] + bytes([byte]) + SEALED[place + 1 :])


@given(st.integers(0, len(SEALED) - 1), st.binary(min_size=1, max_size=5))
def test_whatever_is_cut_off_or_added_makes_it_broken(length, more):
    for damaged in (SEALED[:length], SEALED + more, more + SEALED):
        with pytest.raises((BrokenRecord, KeyUnavailable)):
            opened(damaged)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_our_errors(data):
    with pytest.raises(BrokenRecord):
        opened(data)
    with pytest.raises(BrokenRecord):
        seal.header(data)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_header_raises_anything_but_our_errors(value):
    with pytest.raises(BrokenRecord):
        opened(resealed(json.dumps(value)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alg": "dir"}, "and not with A256KW"),
        ({"alg": "none"}, "and not with A256KW"),
        ({"enc": "A128GCM"}, "and not with A256KW"),
        ({"zip": "DEF"}, "may not have: 'zip'"),
        ({"crit": ["exp"], "exp": 1}, "object of strings"),
        ({"crit": "exp"}, "may not have: 'crit'"),
        ({"typ": "JWT"}, "none of grant"),
        ({"typ": "pending"}, "its typ is 'pending', and 'grant' was asked for"),
        ({"app": "pocketpaw"}, "its app is"),
        ({"owner": "bob"}, "its owner is"),
        ({"account": "google/you@example.com"}, "its account is"),
        ({"kid": 1}, "object of strings"),
    ],
)
def test_a_header_that_says_anything_else_is_refused_before_decrypting(changes, words, monkeypatch):
    """R27; the key fits, so nothing but the header can be the reason."""
    members = {"alg": "A256KW", "enc": "A256GCM", "kid": "k1", **ASKED}
    assert opened(resealed(json.dumps(members))) == b"{}"
    data = resealed(json.dumps({**members, **changes}))
    monkeypatch.setattr(seal, "aes_key_unwrap", None)
    with pytest.raises(BrokenRecord, match=words) as raised:
        opened(data)
    assert "google/me@example.com" in str(raised.value)
    assert raised.value.hint.endswith("tokenkit login google/me@example.com --replace")


def test_a_header_that_is_just_as_we_write_it_is_compared_and_not_parsed(monkeypatch):
    """R27; whichever of several keys has sealed the record."""
    monkeypatch.setattr(seal, "_FROM_HEADER", None)
    later = seal.Key("k2", bytes(32))
    assert opened(SEALED, {later.kid: later, KEY.kid: KEY}) == b'{"v":1}'
    shared = {**ASKED, "owner": "älice", "store": "s1"}
    assert seal.open(seal.seal(b"x", KEY, **shared), {KEY.kid: KEY}, **shared) == b"x"


def test_a_member_given_twice_is_refused():
    text = json.dumps({"alg": "A256KW", "enc": "A256GCM", "kid": "k1", **ASKED})
    with pytest.raises(BrokenRecord, match="twice"):
        opened(resealed(text[:-1] + ',"kid":"k1"}'))


@pytest.mark.parametrize(("part", "length"), [(1, 0), (1, 32), (2, 4), (2, 16), (4, 4), (4, 15)])
def test_a_part_of_the_wrong_length_is_refused_before_decrypting(part, length):
    """RFC 7518 section 5.3: an IV of 96 bits and a tag of 128, never a shorter one."""
    parts = SEALED.split(b".")
    parts[part] = seal.b64url_encode(seal.b64url_decode(parts[part])[:length].ljust(length, b"x"))
    with pytest.raises(BrokenRecord, match="wrong length"):
        opened(b".".join(parts))


def test_files_swapped_between_accounts_do_not_open():
    other = seal.seal(b"x", KEY, **{**ASKED, "account": "google/you@example.com"})
    with pytest.raises(BrokenRecord, match="moved or swapped"):
        opened(other)


def test_an_unknown_key_is_named_and_is_not_called_damage():
    """R28: the header names its key; a missing one can come back."""
    with pytest.raises(KeyUnavailable, match="sealed with the key 'k1'") as raised:
        opened(SEALED, {"k2": seal.Key("k2", KEY.secret)})
    assert "key import" in raised.value.hint
    assert raised.value.account == "google/me@example.com"


def test_another_key_under_the_same_kid_is_damage():
    with pytest.raises(BrokenRecord, match="changed after it was sealed"):
        opened(SEALED, {"k1": seal.Key("k1", bytes(32))})


def test_no_error_carries_a_key_the_text_or_a_foreign_exception():
    with pytest.raises(BrokenRecord) as raised:
        opened(SEALED[:-4] + b"AAAA")
    assert raised.value.__suppress_context__
    assert '{"v"' not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_kind_that_nothing_could_open_again_is_not_sealed():
    with pytest.raises(UsageError, match="no kind of sealed record"):
        seal.seal(b"x", KEY, **{**ASKED, "typ": "letter"})


def test_a_key_does_not_show_itself_and_is_neither_pickled_nor_copied():
    """R35: a key is taken out on purpose only."""
    assert repr(KEY) == "Key('k1', …)"
    assert "…" in f"{[KEY]} {KEY!s}"
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            attempt(KEY)


@pytest.mark.parametrize(("kid", "secret"), [("", bytes(32)), ("k", bytes(31)), ("k", b"")])
def test_a_key_of_the_wrong_size_is_refused_without_showing_it(kid, secret):
    with pytest.raises(KeyUnavailable, match="bytes"):
        seal.Key(kid, secret)


def test_new_keys_and_their_ids_are_random():
    one, two = seal.new_key(), seal.new_key()
    assert one.kid != two.kid
    assert one.secret != two.secret


@pytest.mark.parametrize("text", [b"A", b"QQ==", b"QR", b"Q Q", b"+/", b"QQI=", b"QQ\n", "é".encode()])
def test_base64url_that_is_not_canonical_is_refused(text):
    with pytest.raises(ValueError, match="base64url"):
        seal.b64url_decode(text)


@given(st.text("AQgwBEP019-_+/= ", max_size=9))
def test_base64url_has_one_form_for_each_value(text):
    """RFC 4648 section 3.5: else a record could be changed and open all the same."""
    try:
        data = seal.b64url_decode(text.encode())
    except ValueError:
        return
    assert seal.b64url_encode(data) == text.encode()


@given(st.binary())
def test_base64url_comes_back(data):
    assert seal.b64url_decode(seal.b64url_encode(data)) == data


@pytest.mark.parametrize("vector", VECTORS["opens"], ids=lambda vector: vector["account"])
def test_the_published_vectors_open_here_and_in_another_implementation(vector):
    """R27: `docs/vectors` is what other programs are written against."""
    whose = {name: vector[name] for name in ("typ", "app", "owner", "account")}
    plaintext = seal.b64url_decode(vector["plaintext"].encode())
    assert seal.open(vector["sealed"].encode(), KEYS.by_kid, **whose) == plaintext
    assert opened_by_joserfc(vector["sealed"], KEYS.by_kid[vector["kid"]]) == plaintext


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["why"])
def test_the_published_vectors_that_must_not_open_do_not(vector):
    with pytest.raises(BrokenRecord):
        seal.open(vector["sealed"].encode(), KEYS.by_kid, **ASKED)


def opened_by_joserfc(sealed, key):
    registry = jwe.JWERegistry(algorithms=["A256KW", "A256GCM"], strict_check_header=False)
    return jwe.decrypt_compact(sealed, OctKey.import_key(key.secret), registry=registry).plaintext


def test_another_implementation_opens_with_the_exported_key_what_is_sealed_now():
    exported = json.loads(jwks.dump(jwks.KeyList(1, (KEY,))))["keys"][0]
    secret = OctKey.import_key(exported)
    registry = jwe.JWERegistry(algorithms=["A256KW", "A256GCM"], strict_check_header=False)
    assert jwe.decrypt_compact(SEALED.decode(), secret, registry=registry).plaintext == b'{"v":1}'


def test_what_another_implementation_sealed_opens_here():
    registry = jwe.JWERegistry(algorithms=["A256KW", "A256GCM"], strict_check_header=False)
    members = {"alg": "A256KW", "enc": "A256GCM", "kid": "k1", **ASKED}
    data = jwe.encrypt_compact(members, b"theirs", OctKey.import_key(KEY.secret), registry=registry)
    assert opened(data.encode()) == b"theirs"


NODE = """
import { compactDecrypt, importJWK } from "jose";
const [sealed, key] = JSON.parse(process.argv[1]);
const { plaintext, protectedHeader } = await compactDecrypt(sealed, await importJWK(key, "A256KW"));
console.log(JSON.stringify([Buffer.from(plaintext).toString("utf8"), protectedHeader.account]));
"""


@pytest.mark.real
def test_the_jose_package_of_node_opens_it_with_the_exported_key():
    folder = ROOT / "tests" / "interop"
    if not (folder / "node_modules" / "jose").is_dir() and "CI" not in os.environ:
        pytest.skip("npm's jose is not installed: npm ci --prefix tests/interop")
    exported = json.loads(jwks.dump(jwks.KeyList(1, (KEY,))))["keys"][0]
    argument = json.dumps([SEALED.decode(), exported])
    command = ["node", "--input-type=module", "-e", NODE, argument]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == ['{"v":1}', "google/me@example.com"]
