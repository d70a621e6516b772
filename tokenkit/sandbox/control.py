"""Faults by script: what the next requests get in place of what they asked for."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tokenkit.errors import UsageError
from tokenkit.provider import Headers, Response
from tokenkit.sandbox.documented import DOCUMENTED

ENDPOINTS = ("authorize", "request", "token", "revoke", "introspect", "device", "userinfo", "api")

Body = bytes | str | Mapping[str, object]


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests at an endpoint, of one flavour or of any.

    `error` names a documented error (`documented.DOCUMENTED`); `response` is any other answer. With `drop` the
    connection is cut instead. `delay` is the seconds before that. With `acts` the request is carried out all the same,
    and only its answer is lost or replaced. A fault that neither answers nor cuts always lets it be carried out.
    """

    endpoint: str
    flavour: str | None = None
    error: str = ""
    response: Response | None = None
    times: int = 1
    drop: bool = False
    delay: float = 0.0
    acts: bool = False

    def meets(self, flavour: str, endpoint: str) -> bool:
        """Tell whether a request there gets this fault."""
        fits = self.endpoint == endpoint and self.flavour in (None, flavour)
        return fits and (not self.error or self.error in DOCUMENTED.get((flavour, endpoint), {}))

    def answer(self, flavour: str) -> Response | None:
        """Return the answer; None where the fault does not replace it."""
        return DOCUMENTED[flavour, self.endpoint][self.error] if self.error else self.response

    @property
    def carries_out(self) -> bool:
        """Whether the request is carried out."""
        return self.acts or not (self.drop or self.error or self.response)


class Faults:
    """The faults that are still to come, in their order, at the flavours of those names."""

    def __init__(self, flavours: Collection[str]) -> None:
        self._flavours = flavours
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault behind those that wait already. Raises `UsageError` for a name that is not known."""
        if fault.endpoint not in ENDPOINTS or fault.flavour not in (None, *self._flavours):
            raise UsageError(
                f"there is no endpoint {fault.endpoint!r} of {fault.flavour or 'any flavour'}",
                hint=f"endpoints are {', '.join(ENDPOINTS)}; flavours are {', '.join(self._flavours)}",
            )
        known = self._documented(fault)
        if fault.error and fault.error not in known:
            raise UsageError(
                f"{fault.error!r} is no documented error of {fault.endpoint}",
                hint=f"those are {', '.join(known)}" if known else "script a status and a body in its place",
            )
        self._waiting.append(fault)

    def _documented(self, fault: Fault) -> list[str]:
        flavours = (fault.flavour,) if fault.flavour else self._flavours
        return sorted({name for flavour in flavours for name in DOCUMENTED.get((flavour, fault.endpoint), {})})

    def take(self, flavour: str, endpoint: str) -> Fault | None:
        """Return the fault for a request there, and count it down."""
        for fault in self._waiting:
            if fault.meets(flavour, endpoint):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None


_MEMBERS: Mapping[str, type | tuple[type, ...]] = {
    "endpoint": str, "error": str, "status": int, "body": (str, dict), "headers": dict, "times": int, "flavour": str,
    "drop": bool, "delay": (int, float), "acts": bool, "user": str, "access": (int, float), "refresh": (int, float),
}  # fmt: skip


def check_members(fields: Mapping[str, object]) -> None:
    """Refuse members of a wrong type: over HTTP, no type checker has looked at them."""
    for name, value in fields.items():
        if name not in _MEMBERS or not isinstance(value, _MEMBERS[name]):
            raise UsageError(f"{name!r} is not known, or not of the kind that is expected")


def scripted_response(status: int | None, body: Body, headers: Mapping[str, str]) -> Response | None:
    """Return the answer of a fault that gives one: status 200 unless it says otherwise; an object is sent as JSON."""
    if status is None and not body and not headers:
        return None
    pairs: Headers = tuple(headers.items())
    if isinstance(body, Mapping):
        return Response(status or 200, (("Content-Type", "application/json"), *pairs), json.dumps(dict(body)).encode())
    return Response(status or 200, pairs, body.encode() if isinstance(body, str) else body)
