"""What a person reads when a job has ended."""

from collections.abc import Sequence
from dataclasses import replace

from transload.faults import Fault
from transload.model import Item, ItemRecord, ItemState, Job, JobState, Recipe, Totals, Verdict
from transload.present.summary import NAMED_MAX, Summary, Tally

ENDED = Job(
    "01J",
    "s",
    "library:/lib",
    Recipe.PLAYABLE,
    "photos.zip",
    JobState.PARTIAL,
    folder="photos",
    started_ms=1_000,
    finished_ms=11_000,
    bytes_sent=20 << 20,
)


def record(
    index: int,
    state: ItemState,
    *,
    verdict: Verdict | None = None,
    why: str = "",
    fault: Fault | None = None,
) -> ItemRecord:
    """An item in a state."""
    name = f"trip/{index}.jpg"
    item = Item(index, "01J", index, name, 5, state, verdict=verdict, why=why, fault=fault)
    return ItemRecord(item, ())


def summary(job: Job, totals: Totals, counts: Tally, warnings: Sequence[str] = ()) -> list[str]:
    """The lines of a job that has ended."""
    return Summary(job, totals, counts, [*warnings], "transload jobs 01J").lines()


def tallied(*records: ItemRecord) -> Tally:
    """The counts over some items."""
    counts = Tally()
    for one in records:
        counts.add(one)
    return counts


def test_everything_a_person_asks_is_answered() -> None:
    counts = tallied(
        record(0, ItemState.SENT, verdict=Verdict.AS_IS),
        record(1, ItemState.SENT, verdict=Verdict.TRANSCODE),
        record(2, ItemState.SKIPPED, why="a link"),
        record(3, ItemState.QUARANTINED, fault=Fault("input.corrupt", "the CRC is wrong")),
    )
    totals = Totals(entries=4, sent=2, skipped=1, quarantined=1, albums=1)
    text = "\n".join(summary(ENDED, totals, counts, ["half of it"]))
    assert "photos.zip -> library:/lib: partial after 10 s" in text
    assert "2 of 4 items in 1 album, 20 MiB (2 MiB/s)" in text
    assert "converted   1 video" in text
    assert "1 a link" in text
    assert "trip/3.jpg: the CRC is wrong" in text
    assert "next: Get the file again" in text
    assert "half of it" in text
    assert "gallery" not in text
    page = Summary(ENDED, totals, counts, [], "more", "/lib/photos/gallery.html").lines()
    assert page[-1] == "  gallery     /lib/photos/gallery.html"


def test_one_photo_is_no_photos() -> None:
    one = record(0, ItemState.SENT, verdict=Verdict.SHRINK)
    lines = summary(ENDED, Totals(entries=1, sent=1), tallied(one))
    assert "  converted   1 photo" in lines
    lines = summary(ENDED, Totals(entries=2, sent=2), tallied(one, one))
    assert "  converted   2 photos" in lines


def test_what_was_all_done_before_is_not_delivered_again() -> None:
    counts = tallied(*(record(n, ItemState.SENT) for n in range(25)))
    totals = Totals(entries=28, sent=25, skipped=3)
    lines = Summary(ENDED, totals, counts, [], "transload jobs 01J").lines_again()
    assert lines[0] == "photos.zip -> library:/lib: nothing was sent, it was all done before"
    assert "25 of 28 items" in lines[1]
    assert not any("delivered" in line for line in lines)


def test_only_duplicates_are_nothing_new() -> None:
    totals = Totals(entries=3, duplicate=3)
    assert "  delivered   nothing new: 3 of 3 items were there" in summary(ENDED, totals, Tally())


def test_what_gave_way_is_counted_once_delivered() -> None:
    late = record(0, ItemState.SENT, verdict=Verdict.TRANSCODE)
    counts = tallied(replace(late, gave_way=True), replace(late, gave_way=True), late)
    text = "\n".join(summary(ENDED, Totals(entries=3, sent=3), counts))
    assert "gave way    2 videos to the deadline or a limit: transload jobs 01J" in text
    assert "gave way" not in "\n".join(summary(ENDED, Totals(), tallied(late)))


def test_what_was_cut_is_named_with_what_is_left_of_it() -> None:
    cut = record(0, ItemState.SENT, why="mp3 sound; 12.0 s of 20.0 s are there")
    one = replace(cut, item=replace(cut.item, partial=True))
    text = "\n".join(summary(ENDED, Totals(entries=2, sent=2), tallied(one, cut)))
    assert "damaged     1 delivered as far as they could be read" in text
    assert f"    {cut.item.name}: mp3 sound; 12.0 s of 20.0 s are there" in text
    many = tallied(*([one] * (NAMED_MAX + 3)))
    lines = summary(ENDED, Totals(entries=23, sent=23), many)
    assert sum("12.0 s of 20.0 s" in line for line in lines) == NAMED_MAX
    assert any("3 more: transload jobs 01J" in line for line in lines)


def test_many_lost_items_are_named_up_to_a_page() -> None:
    fault = Fault("input.corrupt", "bad")
    lost = [record(n, ItemState.FAILED, fault=fault) for n in range(NAMED_MAX + 5)]
    lines = summary(ENDED, Totals(entries=25, failed=25), tallied(*lost))
    assert sum("trip/" in line for line in lines) == NAMED_MAX
    assert any("5 more: transload jobs 01J" in line for line in lines)


def test_reasons_for_skipping_do_not_grow_with_the_archive() -> None:
    counts = tallied(*(record(n, ItemState.SKIPPED, why=f"reason {n}") for n in range(100)))
    assert len(counts.skipped) == 9
    assert counts.skipped["other reasons"] == 92


def test_a_fault_of_the_job_comes_with_its_next_step() -> None:
    failed = replace(
        ENDED, state=JobState.FAILED, fault=Fault("dest.denied", "/lib is\x1b[31m read-only")
    )
    text = "\n".join(summary(failed, Totals(), Tally()))
    assert "/lib is\ufffd[31m read-only" in text
    assert "next: Make the folder writable" in text
    quiet = Summary(failed, Totals(), Tally(), ["half of it"], "more").without_error().lines()
    assert not any("read-only" in line for line in quiet)
    assert "  warning     half of it" in quiet


def test_what_waits_for_a_password_is_counted_and_not_lost() -> None:
    fault = Fault("input.password_needed", "encrypted")
    counts = tallied(
        record(0, ItemState.PENDING, fault=fault),
        record(1, ItemState.PENDING, fault=fault),
        record(2, ItemState.PENDING),
    )
    text = "\n".join(summary(ENDED, Totals(entries=3), counts))
    assert "locked      2 items no password has opened yet" in text
    assert "not arrived" not in text
