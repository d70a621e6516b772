"""The answers to the requests of one refresh or sign-in, for when the plugin fails to make a grant of them (R9, R12).

A provider that rotates takes nothing else from its answer on. So where that answer holds a new refresh token, it is
read all the same, whatever was raised since: memory that ran out, a bug in a plugin, a second request that failed.
"""

from collections.abc import Iterator
from contextlib import suppress

from tokenkit.errors import ConsentRequired, InvalidAnswer
from tokenkit.flows.answer import STANDARD, TokenAnswer, read_answer
from tokenkit.flows.members import read_members
from tokenkit.flows.refresh import renewed
from tokenkit.grant import Grant
from tokenkit.grants.returned import whole_grant
from tokenkit.plugins import guarded
from tokenkit.provider import ClientRegistration, Context, Provider, Request, Response


class Heard:
    """The answers of one call: give the plugin `context` in the place of the one that this was made of."""

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
        rotated = (None, grant.refresh_token)
        found = next((each for each in self._token_answers(provider) if each.refresh_token not in rotated), None)
        if found is None or provider.refresh is None:
            return None
        try:
            asked = guarded(provider, "refresh", provider.refresh, self.replaying(), client, grant)
            again = whole_grant(provider, "refresh", asked)
        except BaseException:  # noqa: BLE001 - the caller has the first error
            return renewed(grant, found)
        return again if again.refresh_token == found.refresh_token else renewed(grant, found)

    def new_tokens(self, provider: Provider) -> TokenAnswer | None:
        """Return what the newest token answer of a sign-in holds; None where none has an access token."""
        return next((each for each in self._token_answers(provider) if each.access is not None), None)

    def replaying(self) -> Context:
        """Return a context that answers as was answered, sends nothing, and waits for nobody."""
        answers = iter(self._answers)

        def send(_: Request) -> Response:
            return next(answers)

        def sleep(_: float) -> None:
            return

        return self.context._replace(send=send, sleep=sleep)

    def _token_answers(self, provider: Provider) -> Iterator[TokenAnswer]:
        """Yield what the answers hold, the newest first."""
        for answer in reversed(self._answers):
            if answer.status < 300:
                with suppress(InvalidAnswer):
                    yield read_answer(
                        answer,
                        read_members(answer),
                        default_expires_in=getattr(provider, "default_expires_in", 3600.0),
                        shape=getattr(provider, "answer", STANDARD),
                        scope_separator=getattr(provider, "scope_separator", " "),
                        captured=getattr(provider, "captured", ()),
                    )
