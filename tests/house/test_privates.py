"""No private name of a foreign library is used, and each way of using one is noticed."""

import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

import transload
from tests.house.privates import modules_of, overridden, taken

SOURCE = Path(transload.__file__).parent


def test_no_class_overrides_or_touches_a_private_name_of_a_foreign_base() -> None:
    offences = [one for module in modules_of(transload) for one in overridden(module, "transload")]
    assert offences == []


def test_no_private_name_is_taken_from_elsewhere() -> None:
    assert taken(SOURCE, "transload") == []


def planted(name: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (folder / f"{name}.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return __import__(name)


@pytest.mark.parametrize(("text", "told"), [
    ("class A(Base):\n    def _planted(self): return 1\n", ["A: _planted of planted_foreign.Base"]),
    ("class A(Base):\n    def public(self): return self._planted()\n", ["A: _planted of planted_foreign.Base"]),
    ("class A(Base):\n    def __init__(self): self._kept = 1\n", ["A: _kept of planted_foreign.Base"]),
    ("class A(Base):\n    def _own(self): return self._own()\n    def __repr__(self): return ''\n", []),
])  # fmt: skip
def test_a_planted_class_is_noticed(
    text: str, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = "class Base:\n    _kept = 0\n    def _planted(self): return 0\n"
    planted("planted_foreign", foreign, tmp_path, monkeypatch)
    module = planted(
        "planted_own", f"from planted_foreign import Base\n{text}", tmp_path, monkeypatch
    )
    assert overridden(module, "planted_own") == [f"planted_own.{one}" for one in told]


def test_what_newer_pythons_call_of_tarfile_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = next(
        name for name in vars(tarfile.TarInfo) if name.startswith("_") and name[1] != "_"
    )
    text = f"import tarfile\nclass A(tarfile.TarInfo):\n    {private} = None\n"
    module = planted("planted_tar", text, tmp_path, monkeypatch)
    assert overridden(module, "planted_tar") == [f"planted_tar.A: {private} of tarfile.TarInfo"]


@pytest.mark.parametrize(("text", "told"), [
    ("import tarfile\ntarfile._name\n", "a.py:2: tarfile._name"),
    ("from tarfile import _name\n", "a.py:1: tarfile: _name"),
    ("from foreign._inner import name\n", "a.py:1: foreign._inner: _inner"),
    ("import foreign._inner\n", "a.py:1: foreign._inner"),
    ("def act(job):\n    return job.thing._elsewhere\n", "a.py:2: job.thing._elsewhere"),
    ("import foreign\nclass A:\n    def _mine(self): ...\nforeign._mine\n", "a.py:4: foreign._mine"),
])  # fmt: skip
def test_a_planted_use_is_noticed(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text, "utf-8")
    assert taken(tmp_path, "own") == [told]


@pytest.mark.parametrize("text", [
    "import os\nos._exit(0)\n",
    "from own import _name\n",
    "class A:\n    def _mine(self): return self._mine().__class__\n",
    "class A:\n    def __init__(self): self._x = self._x\n",
])  # fmt: skip
def test_own_and_documented_names_are_free(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text, "utf-8")
    assert taken(tmp_path, "own") == []
