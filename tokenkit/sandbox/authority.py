"""The authority: one function from request to response, over several flavours of provider."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from tokenkit.account import is_provider_name
from tokenkit.api_key import ApiKey
from tokenkit.errors import ProviderUnavailable, UsageError
from tokenkit.oauth2 import OAuth2
from tokenkit.provider import Request, Response
from tokenkit.sandbox import google, pocket, spotify
from tokenkit.sandbox.call import Call, Refused, json_answer, read_call
from tokenkit.sandbox.control import Body, Fault, Faults, check_members, scripted_response
from tokenkit.sandbox.declared import Declared
from tokenkit.sandbox.flavour import Flavour, Route
from tokenkit.sandbox.google import Google
from tokenkit.sandbox.keyed import Keyed, PlainKeyed
from tokenkit.sandbox.ledger import Ledger
from tokenkit.sandbox.oauth2 import Lifetimes
from tokenkit.sandbox.person import approve
from tokenkit.sandbox.plain import Plain
from tokenkit.sandbox.pocket import Pocket
from tokenkit.sandbox.registry import Registry
from tokenkit.sandbox.spotify import Spotify


class Authority:
    """A Google-, a Spotify- and a Pocket-flavoured provider, as strict as the real ones, and a plain one, in memory.

    `handle` answers requests whose path begins with ``/google``, ``/spotify``, ``/pocket`` or ``/plain``, at any host,
    and ``/_control``; it serves as `Context.send` without a socket, and from any thread. `clock` is Unix time in
    seconds, UTC; `random` returns that many bytes; `sleep` takes seconds. `lifetimes` are seconds and may be changed at
    any time. `rotating` names the flavours that rotate refresh tokens, and end the family when a spent one comes again.
    `declared` are more providers to play, each from its declaration, with addresses that `moved` has moved here.

    `counters` counts requests, refused and faulty ones too: ``google authorize``, ``google token refresh_token``,
    ``pocket request``, ``spotify api``. `issued` holds every secret that was ever issued or received. `registry` holds
    the clients, redirect URIs and scopes, to add to; `flavours` are the providers played, by name.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
        sleep: Callable[[float], None] = time.sleep,
        access_lifetime: float = 3600.0,
        refresh_lifetime: float | None = None,
        rotating: Collection[str] = (),
        declared: Collection[OAuth2 | ApiKey] = (),
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.lifetimes = Lifetimes(access_lifetime, refresh_lifetime)
        self.registry = Registry(
            {"google": google.SCOPES, "spotify": spotify.SCOPES, "pocket": pocket.PERMISSIONS, "plain": {}}
        )
        self._ledger = Ledger(clock, random)
        self._sleep = sleep
        self._lock = threading.RLock()
        flavours: list[Flavour] = [
            Google(self._ledger, self.registry, self.lifetimes, rotates="google" in rotating),
            Spotify(self._ledger, self.registry, self.lifetimes, rotates="spotify" in rotating),
            Pocket(self._ledger, self.registry),
            Plain(self._ledger, self.registry, self.lifetimes, rotates="plain" in rotating),
            PlainKeyed(self._ledger, self.registry),
            *(
                Declared(self._ledger, self.registry, self.lifetimes, provider, rotates=provider.name in rotating)
                if isinstance(provider, OAuth2)
                else Keyed(self._ledger, self.registry, provider)
                for provider in declared
            ),
        ]
        self.flavours = {flavour.name: flavour for flavour in flavours}
        self._faults = Faults(self.flavours)

    @property
    def issued(self) -> frozenset[str]:
        """Every secret that was ever issued or received. R35: none of them may show up anywhere else."""
        with self._lock:
            return frozenset(self._ledger.issued)

    def handle(self, request: Request) -> Response:
        """Answer a request. Raises `ProviderUnavailable` where a script cuts the connection."""
        sent_at = self._ledger.now()
        with self._lock:
            response, fault = self._answer(request)
        if fault is not None and fault.delay:
            self._sleep(fault.delay)
        if fault is not None and fault.drop:
            raise ProviderUnavailable("the sandbox cut the connection", hint="try again later")
        return replace(response, at=sent_at)

    def next(
        self,
        endpoint: str,
        *,
        error: str = "",
        status: int | None = None,
        body: Body = b"",
        headers: Mapping[str, str] | None = None,
        times: int = 1,
        flavour: str | None = None,
        drop: bool = False,
        delay: float = 0.0,
        acts: bool = False,
    ) -> None:
        """Script what the next `times` requests at `endpoint` get: a documented `error` by name, or any answer.

        Endpoints are authorize, request, token, revoke, introspect, device, userinfo, api. `drop` cuts the connection,
        `delay` (seconds) comes first; with `acts` the request is carried out all the same, and only its answer is
        lost. Raises `UsageError` for names that are not known.
        """
        response = scripted_response(status, body, headers or {})
        fault = Fault(endpoint, flavour, error, response, times, drop=drop, delay=delay, acts=acts)
        with self._lock:
            self._faults.add(fault)

    def withdraw(self, flavour: str, user: str) -> None:
        """End all that the app has of this person, as if they had removed it at the provider.

        Raises `UsageError` for a flavour that is not played.
        """
        if flavour not in self.flavours:
            raise UsageError(f"there is no flavour {flavour!r}", hint=f"flavours are {', '.join(self.flavours)}")
        with self._lock:
            self._ledger.end(flavour, user)

    def approve(
        self, url: str, *, as_user: str = "me@example.com", only: Collection[str] | None = None, deny: bool = False
    ) -> str:
        """Play the person at the consent screen of `url`; return where the browser is sent, see `person.approve`."""
        return approve(self.handle, url, as_user=as_user, only=only, deny=deny)

    def _answer(self, request: Request) -> tuple[Response, Fault | None]:
        try:
            call = read_call(request)
            if call.flavour == "_control":
                return self._control(call), None
            route = self._route(call)
        except Refused as refusal:
            return refusal.response, None
        self._ledger.issued.update(call.secrets())
        if route.endpoint:
            self.counters[" ".join(filter(None, (call.flavour, route.endpoint, call.field("grant_type"))))] += 1
        fault = self._faults.take(call.flavour, route.endpoint)
        answer = None if fault is None else fault.answer(call.flavour)
        if fault is None or fault.carries_out:
            carried_out = _carry_out(route, call)
            return carried_out if answer is None else answer, fault
        return Response(500) if answer is None else answer, fault  # nobody sees the 500: the connection is cut

    def _route(self, call: Call) -> Route:
        flavour = self.flavours.get(call.flavour)
        route = None if flavour is None else flavour.route(call.path)
        if route is None:
            said = "nothing is at this path" if flavour else self._not_played(call.flavour)
            raise Refused(json_answer({"error": "not_found", "error_description": said}, 404))
        if route.method not in ("*", call.request.method):
            raise Refused(json_answer({"error": "method_not_allowed"}, 405, (("Allow", route.method),)))
        return route

    def _not_played(self, flavour: str) -> str:
        """Say what is played, and how the sandbox is started with what was meant."""
        played = f"this sandbox plays {', '.join(self.flavours)}"
        with_it = f", and not {flavour}, which this starts: tokenkit sandbox --provider {flavour}"
        return f"{played}{with_it if flavour and is_provider_name(flavour) else ''}"

    def _control(self, call: Call) -> Response:
        """Answer ``/_control``: a GET shows the counters, a POST of JSON is `next`, and two paths lie below it."""
        if call.request.method == "GET":
            return json_answer({"counters": dict(self.counters), "lifetimes": vars(self.lifetimes)})
        actions: dict[str, Callable[..., None]] = {
            "": self.next,
            "/lifetimes": self.lifetimes.change,
            "/withdraw": self.withdraw,
        }
        is_json = (call.request.header("Content-Type") or "").startswith("application/json")
        if call.path not in actions or call.request.method != "POST" or not is_json:
            places = ", ".join(f"/_control{path}" for path in actions)
            raise Refused(json_answer({"error": f"POST JSON to {places}"}, 400))
        try:
            check_members(call.fields)
            actions[call.path](**call.fields)
        except (TypeError, UsageError) as error:
            raise Refused(json_answer({"error": str(error)}, 400)) from None
        return json_answer({})


def _carry_out(route: Route, call: Call) -> Response:
    try:
        return route.answer(call)
    except Refused as refusal:
        return refusal.response
