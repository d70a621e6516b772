"""`make check` lets pyright look at each file for which its answer may have changed, and at no other."""

from pathlib import Path

import pytest

import changed_types

CODE = {
    "__init__.py": "from house.door import Door\n",
    "door.py": "from house import key\n",
    "key.py": "import os\n",
    "roof.py": "def late():\n    import house.door\n",
    "visitor.py": "from house import Door\n",
    "wall.py": "from house.nothing import missing\n",
}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "house"
    folder.mkdir()
    for name, text in CODE.items():
        (folder / name).write_text(text)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(changed_types, "TOP", tmp_path)
    monkeypatch.setattr(changed_types, "FOLDERS", {"house": folder})
    return folder


def changed(house: Path, name: str, text: str) -> set[str]:
    before = changed_types.states()
    (house / name).write_text(text)
    after = changed_types.states()
    return {Path(file).name for file in after if before.get(file) != after[file]}


@pytest.mark.parametrize(
    ("name", "looked_at"),
    [
        ("wall.py", {"wall.py"}),
        ("door.py", {"door.py", "roof.py", "__init__.py", "visitor.py"}),
        ("key.py", {"key.py", "door.py", "roof.py", "__init__.py", "visitor.py"}),
    ],
)
def test_a_change_is_looked_at_wherever_it_is_imported(name: str, looked_at: set[str], house: Path) -> None:
    """Through any number of modules, inside a function, and by a name that a package hands on."""
    assert changed(house, name, f"{CODE[name]}x = 1\n") == looked_at


def test_a_module_that_was_missing_changes_what_imports_it(house: Path) -> None:
    assert changed(house, "nothing.py", "missing = 1\n") == {"nothing.py", "wall.py"}


def test_other_settings_change_all(house: Path) -> None:
    assert changed(house, "../pyproject.toml", "[tool.pyright]\n") == {*CODE}


def test_nothing_is_looked_at_twice(house: Path) -> None:
    assert changed(house, "key.py", CODE["key.py"]) == set()
