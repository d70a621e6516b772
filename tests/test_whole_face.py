"""The file that uses every public name of the kits runs, and strict type checkers accept it."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tokenkit import AsyncTokenKit, TokenKit
from tokenkit.sandbox import CLIENTS, Authority, providers, serve

import whole_face

FILE = Path(whole_face.__file__)
API = "/google/gmail/v1/users/me/messages"


@pytest.fixture
def served(home):
    with serve(Authority()) as served:
        yield served


@pytest.mark.slow
def test_a_program_of_each_kind_runs(served):
    made = providers(served.base_url)
    kit = TokenKit(providers=made, clients=CLIENTS, background=False)
    whole_face.sync_face(kit, made["google"], served.authority.approve, served.base_url + API)
    whole_face.adopted(kit, made["google"])
    face = AsyncTokenKit(providers=made, clients=CLIENTS, background=False)
    asyncio.run(whole_face.async_face(face, served.authority.approve, served.base_url + API))


@pytest.mark.parametrize("kit", [TokenKit, AsyncTokenKit])
def test_every_public_method_is_used_there(kit):
    """What is added to the face must be added there."""
    text = FILE.read_text()
    names = [name for name, value in vars(kit).items() if callable(value) and not name.startswith("_")]
    used = set(re.findall(r"\bkit\.(\w+)", text))
    assert [name for name in names if name not in {*used, "login"}] == []  # a login asks a person
    assert len(names) > 10


@pytest.mark.slow
@pytest.mark.parametrize("checker", [["mypy", "--strict"], ["pyright"]], ids=["mypy", "pyright"])
def test_strict_type_checkers_accept_it(checker, tmp_path):
    """As a program of somebody else's: none of our own settings but `strict`."""
    pytest.importorskip(checker[0])
    copy = tmp_path / "program.py"
    copy.write_text(FILE.read_text())
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "include": ["program.py"]}')
    options = ["--pythonpath", sys.executable, "-p", str(tmp_path)] if checker[0] == "pyright" else [str(copy)]
    done = subprocess.run(
        [sys.executable, "-m", *checker, *options], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
