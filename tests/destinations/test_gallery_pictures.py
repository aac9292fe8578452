"""Small pictures beside a page."""

from pathlib import Path

import pytest

from transload.destinations.delivery import TEMP_FOLDER
from transload.destinations.gallery_pictures import Pictures, key_of, path_of
from transload.errors import RejectedError

KEY = "ab0123456789cdef"
JPEG = b"\xff\xd8small\xff\xd9"


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    (tmp_path / "trip").mkdir()
    return Pictures(tmp_path, "trip", "01JOB")


def test_a_picture_is_named_by_the_content_it_shows() -> None:
    assert path_of(key_of(KEY * 4)) == ".gallery/ab/0123456789cdef.jpg"


def test_a_picture_is_whole_or_not_there(pictures: Pictures, tmp_path: Path) -> None:
    assert pictures.size(KEY) == 0
    pictures.keep(KEY, JPEG)
    assert (pictures.size(KEY), pictures.read(KEY)) == (len(JPEG), JPEG)
    assert list((tmp_path / TEMP_FOLDER).iterdir()) == []
    (tmp_path / "trip" / path_of(KEY)).write_bytes(JPEG[:-2])
    assert pictures.size(KEY) == 0
    pictures.keep(KEY, JPEG)
    assert pictures.size(KEY) == len(JPEG)


def test_only_own_pictures_are_swept(pictures: Pictures, tmp_path: Path) -> None:
    other = "cd" + KEY[2:]
    for key in (KEY, other):
        pictures.keep(key, JPEG)
    foreign = tmp_path / "trip" / ".gallery" / "ab" / "mine.jpg"
    foreign.write_bytes(b"x")
    pictures.sweep({other})
    assert (pictures.size(KEY), pictures.size(other)) == (0, len(JPEG))
    pictures.sweep(())
    assert [path.name for path in (tmp_path / "trip").rglob("*.jpg")] == ["mine.jpg"]
    foreign.unlink()
    pictures.sweep(())
    assert list((tmp_path / "trip").iterdir()) == []


@pytest.mark.parametrize("where", [".gallery", ".gallery/ab"])
def test_links_are_not_followed(pictures: Pictures, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    (outside / "ab").mkdir(parents=True)
    (outside / "ab" / "0123456789cdef.jpg").write_bytes(JPEG)
    link = tmp_path / "trip" / where
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside if where == ".gallery" else outside / "ab")
    assert pictures.size(KEY) == 0
    pictures.sweep(())
    with pytest.raises(RejectedError):
        pictures.keep(KEY, JPEG)
    assert (outside / "ab" / "0123456789cdef.jpg").exists()


def test_a_picture_that_is_a_link_is_none(pictures: Pictures, tmp_path: Path) -> None:
    pictures.keep(KEY, JPEG)
    path = tmp_path / "trip" / path_of(KEY)
    path.rename(tmp_path / "elsewhere.jpg")
    path.symlink_to(tmp_path / "elsewhere.jpg")
    assert pictures.size(KEY) == 0
