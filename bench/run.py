"""tokenkit beside its peers, measured in one run: `make bench`.

Every figure stands beside a reference measured in the same rounds, for absolute times say nothing on another machine.
The rounds are interleaved, so that a busy moment hits all alike; medians are shown.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version

from tokenkit import Context, TokenKit
from tokenkit.audit import Scene, audit
from tokenkit.grant import grant_to_bytes
from tokenkit.records import grant_name
from tokenkit.sandbox import CLIENTS, Authority, providers
from tokenkit.store.files import FileStore
from tokenkit.token import Secret

ROUNDS = 15
CALLS = 20_000
ACCOUNTS = 10_000
PEERS = ("Authlib", "google-auth", "msal", "spotipy")

Measure = Callable[[], float]


def main() -> None:
    """Measure everything and print it as Markdown."""
    print(f"Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores;")
    print(", ".join(f"{name} {version(name)}" for name in ("tokenkit-oauth", *PEERS)))
    with tempfile.TemporaryDirectory() as home:
        environ = prepare(home)
        show("A good token in a running process", "ns", in_memory(TokenKit(environ=environ)))
        show("A new process that prints a stored token, CPU", "ms", new_process(environ))
        show(f"An audit of {ACCOUNTS:,} accounts, CPU", "ms", audit_of_many(environ), rounds=3)


def prepare(home: str) -> dict[str, str]:
    """A home in which one account is signed in; the environment that finds it."""
    environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {"HOME": home}
    for provider, client in CLIENTS.items():
        environ[f"TOKENKIT_{provider.upper()}_CLIENT_ID"] = client.client_id
        if client.client_secret is not None:
            environ[f"TOKENKIT_{provider.upper()}_CLIENT_SECRET"] = client.client_secret.reveal()
    authority = Authority()
    context = Context(send=authority.handle, now=time.time, random=os.urandom, sleep=time.sleep)
    kit = TokenKit(providers=providers("http://127.0.0.1:1"), context=context, environ=environ)
    pending = kit.begin("google", redirect_uri="http://127.0.0.1:2/callback/google", binding="bench")
    kit.complete(authority.approve(pending.url), binding="bench")
    return environ


def in_memory(kit: TokenKit) -> dict[str, Measure]:
    """Nanoseconds of a call; the reference looks into a dict and at the clock, in one function."""
    from authlib.integrations.requests_client import OAuth2Session
    from google.oauth2.credentials import Credentials

    tokens = {"google": ("token", time.time() + 3600)}

    def reference() -> str:
        value, until = tokens["google"]
        if time.time() < until:
            return value
        raise KeyError

    authlib = OAuth2Session(token={"access_token": "token", "expires_at": int(time.time()) + 3600})
    google = Credentials("token")
    measured: Mapping[str, Callable[[], object]] = {
        "dict and clock": reference,
        "tokenkit": partial(kit.token, "google"),
        "Authlib": partial(authlib.ensure_active_token, authlib.token),
        "google-auth": lambda: google.token if google.valid else None,
    }
    return {name: partial(per_call, call) for name, call in measured.items()}


def per_call(call: Callable[[], object]) -> float:
    """Nanoseconds."""
    return timeit.timeit(call, number=CALLS) / CALLS * 1e9


def new_process(environ: Mapping[str, str]) -> dict[str, Measure]:
    """Milliseconds of CPU, by the kernel's count. Of the peers, the import alone: printing a token comes on top."""
    program = os.path.join(os.path.dirname(sys.executable), "tokenkit")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "tokenkit token": [program, "token", "google"],
        "import google.oauth2.credentials": [sys.executable, "-c", "import google.oauth2.credentials"],
        "import msal": [sys.executable, "-c", "import msal"],
        "import spotipy": [sys.executable, "-c", "import spotipy"],
        "import authlib": [sys.executable, "-c", "import authlib.integrations.requests_client"],
    }
    return {name: partial(cpu, command, environ) for name, command in commands.items()}


def audit_of_many(environ: Mapping[str, str]) -> dict[str, Measure]:
    """Milliseconds of CPU; the reference opens every record, and no more."""
    kit = TokenKit(providers=providers("http://127.0.0.1:1"), environ=environ)
    store, ring = kit.records.store, kit.records.ring
    assert isinstance(store, FileStore)
    (account,) = kit.accounts()
    grant = kit.records.get(account).grant
    for number in range(ACCOUNTS - 1):
        name = grant_name(account._replace(name=f"{number}@example.com"))
        sealed = ring.seal_record(name, grant_to_bytes(grant.renewed(refresh_token=Secret(f"refresh-{number}"))))
        with open(store.path(name), "xb", opener=partial(os.open, mode=0o600)) as file:
            file.write(sealed)
    return {
        "open every record": partial(busy, lambda: [kit.records.load(each) for each in kit.accounts()]),
        "tokenkit audit": partial(busy, lambda: audit(Scene(kit, home=environ["HOME"]))),
    }


def busy(call: Callable[[], object]) -> float:
    """Milliseconds of CPU that a call took in this process."""
    began = time.process_time()
    call()
    return (time.process_time() - began) * 1e3


def cpu(command: list[str], environ: Mapping[str, str]) -> float:
    """Milliseconds of CPU that a command took; it must succeed."""
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return (usage.ru_utime + usage.ru_stime) * 1e3


def show(title: str, unit: str, measures: Mapping[str, Measure], *, rounds: int = ROUNDS) -> None:
    """Run the rounds and print the medians, their spread, and how they stand to the first."""
    results: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            results[name].append(measure())
    medians = {name: statistics.median(values) for name, values in results.items()}
    reference = next(iter(medians.values()))
    print(f"\n## {title}\n\n| | {unit} | quartiles | ratio |\n|---|---|---|---|")
    for name, median in medians.items():
        low, _, high = statistics.quantiles(results[name], n=4)
        print(f"| {name} | {median:,.0f} | {low:,.0f} to {high:,.0f} | {median / reference:.1f} |")


if __name__ == "__main__":
    main()
