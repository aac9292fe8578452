"""The verdict on a staged entry: a deferred one's stands, nothing is left out where all files are wanted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests import inputs
from tests.installation import Home
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
from transload.ports import ReadContext
from transload.sources.folder import FolderReader
from transload.steps.prepare import UNTOUCHED, judge
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
