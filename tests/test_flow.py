"""The page as a user meets it: what arrives, in which order, what becomes of the rest."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from anyio import from_thread

from tests.inputs import clip, mixed, packed, photo
from tests.installation import SMALL, Home, Picky, finished, states
from transload import flow
from transload.media.encode.ffmpeg import wheel_binary
from transload.model import ItemKind, ItemState, JobState, Recipe
from transload.ports import Probed

pytestmark = pytest.mark.anyio
SENT, DUPLICATE, QUARANTINED = ItemState.SENT, ItemState.DUPLICATE, ItemState.QUARANTINED


def damaged(path: Path, content: bytes) -> Path:
    """The archive with one byte in the middle of `content` turned."""
    raw = bytearray(path.read_bytes())
    raw[raw.index(content) + len(content) // 2] ^= 0xFF
    path.write_bytes(raw)
    return path


async def test_all_that_can_go_at_once_arrives_before_any_conversion(tmp_path: Path) -> None:
    report = await Home(tmp_path).send(mixed(tmp_path, 12, 2))
    sent = [one.item for one in report.items if one.item.state is SENT]
    late = [item.sent_ms or 0 for item in sent if item.name.endswith(".avi")]
    soon = [item.sent_ms or 0 for item in sent if item.name.endswith(".jpg")]
    assert (len(soon), len(late), report.totals.deferred) == (12, 2, 2)
    assert max(soon) <= min(late)
    assert report.job.state is JobState.PARTIAL  # the broken picture is kept aside


async def test_photos_travel_in_albums_of_ten_in_their_order(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {f"{n}.jpg": photo(n) for n in range(23)})
    picky = Picky(tmp_path / "library")
    async with Home(tmp_path).open(picky) as app:
        report = await finished(app, source, to="picky:")
    assert [one.item.album for one in report.items] == [1] * 10 + [2] * 10 + [3] * 3
    assert [name for batch in picky.batches for name in batch] == [f"{n}.jpg" for n in range(23)]
    assert max(map(len, picky.batches)) <= 10


async def test_reading_waits_for_judging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = packed(tmp_path / "a.zip", {f"{n}.jpg": photo(n) for n in range(40)})
    home, asked, gate, far = Home(tmp_path), anyio.Event(), anyio.Event(), anyio.Event()
    async with home.open() as app:
        media, begun = app.installation.media, set[str]()
        probe, sniff = (
            media.probe,
            media.sniff,
        )  # runs wait, and as many are asked about; one is judged, one read

        async def waiting(local: Path, name: str) -> Probed:
            asked.set()
            await gate.wait()
            return await probe(local, name)

        def counted(head: bytes, name: str) -> ItemKind:
            if head:  # not a look at the name alone
                begun.add(name)
            if len(begun) > 2 * flow.READ_AHEAD + flow.JUDGE_AHEAD + 3:
                from_thread.run_sync(far.set)
            return sniff(head, name)

        monkeypatch.setattr(media, "probe", waiting)
        monkeypatch.setattr(media, "sniff", counted)
        job = await app.send(str(source), to=home.to)
        await asked.wait()
        with anyio.move_on_after(0.5):  # it would take a tenth of that
            await far.wait()
        assert not far.is_set()
        gate.set()
        report = await app.report((await app.wait(job.id)).id)
    assert set(states(report).values()) == {SENT}
    assert len(begun) == 40


async def test_equal_content_is_delivered_once_under_media(tmp_path: Path) -> None:
    home = Home(tmp_path)
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "b.jpg": photo(1), "c.jpg": photo(2)})
    report = await home.send(source)
    assert states(report) == {"a.jpg": SENT, "b.jpg": DUPLICATE, "c.jpg": SENT}
    assert sorted(home.delivered()) == ["a/a.jpg", "a/c.jpg"]


async def test_all_files_drops_and_changes_nothing(tmp_path: Path) -> None:
    entries = {
        "a.jpg": photo(1),
        "twin.jpg": photo(1),
        "broken.jpg": photo(3)[:200],
        ".DS_Store": b"junk",
        "notes.txt": b"words",
    }
    home = Home(tmp_path)
    report = await home.send(packed(tmp_path / "a.zip", entries), files="all")
    assert set(states(report).values()) == {SENT}
    assert Counter(home.delivered().values()) == Counter(entries.values())


async def test_equal_contents_share_a_batch_where_none_is_dropped(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {f"{n:02}.txt": b"" for n in range(40)})
    picky = Picky(tmp_path / "library")
    async with Home(tmp_path).open(picky) as app:
        report = await finished(app, source, to="picky:", files="all")
    assert set(states(report).values()) == {SENT}
    assert len(picky.batches) < 40  # one by one, each would cost a commit and an fsync of its own


async def test_recipe_original_touches_nothing(tmp_path: Path) -> None:
    entries = {"c.avi": clip(tmp_path / "c.avi").read_bytes(), "p.tif": photo(1, kind="TIFF")}
    home = Home(tmp_path)
    report = await home.send(packed(tmp_path / "a.zip", entries), recipe=Recipe.ORIGINAL)
    assert home.delivered() == {f"a/{name}": content for name, content in entries.items()}
    assert report.totals.deferred == 0


async def test_recipe_playable_keeps_originals_beside_what_it_converted(tmp_path: Path) -> None:
    tif = photo(1, kind="TIFF")
    source = packed(tmp_path / "a.zip", {"p.tif": tif, "q.jpg": photo(2)})
    home = Home(tmp_path)
    await home.send(source)
    there = home.delivered()
    assert sorted(there) == ["a/originals/p.tif", "a/p.jpg", "a/q.jpg"]
    assert there["a/originals/p.tif"] == tif
    assert there["a/q.jpg"] == photo(2)


async def test_what_is_refused_once_is_recovered(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {f"{n}.jpg": photo(n) for n in range(10)})
    picky = Picky(tmp_path / "library", {"4.jpg": 1})
    home = Home(tmp_path)
    async with home.open(picky) as app:
        report = await finished(app, source, to="picky:")
    assert set(states(report).values()) == {SENT}
    assert [one.item.name for one in report.items if one.item.recovered] == ["4.jpg"]
    assert (report.totals.recovered, report.job.state) == (1, JobState.SUCCEEDED)
    assert home.left_behind() == []


async def test_what_is_refused_twice_is_kept_with_the_reason(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {f"{n}.jpg": photo(n) for n in range(10)})
    home = Home(tmp_path)
    async with home.open(Picky(tmp_path / "library", {"4.jpg": 9})) as app:
        report = await finished(app, source, to="picky:")
        (kept,) = await app.quarantined()
    assert Counter(states(report).values()) == {SENT: 9, QUARANTINED: 1}
    assert states(report)["4.jpg"] is QUARANTINED
    assert kept.path is not None
    assert kept.path.read_bytes() == photo(4)
    assert kept.reason.kind == "dest.rejected"
    assert report.job.state is JobState.PARTIAL


async def test_a_second_send_delivers_nothing(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "b.tif": photo(2, kind="TIFF")})
    home = Home(tmp_path)
    await home.send(source)
    before = home.delivered()
    renamed = tmp_path / "renamed.zip"
    renamed.write_bytes(source.read_bytes())
    report = await home.send(renamed)
    assert set(states(report).values()) == {DUPLICATE}
    assert (home.delivered(), report.totals.bytes_sent) == (before, 0)


async def test_again_delivers_once_more(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1)})
    home = Home(tmp_path)
    await home.send(source)
    report = await home.send(source, again=True)
    assert states(report) == {"a.jpg": SENT}
    assert sorted(home.delivered()) == ["a/a (2).jpg", "a/a.jpg"]


async def test_what_was_deleted_from_the_library_comes_back(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {"a.jpg": photo(1), "b.jpg": photo(2)})
    home = Home(tmp_path)
    await home.send(source)
    (home.library / "a" / "a.jpg").unlink()
    report = await home.send(source)
    assert states(report) == {"a.jpg": SENT, "b.jpg": DUPLICATE}
    assert sorted(home.delivered().values()) == sorted([photo(1), photo(2)])


async def test_a_damaged_entry_stops_no_other(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.zip", {f"{n}.jpg": photo(n) for n in range(3)})
    home = Home(tmp_path)
    report = await home.send(damaged(source, photo(1)))
    assert states(report) == {"0.jpg": SENT, "1.jpg": QUARANTINED, "2.jpg": SENT}
    (bad,) = [one.item.fault for one in report.items if one.item.fault]
    assert (bad.kind, bad.item) == ("input.corrupt", "1.jpg")


async def test_a_conversion_that_fails_twice_keeps_the_original(tmp_path: Path) -> None:
    avi = clip(tmp_path / "c.avi").read_bytes()
    source = packed(tmp_path / "a.zip", {"c.avi": avi})
    diary, encoder = tmp_path / "diary", tmp_path / "ffmpeg"
    encoder.write_text(
        f'#!/bin/sh\ncase "$*" in *-version*|*-encoders*|*-filters*) exec {wheel_binary()} "$@";; esac\n'
        f'case "$*" in *.in*) echo once >> {diary};; esac\necho broken >&2\nexit 1\n'
    )
    encoder.chmod(0o755)
    home = Home(tmp_path, replace(SMALL, ffmpeg=encoder))
    async with home.open() as app:
        report = await finished(app, source, to=home.to)
        (kept,) = await app.quarantined()
    assert states(report) == {"c.avi": QUARANTINED}
    assert len(diary.read_text().splitlines()) >= 2  # the conversion and its recovery
    assert kept.reason.kind == "convert.failed"
    assert kept.path is not None
    assert kept.path.read_bytes() == avi
    assert home.left_behind() == []


def test_the_page_stays_a_page() -> None:
    assert len(Path(flow.__file__).read_text("utf-8").splitlines()) <= 200
