"""The gallery's pieces, parsed as a browser would."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.destinations.parcels import a_job
from transload.destinations import gallery_page as page
from transload.destinations.delivery import TEMP_FOLDER
from transload.destinations.gallery_page import Counts, Pictures, key_of, path_of
from transload.errors import RejectedError
from transload.faults import Fault
from transload.model import (
    Item,
    ItemKind,
    ItemRecord,
    ItemState,
    Judgement,
    Output,
    Verdict,
)

EVIL = '</style><script>alert(1)</script>"><img src=x onerror=y>\u202e\ud800.jpg'


class Seen(HTMLParser):
    """Tags, attributes and text of a piece."""

    def __init__(self, piece: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.said = ""
        self.feed(piece)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.said += data


def a_record(
    state: ItemState = ItemState.SENT, name: str = "in/a.heic", **more: object
) -> ItemRecord:
    judgement = Judgement(ItemKind.VIDEO, Verdict.TRANSCODE, "WMV", duration_s=61)
    item = Item(1, "J", 0, name, 1, state, judgement=judgement, **more)  # type: ignore[arg-type]
    return ItemRecord(
        item, (Output("trip/in/a b.jpg", 1500, ""), Output("trip/originals/a.heic", 9, ""))
    )


@pytest.mark.parametrize("state", [ItemState.SENT, ItemState.FAILED])
def test_no_name_becomes_markup(state: ItemState) -> None:
    record = a_record(state, EVIL, why=EVIL, kind=ItemKind.PHOTO, verdict=Verdict.SHRINK)
    pieces = page.tile(record, "trip", None) + page.lost_row(record) + page.skipped_row(record)
    seen = Seen(pieces + page.duplicate_row(record, "trip"))
    assert not {"script", "img", "style"} & set(seen.tags)
    assert not any(name.startswith("on") for name, _ in seen.attributes)
    assert "<script>alert(1)" in seen.said


def test_a_tile_says_what_it_is_and_what_was_done() -> None:
    record = a_record(
        kind=ItemKind.VIDEO, verdict=Verdict.TRANSCODE, why="browsers do not play WMV", partial=True
    )
    seen = Seen(page.tile(record, "trip", page.data_uri(b"\xff\xd8")))
    assert ("href", "in/a%20b.jpg") in seen.attributes
    assert ("href", "originals/a.heic") in seen.attributes
    assert ("loading", "lazy") in seen.attributes
    assert ("alt", "video a.heic") in seen.attributes
    assert ("src", "data:image/jpeg;base64,/9g=") in seen.attributes
    for said in (
        "1:01",
        "converted",
        "incomplete",
        "Video converted: browsers do not play WMV",
        "a.heic",
    ):
        assert said in seen.said


def test_a_tile_says_why_it_may_not_be_whole() -> None:
    doubted = a_record(
        verdict=Verdict.AS_IS, why="its sum was wrong after it was sent", partial=True
    )
    assert "its sum was wrong after it was sent" in page.tile(doubted, "trip", None)
    assert "incomplete" in page.tile(doubted, "trip", None)
    sound = a_record(verdict=Verdict.AS_IS, why="JPEG 10 x 10")
    assert "JPEG 10 x 10" not in page.tile(sound, "trip", None)


def test_no_thumbnail_gives_a_placeholder() -> None:
    seen = Seen(page.tile(a_record(kind=ItemKind.PHOTO), "trip", None))
    assert "img" not in seen.tags
    assert "HEIC" in seen.said
    assert "no preview" in seen.said


def test_rows_know_their_place() -> None:
    sound, photo = a_record(kind=ItemKind.AUDIO), a_record(kind=ItemKind.PHOTO)
    lost = a_record(
        ItemState.FAILED, kind=ItemKind.AUDIO, fault=Fault("input.corrupt", "cut at `x`")
    )
    assert "1:01 · 1.5 kB" in page.file_row(sound, "trip")
    assert page.file_row(photo, "trip") == page.file_row(lost, "trip") == page.lost_row(sound) == ""
    assert "<b>Damaged.</b> cut at <code>x</code>" in page.lost_row(lost)
    assert "Get the file again" in page.lost_row(lost)


def test_folded_lists_count_what_they_leave_out() -> None:
    assert "and 1,500 more" in page.folded(
        "skipped", "Skipped", 1502, "", ["<li>a</li>", "<li>b</li>"]
    )
    assert "more" not in page.folded("skipped", "Skipped", 1, "", ["<li>a</li>"])


def test_head_forbids_scripts_and_network() -> None:
    seen = Seen(page.head(a_job(), Counts()))
    policies = [
        value
        for name, value in seen.attributes
        if name == "content" and value and "default-src" in value
    ]
    assert policies
    assert policies[0].startswith(
        "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'"
    )
    assert "http" not in page.head(a_job(), Counts()).replace("http-equiv", "")


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
