"""The page about a job's folder, as whole runs leave it."""

import re
from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from transload.destinations import gallery
from transload.model import JobState, Recipe

pytestmark = pytest.mark.anyio

PHOTOS = {f"in/{n}.jpg": inputs.photo(n) for n in range(25)}


def page_of(home: Home, folder: str = "a") -> str:
    return (home.library / folder / gallery.FILE_NAME).read_text("utf-8")


def tiles(text: str) -> tuple[list[str], int]:
    """The files that tiles link to, and how many of the tiles have a picture."""
    links = re.findall(r'<a class="shot" href="([^"]+)"', text)
    return sorted(links), text.count("<img")


async def test_the_page_after_a_cut_archive_and_the_whole_one_shows_all(tmp_path: Path) -> None:
    source, home = inputs.packed(tmp_path / "a.zip", PHOTOS), Home(tmp_path)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 3 // 4])
    first = await home.send(source)
    assert 0 < first.totals.sent < 25
    source.write_bytes(whole)
    second = await home.send(source)
    assert (second.totals.sent, second.totals.duplicate) == (
        25 - first.totals.sent,
        first.totals.sent,
    )
    text = page_of(home)
    assert tiles(text) == (sorted(PHOTOS), 25)
    assert "25 photos arrived" in text
    assert "Not delivered" not in text


async def test_a_picture_comes_back_where_it_lay_beside_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "INSIDE_MAX_BYTES", 0)
    source, home = inputs.packed(tmp_path / "a.zip", PHOTOS), Home(tmp_path)
    await home.send(source)
    first, *_ = (home.library / "a").glob(".gallery/*/*.jpg")
    first.unlink()
    inputs.packed(source, PHOTOS | {"in/new.jpg": inputs.photo(99)})
    await home.send(source)
    assert tiles(page_of(home)) == (sorted([*PHOTOS, "in/new.jpg"]), 26)
    shown = set(re.findall(r'src="([^"]+)"', page_of(home)))
    there = (home.library / "a").glob(".gallery/*/*.jpg")
    assert shown == {str(path.relative_to(home.library / "a")) for path in there}


async def test_what_was_lost_earlier_is_told_until_a_later_job_meets_it(tmp_path: Path) -> None:
    home, bad = Home(tmp_path), b"\xff\xd8no picture"
    source = inputs.packed(tmp_path / "a.zip", {"a.jpg": PHOTOS["in/0.jpg"], "b.jpg": bad})
    await home.send(source)
    inputs.packed(source, {"a.jpg": PHOTOS["in/1.jpg"]})
    await home.send(source)
    assert "b.jpg" in page_of(home).partition("Not delivered")[2]
    inputs.packed(source, {"b.jpg": PHOTOS["in/2.jpg"]})
    await home.send(source)
    assert "Not delivered" not in page_of(home)
    assert len(tiles(page_of(home))[0]) == 3


async def test_all_duplicates_of_another_folder_get_no_page(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.send(inputs.packed(tmp_path / "a.zip", PHOTOS))
    again = await home.send(inputs.packed(tmp_path / "b.zip", PHOTOS))
    assert (again.job.state, again.totals.duplicate) == (JobState.SUCCEEDED, 25)
    assert not (home.library / "b").exists()
    assert tiles(page_of(home)) == (sorted(PHOTOS), 25)


async def test_a_job_that_delivered_nothing_gets_no_page(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.send(inputs.packed(tmp_path / "a.zip", {"a.txt": b"words"}))
    await home.send(inputs.packed(tmp_path / "b.zip", {"b.jpg": b"\xff\xd8no picture"}))
    assert not list(home.library.rglob("gallery.html"))


async def test_originals_are_not_read_for_the_page(tmp_path: Path) -> None:
    home = Home(tmp_path)
    await home.send(inputs.packed(tmp_path / "a.zip", PHOTOS), recipe=Recipe.ORIGINAL)
    assert tiles(page_of(home)) == (sorted(PHOTOS), 0)
