"""The page towards Telegram: what a person sends is in the chat once, grouped and in order, whatever goes wrong."""

import hashlib
import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.inputs import clip, packed, photo
from tests.installation import states
from tests.kept import encode
from tests.store_desk import names, photos
from tests.telegram_desk import Desk
from tests.telegram_desk import desk as desk_of
from transload.model import ItemState, JobState
from transload.sandbox.faults import Fault, read_fault

pytestmark = pytest.mark.anyio
SENT = ItemState.SENT
PLAYS = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart")
SILENT = (
    "-map",
    "0:v",
    "-c:v",
    "libx264",
    "-pix_fmt",
    "yuv420p",
    "-movflags",
    "+faststart",
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(tmp_path) as made:
        yield made


async def test_a_hundred_and_twenty_photos_are_twelve_albums_in_order(
    desk: Desk, tmp_path: Path
) -> None:
    report = await desk.send(photos(tmp_path, 120))
    assert set(states(report).values()) == {SENT}
    assert (desk.sizes, desk.posted) == ([10] * 12, names(120))
    assert desk.count("messages.sendMultiMedia") == 12
    assert desk.count("messages.uploadMedia") == desk.count("upload.saveFilePart") == 120
    links = [one.outputs[0].reference for one in report.items]
    assert links == [f"https://t.me/family/{n + 1}" for n in range(120)]


async def test_photos_films_and_files_arrive_as_what_they_are(desk: Desk, tmp_path: Path) -> None:
    film, silent = clip(tmp_path / "f.mp4", words=PLAYS), clip(tmp_path / "s.mp4", words=SILENT)
    entries = {
        "a.jpg": photo(1),
        "film.mp4": film.read_bytes(),
        "silent.mp4": silent.read_bytes(),
        "b.png": photo(2, kind="PNG"),
        "notes.txt": b"words",
    }
    report = await desk.send(packed(tmp_path / "a.zip", entries), files="all")
    assert set(states(report).values()) == {SENT}
    read = await desk.read()
    assert [bool(one.photo) for one in read] == [False, True, True, False, False]
    videos = [one for one in read if one.video]
    assert [one.file.name for one in videos] == ["film.mp4", "silent.mp4"]
    for one in videos:
        assert (one.file.width, one.file.height) == (128, 96)
        assert one.gif is None
        assert one.video.thumbs
    assert [round(one.file.duration, 1) for one in videos] == [1.0, 1.0]
    assert len({one.grouped_id for one in videos}) == 1
    files = [one for one in read if one.document and not one.video]
    assert [one.file.name for one in files] == ["notes.txt"]


async def test_a_lost_answer_is_asked_for_and_nothing_is_posted_twice(
    desk: Desk, tmp_path: Path
) -> None:
    desk.faults.plan(
        Fault("messages.sendMultiMedia", "answer_then_drop", times=2),
        Fault("messages.uploadMedia", "answer_then_drop", skip=3),
        Fault("upload.saveFilePart", "drop", skip=12),
    )
    report = await desk.send(photos(tmp_path, 30))
    assert set(states(report).values()) == {SENT}
    assert (desk.sizes, desk.posted) == ([10] * 3, names(30))


async def test_one_bad_of_ten_is_found_by_its_own_staging(desk: Desk, tmp_path: Path) -> None:
    desk.faults.plan(read_fault("messages.uploadMedia:PHOTO_INVALID_DIMENSIONS:skip=4"))
    report = await desk.send(photos(tmp_path, 10))
    assert sorted(desk.posted) == names(10)
    assert report.job.state is JobState.SUCCEEDED
    assert [one.item.recovered for one in report.items].count(True) == 1


async def test_a_large_file_goes_straight_from_the_archive(desk: Desk, tmp_path: Path) -> None:
    body = random.Random(3).randbytes(11 << 20)
    source = packed(tmp_path / "a.zip", {"large.bin": body, "small.bin": body[:600_000]})
    report = await desk.send(source, files="all", recipe="original")
    assert set(states(report).values()) == {SENT}
    assert report.job.peak_scratch_bytes == 0
    assert desk.sums == [one.outputs[0].sha256 for one in report.items]


def song(folder: Path) -> Path:
    """An MP3 with tags and a cover."""
    cover = folder / "cover.jpg"
    cover.write_bytes(photo(7, (300, 300)))
    sound = ["-f", "lavfi", "-i", "sine=440:d=2", "-i", str(cover), "-map", "0", "-map", "1"]
    words = ["-c:a", "libmp3lame", "-c:v", "copy", "-disposition:v", "attached_pic"]
    tags = ["-metadata", "title=A Song", "-metadata", "artist=Somebody"]
    return encode(folder / "song.mp3", (*sound, *words, *tags))


async def test_audio_has_its_title_performer_and_cover(desk: Desk, tmp_path: Path) -> None:
    body = song(tmp_path).read_bytes()
    await desk.send(packed(tmp_path / "a.zip", {"song.mp3": body}))
    (one,) = await desk.read()
    assert (one.file.title, one.file.performer, one.file.duration) == ("A Song", "Somebody", 2)
    assert one.document.thumbs
    assert desk.sums == [hashlib.sha256(body).hexdigest()]


async def test_an_animation_is_looped_and_stands_alone(desk: Desk, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=200)
    await desk.send(packed(tmp_path / "a.zip", {"a.gif": out.getvalue(), "b.jpg": photo(1)}))
    moving = [one for one in await desk.read() if one.gif]
    assert [one.file.name for one in moving] == ["a.mp4"]
    assert desk.sizes == [1, 1]


async def test_one_bad_of_an_album_is_kept_with_telegrams_reason(
    desk: Desk, tmp_path: Path
) -> None:
    for request in ("messages.sendMultiMedia", "messages.sendMedia"):
        bad = Fault(request, error="MEDIA_INVALID", code=400, about="004.jpg", times=99)
        desk.faults.plan(bad)
    report = await desk.send(photos(tmp_path, 10))
    assert desk.posted == [name for name in names(10) if name != "004.jpg"]
    lost = report.items[4].item
    assert (lost.state, report.job.state) == (ItemState.QUARANTINED, JobState.PARTIAL)
    assert lost.fault is not None
    assert "MEDIA_INVALID" in lost.fault.detail
    assert len({file for file, _, _ in desk.faults.parts}) == 11, (
        "ten, and what it was recovered as"
    )
