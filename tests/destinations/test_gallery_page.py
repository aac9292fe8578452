"""The gallery's pieces, parsed as a browser would."""

from html.parser import HTMLParser

import pytest

from tests.destinations.parcels import a_job
from transload.destinations import gallery_page as page
from transload.destinations.gallery_words import Counts
from transload.kinds import Fault
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
