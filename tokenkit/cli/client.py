"""``tokenkit client``: the client registrations that a person made at the providers (R31)."""

from typing import Annotated

import typer

from tokenkit.cli.errors import report
from tokenkit.cli.group import group
from tokenkit.cli.options import AsJson, ProviderName, Settings, Unverified
from tokenkit.cli.output import data, say, someone_is_there
from tokenkit.cli.registration import ask_for_client, read_file, redirect_uri, save_registration
from tokenkit.cli.session import open_kit
from tokenkit.cli.tables import from_home, show_table
from tokenkit.cli.which_server import registered_at
from tokenkit.errors import ClientMissing, UsageError
from tokenkit.shell import quoted

client = group("Keep the client registrations that you made at the providers.")


@client.command("set")
def set_client(
    ctx: typer.Context,
    provider: ProviderName,
    client_id: Annotated[str, typer.Option(metavar="ID", help="Asked for without it.", show_default=False)] = "",
    client_secret: Annotated[
        str, typer.Option(metavar="SECRET", help="Better typed when asked for: others see this.", show_default=False)
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="There is no secret.")] = False,
    settings: Settings = [],  # noqa: B006 - typer reads it
) -> None:
    """Store the client id and secret that a provider gave you.

    They are asked for, or read from stdin: a line each.
    """
    from tokenkit.config import check_registrable

    kit = open_kit(ctx)
    plugin = registered_at(kit, provider, settings)
    check_registrable(plugin)
    if client_secret:
        say("tokenkit: warning: a secret on the command line is in your shell's history, and every program can see it")
        say("tokenkit: hint: leave --client-secret out; it is asked for, or read from stdin")
    if plugin.console_url and not client_id and someone_is_there():
        say(f"Register a client at {plugin.console_url}")
        if not getattr(plugin, "fields", {}):  # else nobody is sent away, and so nobody comes back
            say(f"with the redirect URI {redirect_uri(kit, plugin)}")
    save_registration(kit, plugin, ask_for_client(plugin, client_id, client_secret, public=public))


@client.command("setup", short_help="Register a client step by step, and sign in.")
def set_up_client(
    ctx: typer.Context,
    provider: ProviderName,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the addresses, and open nothing.")] = False,
    unverified: Unverified = False,
    settings: Settings = [],  # noqa: B006 - typer reads it
) -> None:
    """Open the pages where a client is registered, take what they give, and sign in.

    The redirect URI to register is shown, and the client id and secret are asked for. What Google offers for download
    is found when it comes into ~/Downloads, or its path is pasted.
    """
    from tokenkit.cli.client_setup import set_up

    kit = open_kit(ctx)
    set_up(kit, registered_at(kit, provider, settings), no_browser=no_browser, unverified=unverified)


@client.command("import", short_help="Store the client in the file that Google offers.")
def import_client(
    ctx: typer.Context,
    provider: ProviderName,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="client_secret_....json, or - for stdin.", show_default=False)
    ],
) -> None:
    """Store the client in the file that Google's console offers for download."""
    from tokenkit.config import google_download

    kit = open_kit(ctx)
    if provider != "google":
        raise UsageError(f"{provider} has no download that is known", hint=f"tokenkit client set {quoted(provider)}")
    save_registration(kit, kit.provider(provider), google_download(read_file(file)))
    if file != "-":
        say(f"The secret lies in {file}, too, where others may find it. To delete that: rm {quoted(file)}")


@client.command("list", short_help="List the registrations; no secret is shown.")
def list_registrations(ctx: typer.Context, json: AsJson = False) -> None:
    """List the registrations and where they come from; no secret is shown. Those that cannot be used come after it."""
    found, refused = open_kit(ctx).configured.known_clients()
    if json:
        from tokenkit.cli.json_output import clients_json

        data(clients_json(found))
    elif found:
        show_table(
            ("PROVIDER", "CLIENT ID", "SECRET", "FROM"),
            [
                (item.provider, item.client_id, "yes" if item.has_secret else "no", from_home(item.source))
                for item in found
            ],
        )
    elif not refused:
        say("No client is registered. Begin with tokenkit client setup PROVIDER; tokenkit providers lists them.")
    for error in refused[1:]:
        report(error)
    if refused:
        raise refused[0]


@client.command("remove", short_help="Remove a registration that was stored here.")
def remove_registration(
    ctx: typer.Context,
    provider: ProviderName,
    settings: Settings = [],  # noqa: B006 - typer reads it
) -> None:
    """Remove a registration that was stored with client set or client import."""
    from tokenkit.config import client_name

    kit = open_kit(ctx)
    name = client_name(registered_at(kit, provider, settings)) if settings else provider
    if not kit.configured.remove_client(name):
        raise ClientMissing(f"no registration is stored for {name}", hint="tokenkit client list")
    say(f"Removed the registration for {name}. Accounts that need it are kept, and cannot be refreshed without it.")
