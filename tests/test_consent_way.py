"""How this machine lets a person be asked (R25)."""

from pathlib import Path

import pytest
from tokenkit.consent import way_to_ask

DESKTOP = {"DISPLAY": ":0"}


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A file system without a container's marks."""
    return str(tmp_path)


@pytest.mark.parametrize(
    ("environ", "platform"),
    [
        (DESKTOP, "linux"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux"),
        ({"DISPLAY": ":0", "CI": "false"}, "linux"),
        ({}, "darwin"),
        ({}, "win32"),
    ],
)
def test_a_desktop_is_asked_in_the_browser(environ: dict[str, str], platform: str, bare: str) -> None:
    assert way_to_ask(environ, platform, bare) == "browser"


@pytest.mark.parametrize(
    "mark",
    [
        {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"},
        {"SSH_TTY": "/dev/pts/0"},
        {"CI": "true"},
        {"container": "podman"},
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
    ],
)
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_ssh_ci_and_containers_are_asked_by_a_pasted_url_even_with_a_display(
    mark: dict[str, str], platform: str, bare: str
) -> None:
    assert way_to_ask({**DESKTOP, **mark}, platform, bare) == "paste"


def test_linux_without_a_display_is_asked_by_a_pasted_url(bare: str) -> None:
    assert way_to_ask({}, "linux", bare) == "paste"


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_a_container_is_known_by_the_file_that_its_runtime_leaves(mark: str, tmp_path: Path) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert way_to_ask(DESKTOP, "linux", str(tmp_path)) == "paste"


@pytest.mark.parametrize(
    ("groups", "expected"),
    [("0::/docker/4f2a\n", "paste"), ("1:name=systemd:/kubepods/pod1\n", "paste"), ("0::/init.scope\n", "browser")],
)
def test_a_container_is_known_by_its_control_group(groups: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/cgroup").write_text(groups)
    assert way_to_ask(DESKTOP, "linux", str(tmp_path)) == expected
