"""``tokenkit login``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from tokenkit.account import Account
from tokenkit.cli.options import AsJson, ScopeList, Settings, Unverified, complete_provider, parse_scopes
from tokenkit.cli.output import ask, data, printable, say, someone_is_there
from tokenkit.cli.session import open_kit
from tokenkit.cli.which_server import settled
from tokenkit.errors import UsageError
from tokenkit.listing import listed
from tokenkit.shell import quoted

if TYPE_CHECKING:
    from tokenkit.kit import TokenKit
    from tokenkit.pending import PendingAuthorization
    from tokenkit.signing_in.authorization import Authorizations
    from tokenkit.signing_in.sign_in import Way

Target = Annotated[
    str,
    typer.Argument(
        metavar="PROVIDER[/ACCOUNT]",
        help="Where, and as whom.",
        show_default=False,
        autocompletion=complete_provider,
    ),
]
CallIt = Annotated[str, typer.Option("--as", metavar="NAME", help="What to call the account.", show_default=False)]
ByDevice = Annotated[bool, typer.Option("--device", help="Show a code to enter on another device.")]
ByPaste = Annotated[bool, typer.Option("--paste", help="Print the address, and read the answer from stdin.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Listen on this machine, but open nothing.")]
PrintUrl = Annotated[bool, typer.Option("--print-url", help="Print the address and end; login --complete goes on.")]
Complete = Annotated[bool, typer.Option("--complete", help="Read from stdin the address where the browser stopped.")]
Only = Annotated[bool, typer.Option("--only", help="Ask for no more than --scopes: drop what was granted before.")]
Replace = Annotated[bool, typer.Option("--replace", help="Move records that cannot be opened out of the way.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before an account is stored or replaced.")]


def login(
    ctx: typer.Context,
    account: Target = "",
    scopes: ScopeList = "",
    name: CallIt = "",
    device: ByDevice = False,
    paste: ByPaste = False,
    no_browser: NoBrowser = False,
    print_url: PrintUrl = False,
    complete: Complete = False,
    settings: Settings = [],  # noqa: B006 - typer reads it
    only: Only = False,
    replace: Replace = False,
    yes: Yes = False,
    unverified: Unverified = False,
    json: AsJson = False,
) -> None:
    """Sign in to a provider, or sign in again.

    It opens a browser where one can be seen. Over SSH or in a container it prints the address, for a browser anywhere,
    and takes the address at which that browser stops.
    """
    from tokenkit.consent.opener import open_nothing
    from tokenkit.signing_in.confirm import confirm_replacing
    from tokenkit.signing_in.sign_in import begin_by_hand, sign_in

    ways = {"--device": device, "--paste": paste, "--no-browser": no_browser, "--print-url": print_url}
    _exclusive(ways)
    if complete:
        _settled_before(
            {
                **ways,
                "--scopes": bool(scopes),
                "--as": bool(name),
                "--only": only,
                "--replace": replace,
                "--yes": yes,
                "--set": bool(settings),
            }
        )
    kit = open_kit(ctx)
    authorizations = kit.authorizations
    if complete:
        return _tell(kit, _complete(authorizations), account, json)
    provider, _, hint = account.partition("/")
    if not provider:
        raise UsageError("no provider is named", hint="tokenkit login PROVIDER; tokenkit providers lists them")
    asked = parse_scopes(scopes) or None
    if not (hint or name or only or settings):
        hint, only = _which(kit, provider)
    server = settled(kit, provider, settings, account=hint or name)
    confirm = _settled if yes or replace else confirmed
    if print_url:
        confirm_replacing(authorizations, server, account=hint, name=name, confirm=confirm)
        pending = begin_by_hand(
            authorizations, server, asked,
            account=hint, name=name, replace_broken=replace, only=only, unverified=unverified,
        )  # fmt: skip
        return _print_url(pending, json)
    way: Way = "device" if device else "paste" if paste else "browser" if no_browser else "auto"
    opener = open_nothing if no_browser else None
    signed_in = sign_in(
        authorizations, server, asked,
        account=hint, name=name, way=way, replace_broken=replace, only=only, unverified=unverified, opener=opener,
        confirm=confirm,
    )  # fmt: skip
    return _tell(kit, signed_in, f"{provider}/{name}" if name else account, json)


def confirmed(question: str) -> bool:
    """Ask the person to confirm; where nobody can be asked, say what is done."""
    say(question)
    return not someone_is_there() or ask("Go on? [y/N] ").lower() in ("y", "yes")


def _settled(question: str) -> bool:
    say(question)
    return True


def _complete(authorizations: "Authorizations") -> Account:
    from tokenkit.consent.keyboard import Keyboard
    from tokenkit.signing_in.by_hand import complete_by_hand

    asked = someone_is_there()
    if asked:
        say("The whole address at which the browser stopped:")
    with Keyboard() as keyboard:
        return complete_by_hand(authorizations, keyboard.read_paste, say=say if asked else None)


def _which(kit: "TokenKit", provider: str) -> tuple[str, bool]:
    """Return the name of the account that is renewed, and whether a new one gets no more than it is asked for.

    Where nobody can be asked, none is named: then it is asked for what was granted to all of them (R18).
    """
    accounts = kit.records.accounts(provider)
    if len(accounts) < 2:
        return "", False
    if not someone_is_there():
        say(f"{provider} has {len(accounts)} accounts: {listed(accounts)}. Asking for what was granted to any of them.")
        say(f"To renew one: tokenkit login {quoted(str(accounts[0]))}; for no more than you name: --only")
        return "", False
    for number, account in enumerate(accounts, 1):
        say(f"{number:4}  {account}")
    answer = ask(f"Which one do you renew? 1 to {len(accounts)}, or Enter for another account: ")
    if not answer:
        return "", True
    if not answer.isdecimal() or not 0 < int(answer[:9]) <= len(accounts):
        raise UsageError(f"there is no account number {answer!r}", hint="name it: tokenkit login PROVIDER/ACCOUNT")
    return accounts[int(answer) - 1].name, False


def _exclusive(options: Mapping[str, bool]) -> None:
    given = [option for option, on in options.items() if on]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} exclude each other", hint="tokenkit login --help")


def _settled_before(options: Mapping[str, bool]) -> None:
    for option in (option for option, on in options.items() if on):
        raise UsageError(
            f"--complete goes on with a sign-in that was begun, and {option} belongs to its beginning",
            hint="tokenkit login --complete, or begin another: tokenkit login --help",
        )


def _print_url(pending: "PendingAuthorization", json: bool) -> None:
    if json:
        from tokenkit.cli.json_output import begun_json

        data(begun_json(pending))
    else:
        data(pending.url)
    say(f"Open that address in any browser. It stops at one that begins with {pending.redirect_uri}")
    say("and cannot be reached. Within ten minutes, give the whole of it to: tokenkit login --complete")


def _tell(kit: "TokenKit", signed_in: Account, wanted: str, json: bool) -> None:
    from tokenkit.cli.status_text import end_words, scope_names

    status = kit.status(str(signed_in))
    say(f"Signed in as {signed_in}.")
    if status.ends_at is not None and status.refresh_expires_at is None:
        when = end_words(status, kit.context.now())
        say(f"It came without a refresh token that could be used: sign in again {when}.")
    if status.unidentified:
        say(f"It is called so because nobody knows whose it is: {status.unidentified}.")
    if "/" in wanted and wanted != str(signed_in):
        say(f"That is another account than {wanted}.")
    if status.missing:
        say(f"Not granted: {', '.join(scope_names(kit, status.account.provider, status.missing))}")
    if json:
        from tokenkit.cli.json_output import accounts_json

        data(accounts_json([status]))
    else:
        data(printable(str(signed_in)))
