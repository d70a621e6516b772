"""Whatever is sent, the answer is a decent one: no 500, and nothing comes to be that nobody wanted."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenkit.web.app import REGISTRATION, ROUTES
from visitor import FORM, NAVIGATION, RETURN, SCRIPT
from world_of_web import World

pytestmark = pytest.mark.slow

WORDS = st.one_of(
    st.sampled_from(["google", "pocket", "nobody", "..", "%00", "google/me", "", "me@example.com"]), st.text()
)
FIELDS = (
    "csrf", "scopes", "account", "name", "local", "replace_broken", "client_id", "client_secret", "download",
    "state", "code", "error", "iss", "provider", "scope.gmail.send",
)  # fmt: skip
SENT = st.dictionaries(st.one_of(st.sampled_from(FIELDS), st.text(max_size=8)), WORDS, max_size=6)
KINDS = st.sampled_from([NAVIGATION, RETURN, SCRIPT, FORM, {}, {"cookie": "tokenkit"}, {"cookie": 'tokenkit="; a'}])


@pytest.mark.parametrize(("method", "path"), [route[:2] for route in (*ROUTES, *REGISTRATION)])
def test_no_request_is_answered_with_a_fault_of_ours(tmp_path, method, path):
    world = World(tmp_path)
    me = world.visitor()
    token = me.csrf()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(part=WORDS, name=WORDS, query=SENT, form=SENT, kind=KINDS, honest=st.booleans())
    def send(part, name, query, form, kind, honest):
        filled = path.replace("{provider}", quote(part, safe="")).replace("{state}", quote(name, safe=""))
        filled = filled.replace("{name:path}", quote(name))
        asked = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in query.items())
        if method == "POST":
            response = me.post(f"{filled}?{asked}", {**form, **({"csrf": token} if honest else {})}, **kind)
        else:
            response = me.send("GET", f"{filled}?{asked}", **kind)
        assert response.status_code < 500 or response.status_code in (502, 503)
        assert "content-security-policy" in response.headers

    send()
    assert world.accounts() == []
