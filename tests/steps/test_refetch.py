"""Entries taken in again for their conversions: found inside archives, and few passes for many of them."""

import hashlib
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, tar_bytes
from tests.archives.makers_7z import make_by_7zz
from tests.inputs import clip, packed, photo
from tests.installation import Counting, Home, Picky, finished, states
from transload.app import Report
from transload.model import ItemState, JobState, QuarantineRecord

pytestmark = pytest.mark.anyio
SENT, SKIPPED = ItemState.SENT, ItemState.SKIPPED


def clips(folder: Path, count: int) -> dict[str, bytes]:
    return {f"{n}.avi": clip(folder / f"{n}.avi", n).read_bytes() for n in range(count)}


async def counted(home: Home, source: Path) -> tuple[Report, Counting]:
    async with home.open() as app:
        counting = Counting(app.installation.sources)
        app.installation.sources.add("counted", lambda: counting)
        return await finished(app, f"counted:{source}", to=home.to), counting


async def test_an_archive_inside_is_read_once_for_all_its_conversions(tmp_path: Path) -> None:
    inner = packed(tmp_path / "inner.zip", {"p.jpg": photo(1)} | clips(tmp_path, 3)).read_bytes()
    source = packed(tmp_path / "a.zip", {"in.zip": inner, "last.jpg": photo(2)})
    report, counting = await counted(Home(tmp_path), source)
    assert list(states(report)) == [
        "in.zip", "in.zip/p.jpg", "in.zip/0.avi", "in.zip/1.avi", "in.zip/2.avi", "last.jpg",
    ]  # fmt: skip
    assert set(states(report).values()) == {SENT, SKIPPED}
    assert report.totals.deferred == 3
    assert len(counting.passes) == 2  # the transfer, and one for three conversions


async def test_conversions_are_found_two_archives_deep_and_beside_them(tmp_path: Path) -> None:
    moving = clips(tmp_path, 3)
    deep = tar_bytes({"x/0.avi": moving["0.avi"], "x/p.jpg": photo(1)})
    inner = packed(tmp_path / "inner.zip", {"deep.tar": deep, "1.avi": moving["1.avi"]})
    tree = {"in.zip": inner.read_bytes(), "2.avi": moving["2.avi"]}
    source = make_tar(tmp_path / "a.tgz", tree, "gz")
    home = Home(tmp_path)
    report, counting = await counted(home, source)
    sent = [name for name, state in states(report).items() if state is SENT]
    assert sent == ["in.zip/deep.tar/x/0.avi", "in.zip/deep.tar/x/p.jpg", "in.zip/1.avi", "2.avi"]
    assert len(counting.passes) == 2
    assert len([name for name in home.delivered() if name.endswith(".mp4")]) == 3
    assert home.left_behind() == []


async def test_a_conversion_in_a_folders_archive_reads_it_where_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "trip"
    folder.mkdir()
    source = packed(folder / "in.zip", {"big.bin": bytes(300_000), **clips(tmp_path, 1)})
    home = Home(tmp_path)
    report, _ = await counted(home, folder)
    assert states(report) == {"in.zip": SKIPPED, "in.zip/big.bin": SKIPPED, "in.zip/0.avi": SENT}
    assert report.totals.peak_scratch_bytes < source.stat().st_size
    assert home.left_behind() == []


async def test_an_archive_inside_that_changed_meanwhile_is_noticed(tmp_path: Path) -> None:
    moving = clips(tmp_path, 2)
    folder = tmp_path / "trip"
    folder.mkdir()
    home = Home(tmp_path)
    async with home.open() as app:
        counting = Counting(app.installation.sources)

        def pack() -> None:
            name = "1.avi" if counting.passes else "0.avi"
            packed(folder / "in.zip", {"c.avi": moving[name]})

        pack()
        counting.before = pack
        app.installation.sources.add("counted", lambda: counting)
        report = await finished(app, f"counted:{folder}", to=home.to)
    fault = report.items[1].item.fault
    assert fault is not None
    assert (fault.kind, "changed" in fault.detail) == ("input.corrupt", True)
    assert home.delivered() == {}


async def test_an_archive_inside_that_is_damaged_meanwhile_is_the_items_fault(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "trip"
    folder.mkdir()
    packed(folder / "in.zip", {"c.avi": clips(tmp_path, 1)["0.avi"]})
    home = Home(tmp_path)
    async with home.open() as app:
        counting = Counting(app.installation.sources)
        counting.before = lambda: (
            counting.passes and (folder / "in.zip").write_bytes(b"PK\x03\x04 no more")
        )
        app.installation.sources.add("counted", lambda: counting)
        report = await finished(app, f"counted:{folder}", to=home.to)
    fault = report.items[1].item.fault
    assert fault is not None
    assert fault.kind in ("input.corrupt", "input.truncated")
    assert fault.item == "in.zip/c.avi"


async def refused_twice(home: Home, source: Path) -> tuple[Picky, QuarantineRecord]:
    """A destination that has refused a picture twice, and the kept original."""
    picky = Picky(home.library, {"a.jpg": 2})
    async with home.open(picky) as app:
        report = await finished(app, source, to="picky:")
        assert states(report) == {"a.jpg": ItemState.QUARANTINED, "b.jpg": SENT}
        (kept,) = await app.quarantined()
    return picky, kept


async def test_a_kept_original_is_sent_without_its_source(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "b.jpg": photo(2)})
    home = Home(tmp_path)
    picky, kept = await refused_twice(home, source)
    source.unlink()
    assert kept.path is not None
    assert kept.path.read_bytes() == photo(1)
    async with home.open(picky) as app:
        job = await app.wait((await app.retry_quarantined(kept.id))[0].id)
        report = await app.report(job.id)
        assert await app.quarantined() == []
    assert (job.state, states(report)["a.jpg"]) == (JobState.SUCCEEDED, SENT)
    assert not kept.path.exists()
    assert photo(1) in home.delivered().values()
    assert home.left_behind() == []


async def test_a_second_refusal_keeps_the_original_untouched(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "b.jpg": photo(2)})
    home = Home(tmp_path)
    picky, kept = await refused_twice(home, source)
    picky.refuse["a.jpg"] = 9
    asked = len(picky.batches)
    async with home.open(picky) as app:
        job = await app.wait((await app.retry_quarantined(kept.id))[0].id)
        (still,) = await app.quarantined()
        await app.clean()
    assert job.state is JobState.PARTIAL
    assert (still.id, still.sha256, still.path) == (kept.id, kept.sha256, kept.path)
    assert still.path is not None
    assert still.path.read_bytes() == photo(1)
    assert len(picky.batches) - asked <= 2  # once, and its one recovery


async def test_a_kept_original_that_changed_is_read_from_the_source(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "b.jpg": photo(2)})
    home = Home(tmp_path)
    picky, kept = await refused_twice(home, source)
    assert kept.path is not None
    kept.path.write_bytes(photo(7))
    async with home.open(picky) as app:
        await app.wait((await app.retry_quarantined(kept.id))[0].id)
    assert sorted(home.delivered().values()) == sorted([photo(1), photo(2)])


async def test_of_a_users_own_archive_a_reference_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "trip"
    folder.mkdir()
    own = packed(folder / "in.zip", {"a.jpg": photo(1), "b.jpg": photo(2)})
    whole = own.read_bytes()
    own.write_bytes(whole[:-30])
    cut = own.read_bytes()
    home = Home(tmp_path)
    async with home.open() as app:
        report = await finished(app, folder, to=home.to)
        (kept,) = await app.quarantined()
        assert states(report)["in.zip"] is ItemState.QUARANTINED
        assert (kept.path, kept.size_bytes) == (None, len(cut))
        assert kept.sha256 == hashlib.sha256(cut).hexdigest() == report.items[0].item.sha256
        assert own.read_bytes() == cut
        own.write_bytes(whole)
        await app.wait((await app.retry_quarantined(kept.id))[0].id)
        assert await app.quarantined() == []
    assert {photo(1), photo(2)} <= set(home.delivered().values())


async def test_a_kept_film_is_judged_and_converted_without_its_source(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", clips(tmp_path, 1))
    home = Home(tmp_path)
    picky = Picky(home.library, {"0.avi": 2})
    async with home.open(picky) as app:
        report = await finished(app, source, to="picky:")
        assert states(report) == {"0.avi": ItemState.QUARANTINED}
        (kept,) = await app.quarantined()
        source.unlink()
        job = await app.wait((await app.retry_quarantined(kept.id))[0].id)
    assert job.state is JobState.SUCCEEDED
    assert {Path(name).suffix for name in home.delivered()} == {".mp4", ".avi"}


async def test_a_solid_block_is_decoded_once_for_all_its_conversions(tmp_path: Path) -> None:
    tree = {"0.jpg": photo(1)} | clips(tmp_path, 3)
    source = make_by_7zz(tmp_path / "a.7z", tree, "-ms=on", "-mqs=off")
    report, counting = await counted(Home(tmp_path), source)
    assert report.totals.deferred == 3
    assert list(states(report).values()) == [SENT] * 4
    assert len(counting.passes) == 2  # the transfer, and one for three conversions


async def test_blocks_apart_are_fetched_one_by_one(tmp_path: Path) -> None:
    source = make_by_7zz(tmp_path / "a.7z", clips(tmp_path, 2), "-ms=off")
    report, counting = await counted(Home(tmp_path), source)
    assert list(states(report).values()) == [SENT] * 2
    assert len(counting.passes) == 3
