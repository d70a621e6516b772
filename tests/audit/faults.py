"""Every fault that the audit knows, and how a home comes to have it. Each spoils something else, if that can be."""

import contextlib
import json
import os
import shutil
import struct
import time
from collections.abc import Callable
from typing import NamedTuple

from house import CLIENT, DAY, GOOGLE, PROVIDERS, SPOTIFY, House
from tokenkit import chained_log
from tokenkit.account import Account
from tokenkit.activity import Activity
from tokenkit.audit.mounts import Mount, Room
from tokenkit.config import save_client
from tokenkit.grant import grant_to_bytes
from tokenkit.grants import beside
from tokenkit.grants.machine import Machine, Turns
from tokenkit.grants.refresh_state import Failure, RefreshState
from tokenkit.grants.sealed_store import grant_name
from tokenkit.token import AccessToken, Secret
from tokenkit.use_markers import INTERVAL

PLAINTEXT = json.dumps({"access_token": "ya29.plain", "refresh_token": "1//0plain"})


class CannotBePlanted(Exception):
    """This machine, or this user, cannot have the fault."""


class Planted(NamedTuple):
    """A fault: the id of its check, how it is planted, and what the plant takes along.

    `alone` marks those that hide others, and so cannot be in one home with all the rest; `not_root` those that root
    does not see.
    """

    id: str
    plant: Callable[[House], object]
    alone: bool = False
    too: frozenset[str] = frozenset()
    not_root: bool = False


FAULTS: list[Planted] = []


def fault(id: str, *, alone: bool = False, too: tuple[str, ...] = (), not_root: bool = False):
    def add(plant):
        FAULTS.append(Planted(id, plant, alone, frozenset(too), not_root))
        return plant

    return add


def spoil(house: House) -> set[str]:
    """Plant all faults that do not hide others in one home; returns the ids of what is to be found."""
    planted: set[str] = set()
    for each in FAULTS:
        if not (each.alone or (each.not_root and os.geteuid() == 0)):
            with contextlib.suppress(CannotBePlanted):
                each.plant(house)
                planted |= {each.id} | each.too
    return planted


def another(house: House, name: str, provider: str = "google", **changes) -> Account:
    """One more account, with a grant of its own in which something is wrong."""
    account = Account(provider, name)
    house.sign_in(account, **changes)
    return account


# Files


@fault("TK101")
def a_client_secret_is_readable_by_others(house):
    path = save_client(house.folders.config, "acme", CLIENT)
    os.chmod(path, 0o644)


@fault("TK101", alone=True)
def the_key_is_readable_by_others(house):
    house.keys.chmod(0o644)


@fault("TK102")
def a_record_is_writable_by_others(house):
    house.record(another(house, "writable")).chmod(0o666)


@fault("TK102")
def the_folder_of_the_providers_is_writable_by_others(house):
    path = house.home / ".config/tokenkit/providers"
    path.mkdir()
    path.chmod(0o777)


@fault("TK103")
def a_record_is_readable_by_others(house):
    house.record(another(house, "readable")).chmod(0o644)


@fault("TK103")
def the_state_folder_is_readable_by_others(house):
    os.chmod(house.folders.state, 0o755)


@fault("TK104")
def a_folder_above_is_writable_by_others(house):
    (house.home / ".local").chmod(0o777)


@fault("TK105")
def root_once_wrote_here(house):
    if os.geteuid() != 0:
        raise CannotBePlanted("only root can give a file away")
    os.chown(house.record(another(house, "given")), 12345, -1)


@fault("TK105", alone=True, too=("TK106",))
def somebody_else_links_the_tokens_elsewhere(house):
    if os.geteuid() != 0:
        raise CannotBePlanted("only root can give a link away")
    house.tokens.rename(house.home / "disk")
    house.tokens.symlink_to(house.home / "disk")
    os.lchown(house.tokens, 12345, -1)


@fault("TK106")
def a_record_is_a_symlink(house):
    path = house.record(another(house, "linked"))
    target = house.home / "target.jwe"
    path.rename(target)
    path.symlink_to(target)


@fault("TK106", alone=True)
def the_folders_of_all_providers_are_symlinks(house):
    shutil.rmtree(house.tokens / "@alice")
    for name in ("google", "spotify"):
        (house.tokens / name).rename(house.home / name)
        (house.tokens / name).symlink_to(house.home / name)


@fault("TK107")
def a_record_has_a_second_name(house):
    os.link(house.record(another(house, "twice")), house.home / "second.jwe")


@fault("TK108")
def a_fifo_lies_where_a_record_should(house):
    os.mkfifo(house.tokens / "google" / "pipe.jwe", 0o600)


@fault("TK108")
def a_folder_lies_where_a_record_should(house):
    (house.tokens / "google" / "folder.jwe").mkdir(mode=0o700)


@fault("TK108", alone=True)
def a_file_lies_where_a_provider_had_accounts(house):
    shutil.rmtree(house.tokens / "spotify")
    (house.tokens / "spotify").write_text("")
    (house.tokens / ".locks" / "spotify").mkdir(mode=0o700, parents=True, exist_ok=True)


@fault("TK108", alone=True)
def a_folder_lies_where_the_key_should(house):
    house.keys.unlink()
    house.keys.mkdir(mode=0o700)


@fault("TK108", alone=True)
def a_folder_lies_where_a_lock_should(house):
    (lock,) = (house.tokens / ".locks" / "google").glob("me*.refresh")
    lock.unlink()
    lock.mkdir(mode=0o700)


@fault("TK108", alone=True)
def a_file_lies_where_the_locks_should(house):
    shutil.rmtree(house.tokens / ".locks")
    house.write(".tokenkit/tokens/.locks")


@fault("TK108", alone=True)
def a_file_lies_where_the_clients_should(house):
    shutil.rmtree(os.path.join(house.folders.config, "clients"))
    house.write(".config/tokenkit/clients")
    house.environ |= {f"TOKENKIT_{name}_CLIENT_ID": CLIENT.client_id for name in ("GOOGLE", "SPOTIFY")}
    house.environ |= {f"TOKENKIT_{name}_CLIENT_SECRET": "s" for name in ("GOOGLE", "SPOTIFY")}


@fault("TK109")
def a_stray_lies_among_the_tokens(house):
    house.write(".tokenkit/tokens/google/me@example.com (copy).jwe", "x")


@fault("TK109")
def a_stray_folder_lies_among_the_tokens(house):
    house.write(".tokenkit/tokens/google/backup/me.jwe", "x")


@fault("TK110")
def a_write_was_interrupted(house):
    house.old(house.write(".tokenkit/tokens/google/me@example.com.jwe.new", "\0" * 100))


@fault("TK111")
def the_newest_grant_was_not_renamed(house):
    account = another(house, "killed")
    newer = house.grant(account, generation=4)
    sealed = house.kit().records.ring.seal_record(grant_name(account), grant_to_bytes(newer))
    path = house.record(account).with_suffix(".jwe.new")
    path.write_bytes(sealed)
    path.chmod(0o600)
    house.old(path)


@fault("TK112")
def an_access_control_list_gives_others_rights(house):
    path = house.record(another(house, "listed"))
    entries = (
        (0x01, 6, 0xFFFFFFFF),
        (0x02, 4, 12345),
        (0x04, 0, 0xFFFFFFFF),
        (0x10, 0, 0xFFFFFFFF),
        (0x20, 0, 0xFFFFFFFF),
    )
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", packed)
    except OSError:
        raise CannotBePlanted("this file system has no access control lists") from None


@fault("TK113", not_root=True)
def a_record_cannot_be_read(house):
    house.record(another(house, "unreadable")).chmod(0)


@fault("TK113", alone=True, not_root=True)
def a_folder_of_records_cannot_be_written(house):
    house.record(another(house, "read-only", "spotify")).parent.chmod(0o500)


@fault("TK113", not_root=True)
def a_lock_cannot_be_written(house):
    another(house, "locked")
    (house.tokens / ".locks/google/locked.refresh").chmod(0o400)


@fault("TK113", alone=True, not_root=True)
def what_lies_in_quarantine_cannot_be_read(house):
    another(house, "superseded")
    before = {*(house.tokens / ".quarantine").iterdir()}
    house.kit().records.quarantine(Account("google", "superseded"), house.now)
    (path,) = {*(house.tokens / ".quarantine").iterdir()} - before
    path.chmod(0)


# Places


@fault("TK121", alone=True)
def the_tokens_lie_in_a_git_work_tree(house):
    house.move_tokens("project/state")
    (house.home / "project/.git").mkdir()


@fault("TK122")
def the_client_secrets_lie_in_the_dotfiles(house):
    (house.home / ".config/.git").mkdir(mode=0o700)


@fault("TK123", alone=True)
def the_tokens_lie_in_the_dropbox(house):
    house.move_tokens("Dropbox/tokenkit")


@fault("TK123", alone=True)
def the_tokens_lie_in_a_folder_of_syncthing(house):
    house.move_tokens("shared/tokenkit")
    (house.home / "shared/.stfolder").mkdir()


@fault("TK124")
def the_keys_are_synced(house):
    (house.home / ".local/share/.stfolder").mkdir()


@fault("TK125", alone=True)
def the_tokens_lie_on_a_network_file_system(house):
    house.mounts.append(Mount(os.path.realpath(house.tokens), "nfs4"))


@fault("TK126", alone=True)
def the_keys_lie_on_a_stick(house):
    house.mounts.append(Mount(os.path.realpath(house.folders.data), "vfat"))


@fault("TK127", alone=True)
def all_of_it_lies_in_a_container(house):
    house.mounts.append(Mount("/", "overlay"))


@fault("TK129", alone=True)
def the_disk_of_the_tokens_is_full(house):
    house.room = lambda path: Room(read_only=False, left=4096, files=9)


@fault("TK129", alone=True)
def the_disk_of_the_notes_takes_no_more_files(house):
    house.room = lambda path: Room(read_only=False, left=1 << 30, files=0 if path == house.folders.state else 9)


@fault("TK129", alone=True)
def the_disk_of_the_tokens_is_mounted_read_only(house):
    house.room = lambda path: Room(read_only=True, left=0, files=0)


# Keys


@fault("TK131", alone=True)
def the_key_lies_beside_the_tokens(house):
    house.move_tokens(".local/share/tokenkit")


@fault("TK132", alone=True)
def the_key_is_gone(house):
    house.keys.unlink()


@fault("TK133", alone=True)
def the_key_file_is_too_long(house):
    house.keys.write_bytes(b" " * (1 << 21))


@fault("TK133", alone=True)
def the_key_file_is_torn(house):
    house.keys.write_text("{")


@fault("TK134", alone=True)
def the_key_is_in_a_variable(house):
    house.environ["TOKENKIT_KEY"] = house.keys.read_text()


@fault("TK136")
def a_rotation_was_not_finished(house):
    house.kit().records.ring.add()


@fault("TK135")
def the_key_is_old(house):
    house.old(house.keys, 500)


@fault("TK137")
def core_dumps_are_allowed(house):
    house.core_limit = -1


@fault("TK128", alone=True)
def the_tokens_are_not_mounted(house):
    shutil.rmtree(house.tokens)
    house.tokens.mkdir(mode=0o700)


@fault("TK128", alone=True)
def the_tokens_and_what_refreshes_noted_are_gone(house):
    shutil.rmtree(house.tokens)
    shutil.rmtree(os.path.join(house.folders.state, "leases"))


@fault("TK128", alone=True)
def the_disk_of_linked_tokens_is_not_mounted(house):
    house.tokens.rename(house.home / "disk")
    house.tokens.symlink_to(house.home / "disk")
    house.sign_in(Account("google", "later"))
    shutil.rmtree(house.home / "disk")


@fault("TK130", alone=True, too=("TK127",))
def the_key_is_part_of_the_image(house):
    house.mounts.append(Mount("/", "overlay"))
    house.container_since = time.time() + 60


@fault("TK138")
def the_key_is_in_the_shells_startup_file(house):
    house.write(".bashrc", f"alias ll='ls -l'\nexport TOKENKIT_KEY={'k' * 43}\n")


@fault("TK138")
def the_passphrase_is_in_the_shells_startup_file(house):
    house.write(".config/fish/config.fish", "set -gx TOKENKIT_PASSPHRASE 'correct horse'\n")


@fault("TK138")
def the_key_is_in_an_env_file(house):
    house.write("work/.env", f'TOKENKIT_KEY="{"k" * 43}"\n')


@fault("TK138")
def the_key_is_in_a_compose_file(house):
    house.write("work/docker-compose.yml", f"services:\n  a:\n    environment:\n      TOKENKIT_KEY: {'k' * 43}\n")


@fault("TK138")
def the_key_is_in_a_dockerfile(house):
    house.write("work/Dockerfile", f"FROM python\nENV TOKENKIT_KEY {'k' * 43}\n")


@fault("TK138")
def the_key_is_in_a_unit_of_systemd(house):
    house.write(".config/systemd/user/me.service", f'[Service]\nEnvironment="TOKENKIT_KEY={"k" * 43}"\n')


@fault("TK139")
def a_copy_of_the_key_file_lies_in_the_home(house):
    shutil.copy(house.keys, house.home / "keys.json")


@fault("TK139")
def the_exported_key_lies_among_the_downloads(house):
    secret = json.loads(house.keys.read_text())["keys"][0]["k"]
    house.write("Downloads/tokenkit-key.txt", f"{secret}\n")


@fault("TK139")
def an_editor_left_a_copy_beside_the_key(house):
    shutil.copy(house.keys, f"{house.keys}~")


# Records


@fault("TK141")
def a_record_is_cut_off(house):
    path = house.record(another(house, "torn"))
    path.write_bytes(path.read_bytes()[:-20])


@fault("TK141")
def a_record_was_put_in_the_place_of_another(house):
    house.record(another(house, "swapped")).write_bytes(house.record(SPOTIFY).read_bytes())


@fault("TK141")
def a_record_is_too_long(house):
    house.record(another(house, "long")).write_bytes(b"A" * (1 << 21))


@fault("TK142")
def a_record_is_sealed_with_a_key_that_is_lost(house):
    account = another(house, "foreign")
    name = grant_name(account)
    environ = {"HOME": str(house.home / "elsewhere")}
    other = type(house.kit())(environ=environ).records.ring
    other.ensure(lambda: False)
    house.record(account).write_bytes(other.seal_record(name, grant_to_bytes(house.grant(account))))


@fault("TK143")
def a_record_was_written_by_a_later_tokenkit(house):
    account = another(house, "later")
    record = json.loads(grant_to_bytes(house.grant(account))) | {"v": 99}
    sealed = house.kit().records.ring.seal_record(grant_name(account), json.dumps(record).encode())
    house.record(account).write_bytes(sealed)


@fault("TK144")
def two_accounts_share_a_refresh_token(house):
    another(house, "copy", refresh_token=Secret(f"refresh-{GOOGLE}"))


@fault("TK145")
def an_old_grant_lies_in_quarantine(house):
    (path,) = (house.tokens / ".quarantine").glob("*.jwe")
    house.old(path, 100)


@fault("TK146")
def a_line_of_the_log_was_changed(house):
    Activity(house.folders, now=house.clock.now).record("refreshed", SPOTIFY)
    Activity(house.folders, now=house.clock.now).record("signed_out", SPOTIFY)
    (path,) = chained_log.segments(os.path.join(house.folders.state, "activity"))
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("refreshed", "refreshes"))


@fault("TK147")
def a_refreshed_grant_waits_beside_its_record(house):
    account = another(house, "waiting", note=RefreshState(newest=4))
    beside.save(house.kit().records, account, house.grant(account, generation=4))


@fault("TK147")
def a_refreshed_grant_waits_in_the_state_folder(house):
    account = another(house, "elsewhere", note=RefreshState(newest=4))
    records = house.kit().records
    name = beside.unsaved_name(account)
    sealed = records.ring.seal_record(name, grant_to_bytes(house.grant(account, generation=4)))
    records.stores[1].save(name, sealed, replaces=None)


@fault("TK141")
def what_lies_beside_a_record_cannot_be_opened(house):
    account = another(house, "spoiled")
    house.kit().records.store.save(beside.unsaved_name(account), b"torn", replaces=None)


@fault("TK147", too=("TK317",))
def only_a_process_has_the_newest_grant(house):
    another(house, "held", note=RefreshState(newest=3, attempt=house.now - DAY, unsaved="process 4711"))


@fault("TK148")
def two_machines_take_turns(house):
    one, other = Machine("1", "laptop"), Machine("2", "desktop")
    turns = Turns().then(one, house.now - 3).then(other, house.now - 2).then(one, house.now - 1)
    another(house, "shared", note=RefreshState(newest=3, turns=turns))


# Secrets


@fault("TK201")
def plaintext_tokens_lie_among_the_sealed(house):
    house.write(".tokenkit/tokens/google.json", PLAINTEXT)


@fault("TK202")
def a_client_secret_stands_in_the_configuration(house):
    house.write(".config/tokenkit/config.toml", '[providers.acme]\nclient_secret = "s"\n', 0o644)


@fault("TK203")
def a_client_secret_is_stored_with_a_grant(house):
    another(house, "captured", extra={"client_secret": "s"})


for _id, _path, _text in (
    ("TK211", ".pocketpaw/oauth/google_gmail.json", PLAINTEXT),
    ("TK212", ".cache-me", PLAINTEXT),
    ("TK213", "work/token.json", PLAINTEXT),
    ("TK214", ".google_workspace_mcp/credentials/me@example.com.json", PLAINTEXT),
    ("TK215", ".config/google-calendar-mcp/tokens.json", json.dumps({"normal": json.loads(PLAINTEXT)})),
    ("TK216", ".gmail-mcp/credentials.json", PLAINTEXT),
    ("TK217", ".config/gcloud/application_default_credentials.json", PLAINTEXT),
    ("TK218", ".azure/msal_token_cache.json", json.dumps({"RefreshToken": {"id": {"secret": "0.AA"}}})),
    ("TK219", ".mcp-auth/mcp-remote-0.1.31/0f_tokens.json", PLAINTEXT),
    ("TK220", ".fastmcp/oauth-mcp-client-cache/x_tokens.json", PLAINTEXT),
    (
        "TK221",
        ".openclaw/agents/main/agent/auth-profiles.json",
        json.dumps({"profiles": {"a": {"type": "oauth", "access": "a", "refresh": "r"}}}),
    ),
    ("TK222", ".claude/.credentials.json", json.dumps({"claudeAiOauth": {"accessToken": "a", "refreshToken": "r"}})),
    ("TK223", ".gemini/oauth_creds.json", PLAINTEXT),
    ("TK224", ".codex/auth.json", json.dumps({"tokens": {"access_token": "a", "refresh_token": "r"}})),
    ("TK225", ".local/share/opencode/auth.json", json.dumps({"x": {"type": "oauth", "refresh": "r", "access": "a"}})),
    ("TK226", ".config/crush/mcp-oauth-tokens.json", json.dumps({"x": {"access_token": "a"}})),
    ("TK227", ".config/gh/hosts.yml", "github.com:\n    user: me\n    oauth_token: gho_x\n"),
    (
        "TK228",
        ".config/rclone/rclone.conf",
        '[drive]\ntype = drive\ntoken = {"access_token":"a","refresh_token":"r"}\n',
    ),
    (
        "TK229",
        ".hermes/auth.json",
        json.dumps({"credential_pool": {"x": [{"auth_type": "oauth", "access_token": "a", "refresh_token": "r"}]}}),
    ),
    (
        "TK230",
        ".homeassistant/.storage/core.config_entries",
        json.dumps({"key": "core.config_entries", "data": {"entries": [{"data": {"token": {"refresh_token": "r"}}}]}}),
    ),
):
    fault(_id)(lambda house, path=_path, text=_text: house.write(path, text))


@fault("TK231")
def a_secret_is_in_the_shells_history(house):
    house.write(".bash_history", "ls\ncurl -d refresh_token=1//0abcdefghijklmnopqrstuv https://example.com\n")


@fault("TK232")
def a_secret_is_in_an_env_file(house):
    house.write("project-a/.env", "DEBUG=1\nGOOGLE_CLIENT_SECRET=GOCSPX-abcdefghijkl\n")


# Accounts and grants


@fault("TK301")
def an_account_needs_consent(house):
    another(house, "revoked", state="needs_consent", reason="you removed the app")


@fault("TK301")
def a_grant_has_presumably_ended(house):
    failure = Failure("ConsentRequired", "google refuses: you removed the app", "", house.now - 60, house.now + 60, 1)
    another(house, "presumed", note=RefreshState(newest=3, failure=failure))


@fault("TK302")
def an_access_token_ended_for_good(house):
    ended = AccessToken("access", expires_at=house.now - 60, obtained_at=house.now - 3660)
    another(house, "ended", refresh_token=None, access_tokens={"": ended})


@fault("TK303")
def an_access_token_ends_soon_for_good(house):
    another(house, "ending", refresh_token=None)


@fault("TK304")
def a_refresh_token_is_past_its_end(house):
    token = AccessToken("access", expires_at=house.now - 2 * DAY, obtained_at=house.now - 3 * DAY)
    another(house, "past", "spotify", refresh_expires_at=house.now - DAY, access_tokens={"": token})


@fault("TK305")
def a_refresh_token_ends_soon(house):
    another(house, "soon", "spotify", refresh_expires_at=house.now + 5 * DAY)


@fault("TK306")
def a_google_app_is_in_testing(house):
    another(house, "testing", refresh_expires_at=house.now + 6 * DAY)


@fault("TK307")
def an_account_is_not_used(house):
    ended = AccessToken("access", expires_at=house.now - 100 * DAY, obtained_at=house.now - 101 * DAY)
    another(house, "unused", access_tokens={"": ended}, authorized_at=house.now - 101 * DAY)


@fault("TK308")
def an_account_may_do_more_than_is_asked(house):
    provider = PROVIDERS["google"]
    scopes = frozenset(provider.scopes[name].value for name in ("openid", "email", "mail", "drive.file"))
    account = another(house, "wide", scopes=scopes, asked=scopes)
    log = Activity(house.folders, now=lambda: house.now - 40 * DAY, tool="early")
    log.used(account, ["drive.file"])
    Activity(house.folders, now=lambda: house.now - INTERVAL).used(account, ["drive.file"])


@fault("TK309")
def fewer_scopes_were_granted(house):
    another(house, "partly", asked=house.grant(GOOGLE).asked | {"more"})


@fault("TK310")
def the_provider_is_gone(house):
    another(house, "reader", "pocket", refresh_token=None, access_tokens={"": AccessToken("access")})


@fault("TK321")
def a_key_without_an_end_is_old(house):
    key = AccessToken("key-1", obtained_at=house.now - 400 * DAY)
    origin = {"issuer": "https://api.openai.com", "token_endpoint": "", "revocation_endpoint": "", "client_id": ""}
    endpoints = {"identify": "https://api.openai.com/v1/models"}
    account = another(
        house, "old", "openai", refresh_token=None, access_tokens={"": key}, authorized_at=house.now - 400 * DAY,
        endpoints=endpoints, **origin,
    )  # fmt: skip
    Activity(house.folders, now=lambda: house.now - INTERVAL).used(account, [])


@fault("TK311")
def the_client_id_is_another(house):
    another(house, "changed", client_id="client-0")


@fault("TK312", too=("TK311",))
def an_endpoint_has_no_tls(house):
    another(house, "plain", token_endpoint="http://accounts.example/token")


@fault("TK313")
def an_old_record_came_back(house):
    another(house, "restored", note=RefreshState(newest=9))


@fault("TK314")
def the_clock_was_set_back(house):
    token = AccessToken("access", expires_at=house.now + 9 * DAY, obtained_at=house.now + 2 * DAY)
    another(house, "future", access_tokens={"": token})


@fault("TK315")
def a_grant_was_moved(house):
    another(house, "moved", state="moved")


@fault("TK316")
def the_last_refresh_failed(house):
    failure = Failure("ProviderUnavailable", "google could not be reached", "", house.now - 60, house.now, 4)
    another(house, "failing", note=RefreshState(newest=3, failure=failure))


@fault("TK317")
def an_answer_was_lost(house):
    another(house, "lost", note=RefreshState(newest=3, attempt=house.now - DAY))


@fault("TK318")
def the_plugin_is_not_installed(house):
    account = Account("acme", "me")
    kit = house.kit()
    kit.records.save(account, house.grant(GOOGLE, provider="acme", refresh_token=Secret("r")), replaces=None)


@fault("TK319", alone=True)
def there_is_no_client_id(house):
    os.unlink(os.path.join(house.folders.config, "clients", "spotify.toml"))


@fault("TK320", alone=True)
def plain_http_is_allowed(house):
    text = '[accounts."google/me@example.com"]\ninsecure_hosts = ["ha.lan:8123"]\n'
    house.write(".config/tokenkit/config.toml", text, 0o644)


# Code


@fault("TK404", alone=True)
def a_file_takes_the_name_of_a_provider(house):
    declared = '[provider]\nname = "pocket"\ntitle = "P"\n'
    endpoints = 'authorization_endpoint = "https://p.example/a"\ntoken_endpoint = "https://p.example/t"\n'
    house.write(".config/tokenkit/providers/pocket.toml", declared + endpoints)


@fault("TK406")
def a_providers_file_cannot_be_used(house):
    house.write(".config/tokenkit/providers/broken.toml", "[provider]\nname = 1\n")


@fault("TK406")
def a_clients_file_cannot_be_used(house):
    house.write(".config/tokenkit/clients/slack.toml", "client_id = 5\n")


@fault("TK406", alone=True, too=("TK318",))
def the_configuration_cannot_be_used(house):
    house.write(".config/tokenkit/config.toml", "[defaults\n", 0o644)
