"""The commands of the program, by section: where each is found, and what ``--help`` says of it."""

from typing import NamedTuple


class Command(NamedTuple):
    """Where it is, as ``module:name`` of a function or, with commands of its own, of a `typer.Typer`; and a line."""

    where: str
    about: str


SECTIONS: dict[str, dict[str, Command]] = {
    "Accounts": {
        "login": Command("login:login", "Sign in to a provider, or sign in again."),
        "list": Command("accounts:list_accounts", "List the accounts and how they stand."),
        "status": Command("accounts:status", "Show how accounts stand, or check them for a script."),
        "scopes": Command("scopes:scopes", "List the scopes of an account, or change them by a new consent."),
        "refresh": Command("refresh:refresh", "Refresh the token of an account now."),
        "logout": Command("logout:logout", "Revoke at the provider, then remove here."),
        "dashboard": Command("dashboard:dashboard", "Show the accounts in a browser, and connect them there."),
    },
    "Tokens": {
        "token": Command("token:token", "Print an access token that works, refreshed if need be."),
        "request": Command("request:request", "Make an HTTP request with the token on, and print the answer."),
    },
    "Oversight": {
        "audit": Command("audit:audit", "Tell the truth about the tokens on this machine, and what helps."),
        "log": Command("log:log", "Show which program got which account's token, and what else happened."),
    },
    "Set-up": {
        "providers": Command("providers:providers", "List the providers, or show one: scopes, where to register."),
        "client": Command("client:client", "Keep the client registrations that you made at the providers."),
        "import": Command("import_:import_", "Take over a sign-in that another tool keeps in a file."),
        "key": Command("key:key", "Keep the keys that seal what is stored."),
        "store": Command("store:store", "Keep the database that several machines share."),
        "owner": Command("owner:owner", "Look after the people that an app keeps accounts for."),
        "worker": Command("worker:worker", "Keep the tokens of all owners fresh, for as long as it runs."),
    },
    "Trying out": {
        "sandbox": Command("sandbox:sandbox", "Serve three providers to develop against, without credentials."),
        "demo": Command("demo:demo", "Watch the whole life of three accounts in half a minute."),
    },
}
