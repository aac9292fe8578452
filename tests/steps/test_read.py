"""Taking entries in: what is never unpacked, what is counted, how often a source is read."""

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import anyio
import pytest

from tests.archives.makers_7z import make_by_7zz
from tests.archives.makers_old import cpio_bytes
from tests.inputs import clip, packed, photo
from tests.installation import SMALL, Counting, Home, Picky, finished, state_told, states
from transload import flow
from transload.archives.records.cpio import Cpio
from transload.archives.records.reader import RecordReader
from transload.entry import Entry, Listing, ReadReport
from transload.events import ItemsMoved, Warned
from transload.flow import READ_AHEAD
from transload.model import ItemKind, ItemState, JobState, Outcome, Recipe, Shipment
from transload.ports import TaskContext
from transload.states import LEFT_OUT, OPENED
from transload.steps.judging import Found
from transload.steps.read import NOT_WANTED, PAGE, Sums
from transload.steps.staging import StagedEntry

pytestmark = pytest.mark.anyio
SENT, SKIPPED = ItemState.SENT, ItemState.SKIPPED


def tarred(path: Path, entries: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


async def test_what_is_left_out_is_told_and_not_read(tmp_path: Path) -> None:
    noise = {"in/.DS_Store": b"x", "in/notes.txt": b"words" * 9000, "out/b.jpg": photo(2)}
    source = packed(tmp_path / "a.zip", {"in/a.jpg": photo(1), **noise})
    report = await Home(tmp_path).send(source, include=["in/*"])
    assert states(report) == {
        "in/a.jpg": SENT,
        "in/.DS_Store": SKIPPED,
        "in/notes.txt": SKIPPED,
        "out/b.jpg": SKIPPED,
    }
    why = {one.item.name: one.item.why for one in report.items}
    assert why["in/.DS_Store"] == NOT_WANTED[ItemKind.JUNK]
    assert why["in/notes.txt"] == NOT_WANTED[ItemKind.DOCUMENT]
    assert why["out/b.jpg"] == LEFT_OUT
    assert report.totals.peak_scratch_bytes == len(
        photo(1)
    )  # the text was never written to scratch


@pytest.mark.parametrize("way", ["opening", "reading"])
async def test_a_fault_of_ours_in_one_archive_costs_that_archive_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A planted bug in the reader of cpio: in a folder, and in an archive."""

    def crash(*_words: object) -> Iterator[tuple[Entry, BinaryIO]]:
        raise ZeroDivisionError

    place: type = Cpio if way == "opening" else RecordReader
    monkeypatch.setattr(place, "head" if way == "opening" else "stream", crash)
    folder = tmp_path / "trip"
    folder.mkdir()
    inner = cpio_bytes({"in.jpg": photo(3)})
    (folder / "b.cpio").write_bytes(inner)
    (folder / "a.jpg").write_bytes(photo(1))
    packed(folder / "c.zip", {"1.cpio": inner, "2.jpg": photo(4)})
    (folder / "d.jpg").write_bytes(photo(2))
    home = Home(tmp_path)
    report = await home.send(folder)
    found = states(report)
    assert [found[name] for name in ("a.jpg", "c.zip/2.jpg", "d.jpg")] == [SENT] * 3
    lost = {one.item.name: one.item for one in report.items if one.item.fault is not None}
    assert {"b.cpio", "c.zip/1.cpio"} <= lost.keys()
    assert {item.fault.kind for item in lost.values() if item.fault} == {"internal.bug"}
    assert (lost["b.cpio"].state, report.job.state) == (ItemState.QUARANTINED, JobState.PARTIAL)


async def test_links_are_told_and_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "trip"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(photo(1))
    (folder / "b.jpg").symlink_to("/etc/hostname")
    report = await Home(tmp_path).send(folder)
    assert states(report) == {"a.jpg": SENT, "b.jpg": SKIPPED}
    assert "link" in report.items[1].item.why


async def test_a_tar_is_read_once_for_all_its_conversions(tmp_path: Path) -> None:
    clips = {f"{n}.avi": clip(tmp_path / f"{n}.avi", n).read_bytes() for n in range(3)}
    source = tarred(tmp_path / "a.tgz", {"p.jpg": photo(1), **clips})
    home = Home(tmp_path)
    async with home.open() as app:
        counting = Counting(app.installation.sources)
        app.installation.sources.add("counted", lambda: counting)
        report = await finished(app, f"counted:{source}", to=home.to)
    assert set(states(report).values()) == {SENT}
    assert report.totals.deferred == 3
    assert len(counting.passes) == 2  # the transfer, and one for three conversions


async def test_a_source_that_changed_meanwhile_is_not_taken_for_what_was_judged(
    tmp_path: Path,
) -> None:
    first, other = (clip(tmp_path / f"{n}.avi", n).read_bytes() for n in (1, 2))
    folder = tmp_path / "trip"
    folder.mkdir()
    (folder / "c.avi").write_bytes(first)
    home = Home(tmp_path)
    async with home.open() as app:
        counting = Counting(app.installation.sources)
        counting.before = lambda: (folder / "c.avi").write_bytes(
            other if counting.passes else first
        )
        app.installation.sources.add("counted", lambda: counting)
        report = await finished(app, f"counted:{folder}", to=home.to)
    fault = report.items[0].item.fault
    assert fault is not None
    assert (fault.kind, "changed" in fault.detail) == ("input.corrupt", True)
    assert home.delivered() == {}


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB, where mounting is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


async def test_a_full_scratch_disk_is_waited_for(tmp_path: Path, tiny_disk: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "big.bmp": photo(2, (600, 500), "BMP")})
    home = Home(tmp_path, SMALL)
    home.data.root.mkdir()
    home.data.scratch.symlink_to(tiny_disk)
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes((4 << 20) - (200 << 10)))
    async with home.open() as app:
        job = await app.send(str(source), to=home.to)
        async for event in app.events(job.id):
            if state_told(event) is JobState.WAITING:
                break
        waiting = await app.job(job.id)
        assert waiting.wait_reason == "space"
        ballast.unlink()
        await app.resume(job.id)
        report = await app.report((await app.wait(job.id)).id)
    assert set(states(report).values()) == {SENT}


def boxed(path: Path, entries: dict[str, bytes]) -> bytes:
    """A zip as bytes, to be put into another archive."""
    return packed(path, entries).read_bytes()


async def test_the_entries_of_an_archive_inside_come_in_its_place(tmp_path: Path) -> None:
    inner = boxed(
        tmp_path / "i.zip", {"x/a.jpg": photo(2), "notes.txt": b"words", "b.jpg": photo(3)}
    )
    source = packed(tmp_path / "a.zip", {"0.jpg": photo(1), "in.zip": inner, "9.jpg": photo(4)})
    home = Home(tmp_path)
    report = await home.send(source)
    assert states(report) == {
        "0.jpg": SENT,
        "in.zip": SKIPPED,
        "in.zip/x/a.jpg": SENT,
        "in.zip/notes.txt": SKIPPED,
        "in.zip/b.jpg": SENT,
        "9.jpg": SENT,
    }
    by_name = {one.item.name: one.item for one in report.items}
    assert by_name["in.zip"].why == OPENED
    assert by_name["in.zip"].kind is ItemKind.ARCHIVE
    assert [one.item.place for one in report.items] == [
        (0, ""), (1, ""), (1, "0000000"), (1, "0000001"), (1, "0000002"), (2, ""),
    ]  # fmt: skip
    assert set(home.delivered()) == {"a/0.jpg", "a/in.zip/x/a.jpg", "a/in.zip/b.jpg", "a/9.jpg"}
    assert home.left_behind() == []


@pytest.mark.parametrize("options", [{"files": "all"}, {"recipe": Recipe.ORIGINAL}])
async def test_an_archive_inside_goes_whole_where_nothing_is_to_be_changed(
    tmp_path: Path, options: dict[str, object]
) -> None:
    inner = boxed(tmp_path / "i.zip", {"a.jpg": photo(2)})
    home = Home(tmp_path)
    report = await home.send(packed(tmp_path / "a.zip", {"in.zip": inner}), **options)
    assert states(report) == {"in.zip": SENT}
    assert home.delivered() == {"a/in.zip": inner}


@pytest.mark.parametrize("name", ["report.docx", "app.jar", "book.epub", "map.kmz"])
async def test_documents_in_the_form_of_archives_are_not_opened(tmp_path: Path, name: str) -> None:
    inner = boxed(tmp_path / "i.zip", {"media/picture.jpg": photo(2)})
    report = await Home(tmp_path).send(packed(tmp_path / "a.zip", {name: inner}))
    assert states(report) == {name: SKIPPED}
    assert report.items[0].item.why == NOT_WANTED[ItemKind.DOCUMENT]


async def test_an_archive_is_spooled_beside_its_entries_and_no_longer(tmp_path: Path) -> None:
    boxes = {
        f"{n}.zip": boxed(tmp_path / "i.zip", {f"{m}.jpg": photo(10 * n + m) for m in range(9)})
        for n in range(4)
    }
    home = Home(tmp_path, replace(SMALL, scratch_budget_bytes=20_000))
    report = await home.send(packed(tmp_path / "a.zip", boxes))
    assert report.totals.sent == 36
    largest = max(map(len, boxes.values()))
    assert largest <= report.totals.peak_scratch_bytes <= largest + 20_000


async def test_entries_inside_are_admitted_in_pages(tmp_path: Path) -> None:
    many = {f"{n:04}.txt": b"words" for n in range(PAGE + 20)} | {"a.jpg": photo(1)}
    inner = boxed(tmp_path / "i.zip", many)
    report = await Home(tmp_path).send(packed(tmp_path / "a.zip", {"in.zip": inner}))
    assert report.totals.entries == PAGE + 22
    assert (report.totals.sent, report.totals.skipped) == (1, PAGE + 21)


async def test_what_the_listing_decides_is_handed_over_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zip of 100,000 unwanted entries behind one photo held them all (60 MB) until its end was read."""
    made = most = arrived = 0

    @dataclass(frozen=True)
    class Seen(StagedEntry):
        def __post_init__(self) -> None:
            nonlocal made, most
            made, most = made + 1, max(most, made + 1 - arrived)

    judged = flow.decide

    async def decide(
        context: TaskContext, one: StagedEntry, found: Found, *, may_defer: bool
    ) -> Shipment | Outcome:
        nonlocal arrived
        arrived += 1
        return await judged(context, one, found, may_defer=may_defer)

    monkeypatch.setattr("transload.steps.read.StagedEntry", Seen)
    monkeypatch.setattr(flow, "decide", decide)
    junk = {f"{n:05}/.DS_Store": b"x" for n in range(6 * PAGE)}
    source = packed(tmp_path / "a.zip", {"0.jpg": photo(1)} | junk)
    report = await Home(tmp_path).send(source)
    assert (report.totals.sent, report.totals.skipped) == (1, 6 * PAGE)
    assert (made, arrived) == (6 * PAGE + 1, 6 * PAGE + 1)
    assert (
        most <= 2 * PAGE + READ_AHEAD + 2
    )  # a page behind the photo and the one that is admitted next


async def test_a_second_command_reads_an_opened_archive_no_more(tmp_path: Path) -> None:
    inner = boxed(tmp_path / "i.zip", {"a.jpg": photo(2), "broken.jpg": photo(3)[:200]})
    source = packed(tmp_path / "a.zip", {"in.zip": inner, "0.jpg": photo(1)})
    home = Home(tmp_path)
    first = await home.send(source)
    assert states(first)["in.zip/broken.jpg"] is ItemState.QUARANTINED
    async with home.open() as app:
        await app.retry(first.job.id)
        again = await app.report((await app.wait(first.job.id)).id)
    assert states(again) == states(first)
    assert again.totals.sent == 2
    assert len(home.delivered()) == 2


async def test_what_other_filters_want_inside_is_found_again(tmp_path: Path) -> None:
    inner = boxed(tmp_path / "i.zip", {"a.jpg": photo(2), "b.png": photo(3, kind="PNG")})
    source = packed(tmp_path / "a.zip", {"in.zip": inner})
    home = Home(tmp_path)
    first = await home.send(source, exclude=["*.png"])
    assert states(first) == {"in.zip": SKIPPED, "in.zip/a.jpg": SENT, "in.zip/b.png": SKIPPED}
    second = await home.send(source)
    assert states(second)["in.zip/b.png"] is SENT
    assert len(home.delivered()) == 2


def test_sums_that_are_not_known_stay_so() -> None:
    sums = Sums()
    sums.expect(Listing("zip", 3, 100))
    sums.expect(Listing("zip", 2, 50))
    assert (sums.entries, sums.size_bytes) == (5, 150)
    sums.expect(Listing("tar", None, None))
    sums.expect(Listing("zip", 2, 50))
    assert (sums.entries, sums.size_bytes) == (None, None)


def test_warnings_of_an_archive_inside_name_it() -> None:
    sums = Sums()
    sums.note("in.zip", ReadReport(10, None, ("odd",)), in_place=False)
    sums.note("b.zip", ReadReport(7), in_place=True)
    assert (sums.warnings, sums.bytes_read) == (["in.zip: odd"], 7)


async def test_an_archive_closed_before_its_entries_arrived_is_read_again(tmp_path: Path) -> None:
    inner = boxed(tmp_path / "i.zip", {"a.jpg": photo(2), "b.jpg": photo(3)})
    deep = boxed(tmp_path / "d.zip", {"in.zip": inner})
    source = packed(tmp_path / "a.zip", {"deep.zip": deep})
    home, picky = Home(tmp_path), Picky(tmp_path / "picky")
    picky.gate = anyio.Event()
    async with home.open(picky) as app:
        job = await app.send(str(source), to="picky:x")
        skipped = 0
        async for event in app.events(job.id):
            skipped += len(event.news.items) if isinstance(event.news, ItemsMoved) else 0
            if skipped == 2:
                break
        stopped = await app.report(job.id)
    assert states(stopped) == {
        "deep.zip": SKIPPED,
        "deep.zip/in.zip": SKIPPED,
        "deep.zip/in.zip/a.jpg": ItemState.PENDING,
        "deep.zip/in.zip/b.jpg": ItemState.PENDING,
    }
    picky.gate.set()
    async with home.open(picky) as app:
        report = await finished(app, source, to="picky:x")
    assert report.job.id == job.id
    assert list(states(report).values()) == [SKIPPED, SKIPPED, SENT, SENT]


async def test_what_is_included_is_found_in_archives_that_are_not(tmp_path: Path) -> None:
    inner = boxed(tmp_path / "i.zip", {"a.jpg": photo(2), "b.png": photo(3, kind="PNG")})
    tree = {"in.zip": inner, "no.zip": b"words", "old/in.zip": inner, "c.png": photo(4, kind="PNG")}
    source = packed(tmp_path / "a.zip", tree)
    home = Home(tmp_path)
    report = await home.send(source, include=["*.jpg"], exclude=["old/*"])
    assert states(report) == {
        "in.zip": SKIPPED,
        "in.zip/a.jpg": SENT,
        "in.zip/b.png": SKIPPED,
        "no.zip": SKIPPED,
        "old/in.zip": SKIPPED,
        "c.png": SKIPPED,
    }
    why = {one.item.name: one.item.why for one in report.items}
    assert why["in.zip"] == OPENED
    assert {why[name] for name in ("in.zip/b.png", "no.zip", "old/in.zip", "c.png")} == {LEFT_OUT}
    async with home.open() as app:
        request = app.dry_run_request("", include=["*.jpg"], exclude=["old/*"])
        seen = [one.name async for one in app.rehearse(str(source), request)]
    assert seen == ["in.zip/a.jpg", "in.zip"]


async def test_what_a_solid_archive_costs_is_told_before_it_is_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transload.steps.read.COST_TOLD_BYTES", 3000)
    source = make_by_7zz(
        tmp_path / "a.7z", {f"{n}.jpg": photo(n) for n in range(4)}, "-ms=on", "-mqs=off"
    )
    home = Home(tmp_path)
    first = await home.send(source, exclude=["3.jpg"])
    assert not first.job.warnings
    async with home.open() as app:
        job = await app.send(str(source), to=home.to, include=["3.jpg"])
        news = [one.news async for one in app.events(job.id)]
        report = await app.report(job.id)
    told = [one.text for one in news if isinstance(one, Warned)]
    assert [text for text in told if "must be unpacked again to reach 3.jpg" in text] == told
    assert told == list(report.job.warnings) != []
