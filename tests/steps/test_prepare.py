"""A conversion is a shipment, or the outcome that says why not."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home, Picky, finished
from tests.media.samples import jpeg_bytes
from tests.media.song_makers import song_with_cover
from transload.blob import LocalBlob
from transload.config import Settings
from transload.facts import FileFacts
from transload.model import (
    Facts,
    Held,
    Item,
    ItemKind,
    ItemState,
    Job,
    JobState,
    Judgement,
    Recipe,
    Verdict,
)
from transload.plans import Converted, Looks, OutputFile, UntouchedPlan
from transload.steps.prepare import UNTOUCHED, Judged, as_it_is, disk_need, parcels_of

pytestmark = pytest.mark.anyio


async def test_a_converted_file_is_delivered_with_its_original(tmp_path: Path) -> None:
    film = inputs.clip(tmp_path / "film.avi")
    report = await Home(tmp_path).send(film)
    (record,) = report.items
    assert [Path(output.reference).suffix for output in record.outputs] == [".mp4", ".avi"]
    assert record.item.verdict == "transcode"
    assert report.totals.deferred == 1
    assert (tmp_path / "library" / record.outputs[1].reference).read_bytes() == film.read_bytes()


@pytest.mark.parametrize(
    ("verdict", "shape", "need"),
    [
        (Verdict.REWRAP, (None, None, None), 1_050_000),
        (Verdict.TRANSCODE, (None, None, None), 2_100_000),
        (Verdict.TRANSCODE, (100, 100, 10.0), 63_000),
        (Verdict.TRANSCODE, (1920, 1080, 600.0), 2_100_000),
    ],
)
async def test_what_a_conversion_needs_on_the_disk(
    verdict: Verdict, shape: tuple[int | None, int | None, float | None], need: int
) -> None:
    width, height, duration_s = shape
    judgement = Judgement(
        ItemKind.VIDEO, verdict, "", width=width, height=height, duration_s=duration_s
    )
    assert disk_need(judgement, 1_000_000) == need


async def test_a_failing_encoder_keeps_the_original_with_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    film = inputs.clip(tmp_path / "film.avi")
    home = Home(tmp_path, Settings(min_free_bytes=0, ffmpeg=broken))
    report = await home.send(film)
    (record,) = report.items
    assert record.item.state in ("failed", "quarantined")
    assert record.item.fault is not None
    assert record.item.fault.kind in ("tool.ffmpeg", "convert.failed")
    assert home.delivered() == {}
    assert home.left_behind() == []


MP4 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "10", "-c:a", "aac")


def of_size(home: Home, limit_bytes: int) -> Picky:
    picky = Picky(home.library)
    picky.limit_bytes = limit_bytes
    return picky


async def test_a_film_too_large_arrives_in_numbered_files(tmp_path: Path) -> None:
    words = (*MP4, "-movflags", "+faststart")
    film = inputs.clip(tmp_path / "my film.mp4", seconds=12, words=words)
    home = Home(tmp_path)
    picky = of_size(home, film.stat().st_size * 2 // 5)
    async with home.open(picky) as app:
        report = await finished(app, film, to="picky:", recipe=Recipe.TELEGRAM)
        again = await finished(app, film, to="picky:", recipe=Recipe.TELEGRAM)
    (record,) = report.items
    names = [f"my film ({n} of 3).mp4" for n in (1, 2, 3)]
    assert [Path(output.reference).name for output in record.outputs] == names
    assert [path.rpartition("/")[2] for path in home.delivered()] == names
    assert all(output.size_bytes <= (picky.limit_bytes or 0) for output in record.outputs)
    assert "in 3 files" in record.item.why
    assert record.gave_way
    assert again.job.id == report.job.id
    assert len(picky.batches) == 1
    assert home.left_behind() == []


@pytest.mark.parametrize(("name", "words"), [("a.avi", ()), ("a.mkv", MP4)])
async def test_what_is_converted_is_split_too(
    tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    film = inputs.clip(tmp_path / name, seconds=24, words=words)
    home = Home(tmp_path)
    calm = await home.send(film, recipe=Recipe.TELEGRAM, again=True)
    (whole,) = calm.items[0].outputs
    picky = of_size(home, whole.size_bytes * 3 // 4)
    async with home.open(picky) as app:
        (record,) = (await finished(app, film, to="picky:", recipe=Recipe.TELEGRAM)).items
    assert [Path(output.reference).name for output in record.outputs] == [
        "a (1 of 2).mp4",
        "a (2 of 2).mp4",
    ]
    assert record.item.state == "sent"
    assert home.left_behind() == []


@pytest.mark.parametrize("recipe", [Recipe.TELEGRAM, Recipe.ORIGINAL])
async def test_a_photo_too_large_is_kept_with_the_reason(tmp_path: Path, recipe: Recipe) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(inputs.photo(1))
    home = Home(tmp_path)
    async with home.open(of_size(home, 1000)) as app:
        report = await finished(app, photo, to="picky:", recipe=recipe)
        (kept,) = await app.quarantined()
    (record,) = report.items
    assert record.item.state == "quarantined"
    assert record.item.fault is not None
    assert record.item.fault.kind == kept.reason.kind == "dest.too_big"
    assert kept.path is not None
    assert kept.path.read_bytes() == photo.read_bytes()
    assert home.delivered() == {}


async def test_an_original_too_large_stays_behind_and_is_named(tmp_path: Path) -> None:
    photo = tmp_path / "photo.bmp"
    photo.write_bytes(inputs.photo(1, kind="BMP"))
    home = Home(tmp_path)
    async with home.open(of_size(home, 20_000)) as app:
        (record,) = (await finished(app, photo, to="picky:", recipe=Recipe.PLAYABLE)).items
    assert [Path(output.reference).suffix for output in record.outputs] == [".jpg"]
    assert "original is too large" in record.item.why
    assert not record.gave_way


HELD = Held(Path("/s/1.in"), 10, 1, "aa")
MADE = Converted(Path("/s/1.out/a.mp4"), 7, "bb")
COPY = Judgement(ItemKind.VIDEO, Verdict.REWRAP, "copied")
REWRAP = Judgement(ItemKind.VIDEO, Verdict.REWRAP, "copied", suffix=".mp4")


def item(n: int = 1, sha: str = "aa") -> Item:
    return Item(n, "j", n, f"in/{n}.mkv", 10, ItemState.PENDING, sha256=sha, mtime_ms=5)


def job(recipe: Recipe, originals: str = "keep") -> Job:
    return Job("j", "/a", "library:/o", recipe, "a", JobState.RUNNING, originals=originals)  # type: ignore[arg-type]


def test_untouched_bytes_keep_name_hash_and_time() -> None:
    (parcel,) = as_it_is(item(), HELD, Judged(UNTOUCHED)).parcels
    assert (parcel.blob, parcel.name, parcel.sha256, parcel.mtime_ms) == (
        LocalBlob(HELD.path),
        "in/1.mkv",
        "aa",
        5,
    )


@pytest.mark.parametrize(("kind", "is_pictured"), [(ItemKind.VIDEO, True), (ItemKind.AUDIO, False)])
def test_untouched_media_look_as_they_were_probed(kind: ItemKind, *, is_pictured: bool) -> None:
    """The cover of audio goes to players; a gallery has no picture of audio."""
    found = FileFacts(width=640, height=360, duration_s=9.0, title="Sea", performer="Wind")
    partial = replace(UNTOUCHED, kind=kind, duration_s=4.0)
    shipment = as_it_is(item(), HELD, Judged(partial, b"jpeg", Facts(kind, found)))
    assert shipment.parcels[0].looks == Looks(640, 360, 4.0, "Sea", "Wind", b"jpeg")
    assert (shipment.thumb is not None) == is_pictured


def test_what_is_made_has_its_own_looks_and_the_original_beside_it_none() -> None:
    first, second = Looks(64, 48, 5.0, thumb=b"1"), Looks(64, 48, 4.0, thumb=b"2")
    rest = (OutputFile(Path("/s/1.out/b.mp4"), 6, "cc", second),)
    made = replace(MADE, looks=first, rest=rest)
    parcels = parcels_of(job(Recipe.PLAYABLE), item(), HELD, made, COPY)
    assert [parcel.looks for parcel in parcels] == [first, second, None]


async def test_a_song_with_a_cover_is_a_row_of_the_gallery_without_a_picture(
    tmp_path: Path,
) -> None:
    song = song_with_cover(tmp_path / "song.mp3", jpeg_bytes())
    home = Home(tmp_path)
    (record,) = (await home.send(song)).items
    (page,) = home.library.rglob("gallery.html")
    text = page.read_text(encoding="utf-8")
    assert (record.item.kind, record.item.state) == (ItemKind.AUDIO, ItemState.SENT)
    assert "song.mp3" in text
    assert "data:image/jpeg" not in text
    assert not list(home.library.rglob(".gallery/*"))


def test_only_playable_keeps_the_original_beside_the_copy() -> None:
    both = parcels_of(job(Recipe.PLAYABLE), item(), HELD, MADE, COPY)
    assert [parcel.name for parcel in both] == ["in/1.mkv", "originals/in/1.mkv"]
    assert [parcel.sha256 for parcel in both] == ["bb", "aa"]
    assert len(parcels_of(job(Recipe.PLAYABLE, "drop"), item(), HELD, MADE, COPY)) == 1
    assert len(parcels_of(job(Recipe.TELEGRAM), item(), HELD, MADE, COPY)) == 1


def test_an_original_that_holds_more_goes_beside_its_copy_in_every_recipe() -> None:
    more = replace(COPY, plan=UntouchedPlan(original="beside"))
    both = parcels_of(job(Recipe.TELEGRAM), item(), HELD, MADE, more)
    assert [parcel.sha256 for parcel in both] == ["bb", "aa"]
    assert len(parcels_of(job(Recipe.TELEGRAM, "drop"), item(), HELD, MADE, more)) == 1
