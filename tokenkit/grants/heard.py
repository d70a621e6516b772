"""The answers to the requests of one refresh, kept for when the plugin fails to make a grant of them (R9, R12).

A provider that rotates takes nothing else from its answer on. So where that answer holds a new refresh token, it is
read all the same, whatever was raised since: memory that ran out, a bug in a plugin, a second request that failed.
"""

from tokenkit.errors import ConsentRequired, InvalidAnswer
from tokenkit.flows.answer import STANDARD, TokenAnswer, read_answer
from tokenkit.flows.members import read_members
from tokenkit.flows.refresh import renewed
from tokenkit.grant import Grant
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Provider, Request, Response


class Heard:
    """The answers of one refresh: give the plugin `context` in the place of the one that this was made of."""

    def __init__(self, context: Context) -> None:
        self._send = context.send
        self._answers: list[Response] = []
        self.context = context._replace(send=self._kept)

    def _kept(self, request: Request) -> Response:
        answer = self._send(request)
        self._answers.append(answer)
        return answer

    def grant_despite(
        self, error: BaseException, provider: Provider, client: ClientRegistration, grant: Grant
    ) -> Grant | None:
        """Return `grant` with what the answers bring, though the plugin raised `error`; None where that is nothing.

        The plugin is asked once more, and gets the same answers: nothing is sent. If it fails again, what every token
        answer has is taken. A provider that has ended the grant is believed.
        """
        if isinstance(error, ConsentRequired) and not error.presumed:
            return None
        found = next(filter(None, (self._brought(answer, provider, grant) for answer in reversed(self._answers))), None)
        if found is None or provider.refresh is None:
            return None
        try:
            again = guarded(provider, "refresh", provider.refresh, self._replaying(), client, grant)
        except BaseException:  # noqa: BLE001 - the caller has the first error
            return renewed(grant, found)
        return again if again.refresh_token == found.refresh_token else renewed(grant, found)

    def _replaying(self) -> Context:
        answers = iter(self._answers)

        def send(_: Request) -> Response:
            return next(answers)

        return self.context._replace(send=send)

    @staticmethod
    def _brought(answer: Response, provider: Provider, grant: Grant) -> TokenAnswer | None:
        """Return what the answer holds, if that is another refresh token than the grant's."""
        if answer.status >= 300:
            return None
        try:
            found = read_answer(
                answer,
                read_members(answer),
                default_expires_in=getattr(provider, "default_expires_in", 3600.0),
                shape=getattr(provider, "answer", STANDARD),
                scope_separator=getattr(provider, "scope_separator", " "),
                captured=getattr(provider, "captured", ()),
            )
        except InvalidAnswer:
            return None
        return found if found.refresh_token not in (None, grant.refresh_token) else None
