"""The entry points of the installed packages are read once, and again when a package comes or goes."""

import os
import sys
from importlib import metadata
from pathlib import Path

import pytest
from tokenkit.packages import entry_points


def install(folder: Path, name: str, moment: int) -> None:
    """Put a package with one provider into `folder`, at that time in nanoseconds."""
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(f"[tokenkit.providers]\n{name} = {name}:provider\n")
    os.utime(folder, ns=(moment, moment))


def test_entry_points_are_read_once_until_a_package_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("google", "acme"):
        install(tmp_path, name, 1)
    read = metadata.entry_points
    times = []
    monkeypatch.setattr(metadata, "entry_points", lambda: times.append(1) or read())
    ours = [folder for folder in sys.path if folder.startswith(sys.base_prefix)]  # nobody writes there meanwhile
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "not there"), *ours])
    for _ in range(3):
        assert {"acme", "google"} <= entry_points("tokenkit.providers").names
        assert "later" not in entry_points("tokenkit.providers").names
    assert len(times) == 1
    install(tmp_path, "later", 2)
    assert "later" in entry_points("tokenkit.providers").names
    assert len(times) == 2
