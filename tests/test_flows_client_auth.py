"""The client says who it is by one method, never by two (RFC 6749 section 2.3)."""

from base64 import b64decode

import pytest
from tokenkit.errors import ConfigurationError
from tokenkit.flows.client_auth import identify_client
from tokenkit.provider import ClientRegistration
from tokenkit.token import Secret

CLIENT = ClientRegistration("id:1", Secret("a b+c/ä"))


def _basic(headers):
    ((name, value),) = headers
    assert name == "Authorization"
    return b64decode(value.removeprefix("Basic ")).decode()


def test_none_sends_the_client_id_and_keeps_a_secret_to_itself():
    assert identify_client("none", CLIENT) == ({"client_id": "id:1"}, ())


def test_post_sends_both_in_the_body_and_no_header():
    assert identify_client("post", CLIENT) == ({"client_id": "id:1", "client_secret": "a b+c/ä"}, ())


def test_basic_is_form_urlencoded_and_sends_nothing_in_the_body():
    """RFC 6749 section 2.3.1: a colon in the id would otherwise be read as the separator."""
    fields, headers = identify_client("basic", CLIENT)
    assert fields == {}
    assert _basic(headers) == "id%3A1:a+b%2Bc%2F%C3%A4"


def test_basic_raw_is_not_encoded():
    fields, headers = identify_client("basic_raw", CLIENT)
    assert fields == {}
    assert _basic(headers) == "id:1:a b+c/ä"


@pytest.mark.parametrize("method", ["none", "post", "basic", "basic_raw"])
def test_without_a_secret_every_method_is_that_of_a_public_client(method):
    assert identify_client(method, ClientRegistration("id")) == ({"client_id": "id"}, ())


def test_a_method_that_does_not_exist_is_an_error_and_not_another_method():
    with pytest.raises(ConfigurationError, match="bsic"):
        identify_client("bsic", CLIENT)
