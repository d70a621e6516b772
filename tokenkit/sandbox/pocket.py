"""The Pocket flavour, which is not OAuth 2: a request token first, a redirect that carries nothing, errors in headers.

Source: https://getpocket.com/developer/docs/authentication and the pages of v3/add, v3/get and v3/send beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, cast
from urllib.parse import urlencode

from tokenkit.provider import Response
from tokenkit.sandbox.call import Call, Refused, json_answer
from tokenkit.sandbox.documented import POCKET_API, POCKET_REQUEST, POCKET_TOKEN, Errors
from tokenkit.sandbox.flavour import Decision, Flavour, Route, redirect
from tokenkit.sandbox.ledger import Access, Asked, Family, Ledger
from tokenkit.sandbox.registry import Client, Registry

PERMISSIONS: Mapping[str, str] = {
    "add": "add to your list",
    "modify": "change what is in your list",
    "retrieve": "read your list",
}


@dataclass(slots=True)
class RequestToken:
    """A request token: `waiting` for the person, `allowed`, `denied`, or `used`."""

    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    status: Literal["waiting", "allowed", "denied", "used"] = "waiting"
    user: str = ""


class Pocket(Flavour):
    """Plays Pocket."""

    name = "pocket"
    title = "Pocket"

    def __init__(self, ledger: Ledger, registry: Registry) -> None:
        super().__init__(ledger, registry)
        self._requests: dict[str, RequestToken] = {}
        self._lists: dict[str, dict[str, dict[str, Any]]] = {}

    def routes(self) -> Mapping[str, Route]:
        """Return Pocket's paths."""
        return {
            "/v3/oauth/request": Route("POST", "request", self.request),
            "/auth/authorize": Route("GET", "authorize", self.authorize),
            "/consent": Route("POST", "", self.consent),
            "/v3/oauth/authorize": Route("POST", "token", self.token),
            "/v3/get": Route("POST", "api", self.get),
            "/v3/add": Route("POST", "api", self.add),
            "/v3/send": Route("POST", "api", self.send),
        }

    # Signing in.

    def request(self, call: Call) -> Response:
        """Issue a request token: step 2 of the documentation."""
        client = self._client(call, POCKET_REQUEST)
        redirect_uri = call.field("redirect_uri")
        if not redirect_uri:
            raise Refused(POCKET_REQUEST["missing_redirect_url"])
        if not self.registry.allows_redirect(self.name, redirect_uri):
            raise Refused(POCKET_REQUEST["invalid_redirect_uri"])
        code = self.ledger.secret(size=21)
        self._requests[code] = RequestToken(client.client_id, redirect_uri, call.field("state"))
        state = call.field("state") or None
        return _answer(call, {"code": code, "state": state})

    def authorize(self, call: Call) -> Response:
        """Ask the person: step 3."""
        code, redirect_uri = call.query.get("request_token", ""), call.query.get("redirect_uri", "")
        found = self._requests.get(code)
        if found is None or found.status != "waiting":
            self.complain("This sign-in is not known", "Its request token is wrong, or was used.")
        if redirect_uri != found.redirect_uri:
            self.complain("Invalid redirect uri", "It is not the one that the request token was issued for.")
        permissions = tuple(sorted(self.client_for_page(found.client_id).permissions))
        return self.present(Asked(self.name, found.client_id, redirect_uri, permissions, request_token=code))

    def decided(self, asked: Asked, decision: Decision, call: Call) -> Response:
        """Send the browser back, with nothing in the redirect, whatever was decided: step 4."""
        found = self._requests[asked.request_token]
        if found.status != "waiting":
            self.complain("This sign-in is over", "It was decided already.")
        found.status, found.user = "allowed" if decision.allowed else "denied", decision.user
        return redirect(asked.redirect_uri, {})

    def token(self, call: Call) -> Response:
        """Convert the request token: step 5. Declined and not decided yet look the same."""
        client = self._client(call, POCKET_TOKEN)
        code = call.field("code")
        if not code:
            raise Refused(POCKET_TOKEN["missing_code"])
        found = self._requests.get(code)
        if found is None or found.client_id != client.client_id:
            raise Refused(POCKET_TOKEN["code_not_found"])
        if found.status == "used":
            raise Refused(POCKET_TOKEN["used_code"])
        if found.status != "allowed":
            raise Refused(POCKET_TOKEN["rejected_code"])
        found.status = "used"
        family = self.ledger.remember(Family(self.name, client.client_id, found.user, client.permissions))
        token = self.ledger.new_access("", family, client.permissions, None)
        state = {"state": found.state} if found.state else {}
        return _answer(call, {"access_token": token, "username": found.user, **state})

    def _client(self, call: Call, errors: Errors) -> Client:
        consumer_key = call.field("consumer_key")
        if not consumer_key:
            raise Refused(errors["missing_consumer_key"])
        client = self.registry.client(self.name, consumer_key)
        if client is None:
            raise Refused(errors["invalid_consumer_key"])
        return client

    # The API: consumer key and access token are members of the body.

    def _admitted(self, call: Call, permission: str) -> dict[str, dict[str, Any]]:
        """Return the person's list; answer 401 for a token of another consumer key, 403 without its permission."""
        client = self._client(call, POCKET_API)
        access: Access | None = self.ledger.living(call.field("access_token"), self.name)
        if access is None or access.family.client_id != client.client_id:
            raise Refused(POCKET_API["invalid_token"])
        if permission not in access.scopes:
            raise Refused(POCKET_API["no_permission"])
        return self._lists.setdefault(access.family.user, {"1": _item("1", "https://example.com/", "An example")})

    def get(self, call: Call) -> Response:
        """Play ``v3/get``: newest first, with ``count``, ``offset`` and ``search``."""
        items = list(self._admitted(call, "retrieve").values())[::-1]
        search = call.field("search").lower()
        found = [item for item in items if search in f"{item['given_title']} {item['given_url']}".lower()]
        offset, count = _number(call, "offset", 0), _number(call, "count", len(found))
        page = {item["item_id"]: item for item in found[offset : offset + count]}
        return json_answer({"status": 1, "complete": 1, "list": page, "since": int(self.ledger.now())})

    def add(self, call: Call) -> Response:
        """Play ``v3/add``."""
        items = self._admitted(call, "add")
        url = call.field("url")
        if not url:
            self._bad_request()
        item = _item(str(len(items) + 1), url, call.field("title"))
        items[item["item_id"]] = item
        return json_answer({"item": item, "status": 1})

    def send(self, call: Call) -> Response:
        """Play ``v3/send``: each action by itself; one that fails is false in ``action_results``."""
        items = self._admitted(call, "modify")
        actions = call.fields.get("actions")
        if not isinstance(actions, list):
            self._bad_request()
        results = [_act(items, action) for action in cast(list[object], actions)]
        return json_answer({"action_results": results, "status": 1 if all(results) else 0})

    def _bad_request(self) -> NoReturn:
        raise Refused(POCKET_API["bad_request"])


_CHANGES: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "archive": lambda item: item.update(status="1"),
    "readd": lambda item: item.update(status="0"),
    "favorite": lambda item: item.update(favorite="1"),
    "unfavorite": lambda item: item.update(favorite="0"),
}


def _act(items: dict[str, dict[str, Any]], action: object) -> bool:
    members = cast(dict[str, object], action) if isinstance(action, dict) else {}
    kind, item_id = str(members.get("action")), str(members.get("item_id"))
    if item_id not in items:
        return False
    if kind == "delete":
        del items[item_id]
    elif kind in _CHANGES:
        _CHANGES[kind](items[item_id])
    else:
        return False
    return True


def _item(item_id: str, url: str, title: str) -> dict[str, Any]:
    return {"item_id": item_id, "given_url": url, "given_title": title, "status": "0", "favorite": "0"}


def _number(call: Call, name: str, otherwise: int) -> int:
    text = str(call.fields.get(name, ""))
    return int(text) if text.isascii() and text.isdigit() else otherwise


def _answer(call: Call, members: Mapping[str, str | None]) -> Response:
    """Answer in JSON where ``X-Accept`` asks for it, else as a form."""
    if "application/json" in (call.request.header("X-Accept") or ""):
        return json_answer(dict(members))
    body = urlencode({name: value for name, value in members.items() if value is not None})
    return Response(200, (("Content-Type", "application/x-www-form-urlencoded"),), body.encode())
