"""The demo says where to look, and fails when the sample did not arrive."""

import zipfile
from pathlib import Path

import pytest

from scripts import show_demo
from tests import inputs


def shown(folder: Path, monkeypatch: pytest.MonkeyPatch, entries: dict[str, bytes]) -> int:
    """Exit status of the demo on an archive of its own."""
    monkeypatch.chdir(folder)
    (folder / "demo").mkdir()
    inputs.packed(folder / "demo" / "sample.zip", entries, zipfile.ZIP_STORED)
    with pytest.raises(SystemExit) as ended:
        show_demo.main()
    return int(ended.value.code or 0)


def test_a_sample_with_a_broken_picture_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    entries = {"a.jpg": inputs.photo(1), "broken.jpg": inputs.photo(2)[:300]}
    assert shown(tmp_path, monkeypatch, entries) == 0
    told = capfd.readouterr().out
    assert "exit status 3: partial" in told
    assert (tmp_path / "demo/library/sample/gallery.html").as_uri() in told


def test_a_sample_that_lost_nothing_is_not_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(tmp_path, monkeypatch, {"a.jpg": inputs.photo(1)}) == 1
