"""An assistant that reads mail and the calendar, plays music and keeps a list of articles: signed in by tokenkit.

    tokenkit sandbox                                        # in another terminal; paste the lines that it prints
    python assistant.py http://127.0.0.1:8137 morning       # asks in the browser, the first time
    python assistant.py http://127.0.0.1:8137 morning       # asks no more, however old the tokens are
    python assistant.py http://127.0.0.1:8137 goodbye       # signs out everywhere

Without an address it speaks to the real services. Nothing here holds a token, a secret or a time.
"""

import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import httpx
from tokenkit import ConsentRequired, ProviderUnavailable, TokenKit, TokenKitError

NEEDS = {
    "google": ("gmail.readonly", "gmail.send", "calendar.readonly"),
    "spotify": ("user-read-playback-state", "user-modify-playback-state"),
    "pocket": (),
}
"""The accounts, and what the assistant may do there; aliases are explained by ``tokenkit providers google``."""

REAL = {
    "mail": "https://gmail.googleapis.com/gmail/v1",
    "calendar": "https://www.googleapis.com/calendar/v3",
    "music": "https://api.spotify.com/v1",
    "articles": "https://getpocket.com/v3",
}


def addresses(sandbox: str = "") -> dict[str, str]:
    """Return where the services are: the real ones, or those that the sandbox plays."""
    paths = {
        "mail": "google/gmail/v1",
        "calendar": "google/calendar/v3",
        "music": "spotify/v1",
        "articles": "pocket/v3",
    }
    return {name: f"{sandbox}/{path}" for name, path in paths.items()} if sandbox else REAL


class Assistant:
    """Does one thing after the other; `async_assistant.py` does them at the same time."""

    def __init__(self, kit: TokenKit, sandbox: str = "") -> None:
        self.kit, self.at = kit, addresses(sandbox)

    def meet(self) -> Iterator[str]:
        """Ask the person for each account that is missing, or that may do too little; yield what is there."""
        for provider, scopes in NEEDS.items():
            self.kit.token(provider, scopes=scopes, interactive=True)
            yield provider

    def mail(self) -> list[str]:
        """Return the ids of the newest messages."""
        messages = self.ask("google", "GET", f"{self.at['mail']}/users/me/messages").get("messages", [])
        return [message["id"] for message in messages]

    def write(self, to: str, text: str) -> str:
        """Send a message; return its id."""
        raw = urlsafe_b64encode(f"To: {to}\r\nSubject: Hello\r\n\r\n{text}".encode()).decode()
        return str(self.ask("google", "POST", f"{self.at['mail']}/users/me/messages/send", json={"raw": raw})["id"])

    def agenda(self) -> list[str]:
        """Return what the calendar has."""
        events = self.ask("google", "GET", f"{self.at['calendar']}/calendars/primary/events")["items"]
        return [event["summary"] for event in events]

    def play(self, words: str) -> str:
        """Play the first track that is found; return its name."""
        found = self.ask("spotify", "GET", f"{self.at['music']}/search", params={"q": words, "type": "track"})
        track = found["tracks"]["items"][0]
        self.ask("spotify", "PUT", f"{self.at['music']}/me/player/play", json={"uris": [track["uri"]]})
        return str(track["name"])

    def save(self, url: str) -> str:
        """Add an article; return its id."""
        return str(self.ask("pocket", "POST", f"{self.at['articles']}/add", json={"url": url})["item"]["item_id"])

    def archive(self, article: str) -> None:
        """Put an article out of sight."""
        actions = [{"action": "archive", "item_id": article}]
        self.ask("pocket", "POST", f"{self.at['articles']}/send", json={"actions": actions})

    def articles(self) -> list[str]:
        """Return the addresses of the articles, without those that are archived."""
        found = self.ask("pocket", "POST", f"{self.at['articles']}/get", json={})["list"]
        return [item["given_url"] for item in found.values() if item["status"] == "0"]

    def ask(self, account: str, method: str, url: str, **more: Any) -> dict[str, Any]:
        """Ask a service; the token is put where it belongs, refreshed if need be, and goes to no other host."""
        with self.kit.http(account) as http:
            answer = http.request(method, url, **more).raise_for_status()
        return answer.json() if answer.content else {}

    def leave(self) -> Iterator[str]:
        """Sign out of every account; yield what became of each."""
        for account in self.kit.accounts():
            signed_out = self.kit.logout(str(account))
            yield f"{account}: {'revoked' if signed_out.revoked else signed_out.note}"


def morning(assistant: Assistant) -> Iterator[str]:
    """Yield what there is to say in the morning."""
    yield f"connected: {', '.join(assistant.meet())}"
    yield f"{len(assistant.mail())} messages, and {', '.join(assistant.agenda())}"
    yield f"playing {assistant.play('day')}"
    assistant.archive(assistant.save("https://example.com/read-already"))
    yield f"to read: {', '.join(assistant.articles())}"


def main(sandbox: str, command: str) -> None:
    """Do what is asked, and say what a person can do where it does not work."""
    assistant = Assistant(TokenKit(tool="assistant"), sandbox)
    try:
        for line in morning(assistant) if command == "morning" else assistant.leave():
            print(line)
    except ConsentRequired as error:
        sys.exit(f"please sign in again: {error.hint}")
    except ProviderUnavailable as error:
        sys.exit(f"not now: {error}")
    except (TokenKitError, httpx.HTTPError) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main(*([""] if len(sys.argv) == 2 else []), *sys.argv[1:])
