"""The demo's sample: every format and trap it promises is in it, and it is built once."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
ENDINGS = {"jpg", "png", "webp", "tif", "bmp", "heic", "mp4", "mkv", "avi", "wmv", "nfo", "db"}


def build(target: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_sample.py"), str(target)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample archive, built once for this module."""
    target = tmp_path_factory.mktemp("demo") / "sample.zip"
    build(target)
    return target


def test_every_format_and_the_junk_are_in_it(sample: Path) -> None:
    with zipfile.ZipFile(sample) as archive:
        names = archive.namelist()
    assert {name.rpartition(".")[2].lower() for name in names} >= ENDINGS
    assert any(name.endswith(".DS_Store") for name in names)
    assert any(not name.isascii() for name in names)
    assert len(set(names)) == len(names)


def test_one_photo_is_turned_and_one_is_cut_short(sample: Path) -> None:
    with zipfile.ZipFile(sample) as archive:
        turned = Image.open(io.BytesIO(archive.read("Summer/upright.jpg")))
        broken = Image.open(io.BytesIO(archive.read("Summer/broken.jpg")))
        assert turned.getexif()[0x0112] == 6
        with pytest.raises(OSError, match="truncated"):
            broken.load()


def test_a_sample_that_is_there_is_kept(sample: Path) -> None:
    before = sample.stat().st_mtime_ns
    build(sample)
    assert sample.stat().st_mtime_ns == before
    assert [path.name for path in sample.parent.iterdir()] == ["sample.zip"]
