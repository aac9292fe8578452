"""The verdict on a staged entry: a deferred one's stands, nothing is left out where all files are wanted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
from tests.media.samples import H264, jpeg_bytes
from tests.media.song_makers import song_with_cover
from transload.errors import CorruptError
from transload.files.scratch import JobScratch
from transload.jobs.hub import TaskMeter
from transload.ledger.task_writes import TaskRecord
from transload.model import (
    Held,
    Item,
    ItemKind,
    ItemState,
    Job,
    JobState,
    Judgement,
    Lane,
    Recipe,
    Verdict,
)
from transload.ports import Probed, ReadContext
from transload.sources.folder import FolderReader
from transload.steps.prepare import UNTOUCHED, is_probed, judge
from transload.steps.staging import StagedEntry

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def context(folder: Path) -> AsyncIterator[ReadContext]:
    """What judging works with: the media tools of a real installation, a job at its beginning."""
    home = Home(folder)
    async with home.open() as app:
        parts = app.installation
        job = Job("", "x", home.to, Recipe.PLAYABLE, "x", JobState.QUEUED)
        made = await parts.ledger.submit(job, "identity", "x", detached=True)
        task = await parts.leases.take(Lane.TRANSFER)
        assert task is not None
        yield ReadContext(
            job=made,
            source=FolderReader(folder),
            media=parts.media,
            scratch=JobScratch(folder / "scratch", made.id, 1, 0),
            record=TaskRecord(parts.ledger.database, parts.clock, task, folder / "kept"),
            meter=TaskMeter("fetch"),
            limits=parts.limits,
            open_inside=lambda where, name: parts.archives.open_as(where, name, ()),
        )


def staged(path: Path, content: bytes, kind: ItemKind) -> tuple[StagedEntry, Held]:
    path.write_bytes(content)
    held = Held(path, len(content), 0, "")
    item = Item(1, "", 0, path.name, len(content), ItemState.PENDING)
    return StagedEntry(item, kind, held=held), held


async def test_a_photo_is_probed_and_has_its_thumbnail_and_facts(tmp_path: Path) -> None:
    async with context(tmp_path) as reading:
        judged = await judge(reading, *staged(tmp_path / "a.jpg", inputs.photo(1), ItemKind.PHOTO))
    assert (judged.judgement.kind, judged.judgement.verdict) == (ItemKind.PHOTO, Verdict.AS_IS)
    assert judged.thumb
    assert judged.facts is not None


async def test_what_is_no_medium_and_what_is_wanted_unread_go_untouched(tmp_path: Path) -> None:
    async with context(tmp_path) as reading:
        words = staged(tmp_path / "a.txt", b"words", ItemKind.DOCUMENT)
        assert (await judge(reading, *words)).judgement == UNTOUCHED
        original = replace(reading, job=replace(reading.job, recipe=Recipe.ORIGINAL))
        broken = staged(tmp_path / "b.jpg", b"\xff\xd8\xff broken", ItemKind.PHOTO)
        judged = await judge(original, *broken)
    assert judged.judgement == replace(UNTOUCHED, kind=ItemKind.PHOTO)
    assert judged.facts is None


async def test_what_cannot_be_saved_goes_untouched_where_all_files_are_wanted(
    tmp_path: Path,
) -> None:
    broken = staged(tmp_path / "b.jpg", b"\xff\xd8\xff broken", ItemKind.PHOTO)
    async with context(tmp_path) as reading:
        lost = (await judge(reading, *broken)).judgement
        every = replace(reading, job=replace(reading.job, files="all"))
        sent = (await judge(every, *broken)).judgement
    assert lost.verdict is Verdict.UNSAVABLE
    assert lost.fault is not None
    assert sent.verdict is Verdict.AS_IS


async def test_the_verdict_on_a_deferred_item_stands(tmp_path: Path) -> None:
    before = Judgement(ItemKind.VIDEO, Verdict.TRANSCODE, "as it was judged", deferred=True)
    entry, held = staged(tmp_path / "a.jpg", inputs.photo(1), ItemKind.PHOTO)
    async with context(tmp_path) as reading:
        known = replace(entry, item=replace(entry.item, judgement=before))
        assert (await judge(reading, known, held)).judgement is before


PLAYS = (*H264, "-c:a", "aac", "-movflags", "+faststart")


def judged_before(path: Path, kind: ItemKind) -> tuple[StagedEntry, Held]:
    """An entry whose verdict, that it can go as it is, was stored by a run that was killed."""
    before = Judgement(kind, Verdict.AS_IS, "as it was judged")
    entry, held = staged(path, path.read_bytes(), kind)
    return replace(entry, item=replace(entry.item, judgement=before)), held


async def test_what_a_killed_run_judged_keeps_its_judgement_and_has_its_looks(
    tmp_path: Path,
) -> None:
    film = inputs.clip(tmp_path / "a.mp4", seconds=2, words=PLAYS)
    song = song_with_cover(tmp_path / "a.mp3", jpeg_bytes())
    async with context(tmp_path) as reading:
        for path, kind in ((film, ItemKind.VIDEO), (song, ItemKind.AUDIO)):
            entry, held = judged_before(path, kind)
            assert is_probed(reading, entry)
            judged = await judge(reading, entry, held)
            assert judged.judgement is entry.item.judgement
            assert judged.looks == (await reading.media.probe(path, path.name)).looks
            assert judged.looks.thumb
        (tmp_path / "b.jpg").write_bytes(inputs.photo(1))
        photo, _ = judged_before(tmp_path / "b.jpg", ItemKind.PHOTO)
        assert not is_probed(reading, photo)


async def test_what_was_wanted_unread_is_not_looked_at_after_a_kill_either(tmp_path: Path) -> None:
    film = inputs.clip(tmp_path / "a.mp4", words=PLAYS)
    async with context(tmp_path) as reading:
        original = replace(reading, job=replace(reading.job, recipe=Recipe.ORIGINAL))
        judged = await judge(original, *judged_before(film, ItemKind.VIDEO))
    assert (judged.judgement.why, judged.facts) == ("as it was judged", None)


async def test_a_verdict_stands_where_no_decoder_is_to_be_had_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = inputs.clip(tmp_path / "a.mp4", words=PLAYS)

    async def deadly(local: Path, name: str) -> Probed:
        raise CorruptError(f"the decoder died on {name} in {local.parent} three times")

    async with context(tmp_path) as reading:
        monkeypatch.setattr(reading.media, "probe", deadly)
        entry, held = judged_before(film, ItemKind.VIDEO)
        judged = await judge(reading, entry, held)
    assert (judged.judgement, judged.thumb) == (entry.item.judgement, None)
