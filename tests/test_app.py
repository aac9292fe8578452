"""Jobs as callers steer them: cancelled, paused, interrupted, shared between two processes."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import update

import transload
from tests.inputs import packed, photo
from tests.installation import Home, Picky, finished, states, states_told, told
from tests.process_table import left_after
from transload.errors import SourceNotFoundError, StoreError, UsageError
from transload.events import Snapshot
from transload.ledger.schema import children
from transload.model import ItemKind, ItemState, JobProgress, JobState, Recipe
from transload.states import JOB_ENDED, needs_password

pytestmark = pytest.mark.anyio


def pictures(folder: Path, count: int, name: str = "a") -> Path:
    return packed(folder / f"{name}.zip", {f"{n}.jpg": photo(n) for n in range(count)})


def held(folder: Path) -> Picky:
    """A destination that lets nothing in until its gate is set."""
    picky = Picky(folder / "library")
    picky.gate = anyio.Event()
    return picky


async def test_a_cancelled_job_accounts_for_every_item_and_retry_finishes_it(
    tmp_path: Path,
) -> None:
    home, picky = Home(tmp_path), held(tmp_path)
    async with home.open(picky) as app:
        job = await app.send(str(pictures(tmp_path, 12)), to="picky:")
        await picky.reached.wait()
        await app.cancel(job.id)
        assert (await app.wait(job.id)).state is JobState.CANCELLED
        report = await app.report(job.id)
        assert report.totals.entries == len(report.items) > 0
        assert {one.item.state for one in report.items} <= {ItemState.CANCELLED, ItemState.SENT}
        assert home.left_behind() == []
        picky.gate.set()
        await app.retry(job.id)
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED
        assert (await app.report(job.id)).totals.sent == 12
    assert len(home.delivered()) == 12


async def test_a_paused_job_waits_for_resume(tmp_path: Path) -> None:
    home, picky = Home(tmp_path), held(tmp_path)
    async with home.open(picky) as app:
        job = await app.send(str(pictures(tmp_path, 3)), to="picky:")
        await picky.reached.wait()
        paused = await app.pause(job.id)
        assert (paused.state, paused.wait_reason) == (JobState.WAITING, "paused")
        picky.gate.set()
        await app.resume(job.id)
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED
        assert (await app.report(job.id)).totals.sent == 3
    assert len(home.delivered()) == 3


async def test_an_interrupted_job_goes_on_with_nothing_twice(tmp_path: Path) -> None:
    home, picky, source = Home(tmp_path), Picky(tmp_path / "library"), pictures(tmp_path, 30)
    async with home.open(picky) as app:
        job = await app.send(str(source), to="picky:")
        await picky.reached.wait()
    async with home.open(again := Picky(tmp_path / "library")) as app:
        assert (await app.job(job.id)).state not in JOB_ENDED
        report = await finished(app, source, to="picky:")
    assert report.job.id == job.id
    names = [name for batch in (*picky.batches, *again.batches) for name in batch]
    assert len(home.delivered()) == 30
    assert set(states(report).values()) == {ItemState.SENT}
    assert len(set(names)) == 30


async def test_the_holder_of_the_folder_runs_the_jobs_of_others(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.open() as first, home.open() as second:
        one = await finished(first, pictures(tmp_path, 2, "one"), to=home.to)
        two = await finished(second, pictures(tmp_path, 3, "two"), to=home.to)
        assert not second.installation.lock.acquire()
    assert (one.job.state, two.job.state) == (JobState.SUCCEEDED, JobState.SUCCEEDED)
    assert two.totals.entries == 3


async def test_the_same_source_asked_for_twice_at_once_is_one_job(tmp_path: Path) -> None:
    home, picky, source = Home(tmp_path), held(tmp_path), pictures(tmp_path, 4)
    async with home.open(picky) as first, home.open(Picky(tmp_path / "library")) as second:
        one = await first.send(str(source), to="picky:")
        await picky.reached.wait()
        two = await second.send(str(source), to="picky:")
        picky.gate.set()
        assert one.id == two.id
        assert (await second.wait(two.id)).state is JobState.SUCCEEDED
        assert len(await second.jobs()) == 1
    assert sum(map(len, picky.batches)) == 4
    assert len(home.delivered()) == 4


async def test_a_detached_job_is_run_by_the_next_that_works(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.open() as app:
        job = await app.send(str(pictures(tmp_path, 2)), to=home.to, detach=True)
        assert (await app.job(job.id[:12])).state is JobState.QUEUED
    async with home.open() as app:
        app.work()
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED


async def test_a_kept_original_can_be_sent_again_and_dropped(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.open(Picky(tmp_path / "library", {"0.jpg": 2, "1.jpg": 9})) as app:
        report = await finished(app, pictures(tmp_path, 2), to="picky:")
        kept = {record.name: record for record in await app.quarantined(report.job.id)}
        (job,) = await app.retry_quarantined(kept["0.jpg"].id)
        assert (await app.wait(job.id)).state is JobState.PARTIAL
        assert states(await app.report(job.id)) == {
            "0.jpg": ItemState.SENT,
            "1.jpg": ItemState.QUARANTINED,
        }
        path = (await app.drop_quarantined(kept["1.jpg"].id)).path
        assert path is not None
        assert not path.exists()


async def test_clean_leaves_what_an_unfinished_job_has_in_scratch(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.open() as app:
        job = await app.send(str(pictures(tmp_path, 1)), to=home.to, detach=True)
        taken, left = (home.data.scratch / name / "1.in" for name in (job.id, "01GONE"))
        for path in (taken, left):
            path.parent.mkdir(parents=True)
            path.write_bytes(b"half of it")
        assert (await app.clean()).files == ((left, 10),)
        assert taken.exists()


async def test_programs_of_a_killed_run_are_ended_by_the_next_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with await anyio.open_process([sys.executable, "-c", "input()"]) as orphan:
        async with home.open() as app:
            app.installation.children.enter(orphan.pid, sys.executable)
            with app.installation.ledger.database.begin() as db:
                db.execute(update(children).values(parent_pid=1 << 22, parent_started="long ago"))
        await home.send(pictures(tmp_path, 1))
        ended = left_after({orphan.pid}, 5) == set()
        with contextlib.suppress(ProcessLookupError):
            orphan.kill()
    assert ended


async def test_clean_removes_only_what_nothing_refers_to(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.open(Picky(tmp_path / "library", {"0.jpg": 9})) as app:
        await finished(app, pictures(tmp_path, 1), to="picky:")
        (kept,) = await app.quarantined()
        stray = home.data.quarantine / "stray"
        stray.write_bytes(b"12345")
        assert (await app.clean(dry_run=True)).files == ((stray, 5),)
        assert stray.exists()
        assert (await app.clean()).size_bytes == 5
        assert not stray.exists()
        assert kept.path is not None
        assert kept.path.exists()


async def test_parts_of_films_nobody_waits_for_go_when_work_begins(tmp_path: Path) -> None:
    home = Home(tmp_path)
    old, fresh = home.data.segments / "old", home.data.segments / "fresh"
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "00000.nut.part").write_bytes(b"half")
    os.utime(old, (0, 0))
    async with home.open() as app:
        await finished(app, pictures(tmp_path, 1), to=home.to)
    assert not old.exists()
    assert fresh.exists()


async def test_a_look_leaves_no_trace(tmp_path: Path) -> None:
    home, source = Home(tmp_path), str(pictures(tmp_path, 2))
    async with home.open() as app:
        seen = await app.list(source)
        judged = [one async for one in app.rehearse(source, app.dry_run_request(source, home.to))]
        assert await app.jobs() == []
    assert [entry.name for entry in seen.entries] == [one.name for one in judged]
    assert home.delivered() == {}
    assert home.left_behind() == []


async def test_a_folder_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(StoreError, match="data"):
        async with transload.open(data_dir=tmp_path / "data"):
            pass


async def test_unknown_words_are_refused_before_a_job_is_made(tmp_path: Path) -> None:
    async with Home(tmp_path).open() as app:
        with pytest.raises(UsageError):
            await app.send(str(tmp_path), to="nowhere:x")
        with pytest.raises(SourceNotFoundError):
            await app.send(str(tmp_path / "gone"))
        assert await app.jobs() == []


async def test_events_tell_the_states_in_order(tmp_path: Path) -> None:
    async with Home(tmp_path).open() as app:
        job = await app.send(str(pictures(tmp_path, 1)), to=f"library:{tmp_path / 'l'}")
        await told(app, job, "queued", "succeeded")
        seen = await states_told(app, job)
    assert seen == ["queued", "running", "succeeded"]


async def test_a_path_and_the_word_of_a_recipe_are_taken(tmp_path: Path) -> None:
    home, source = Home(tmp_path), pictures(tmp_path, 2)
    async with home.open() as app:
        job = await app.send(source, to=home.to, recipe="original")
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED
        assert job.recipe is Recipe.ORIGINAL
        assert len((await app.list(source)).entries) == 2
        assert app.dry_run_request(source, home.to, recipe="mp4:720").recipe is Recipe.MP4_720
        assert (await app.inspect(str(source))).judgement.kind is ItemKind.ARCHIVE


@pytest.mark.parametrize(
    "options",
    [
        {"source": 7},
        {"source": b"a.zip"},
        {"to": Path("library")},
        {"recipe": "orignal"},
        {"recipe": 720},
        {"files": "photos"},
        {"hevc": True},
        {"album_mix": "both"},
        {"sort": "size"},
        {"sort": None},
        {"originals": "delete"},
        {"include": "*.jpg"},
        {"exclude": [1]},
        {"caption": 5},
        {"again": "yes"},
        {"detach": 1},
        {"passwords": "secret"},
    ],
    ids=str,
)
async def test_an_option_of_another_kind_is_wrong_usage(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    home = Home(tmp_path)
    given: dict[str, Any] = {"source": pictures(tmp_path, 1), "to": home.to}
    async with home.open() as app:
        with pytest.raises(UsageError) as raised:
            await app.send(**(given | options))
        assert await app.jobs() == []
    fault = raised.value.fault()
    assert "secret" not in str(fault)
    assert next(iter(options)) in fault.detail
    assert "COMMAND" not in str(fault.suggestion)


@pytest.mark.parametrize("given", [5, None, b"01KM"], ids=str)
@pytest.mark.parametrize(
    "asked",
    [
        "job", "pause", "resume", "cancel", "retry", "wait", "report", "history", "quarantined", "drop_quarantined",
        "retry_quarantined",
    ],
)  # fmt: skip
async def test_an_id_of_another_kind_is_wrong_usage(
    tmp_path: Path, asked: str, given: object
) -> None:
    async with Home(tmp_path).open() as app:
        with pytest.raises(UsageError, match="an id is a str"):
            await getattr(app, asked)(given)


async def test_events_records_and_passwords_of_another_kind_are_wrong_usage(tmp_path: Path) -> None:
    home, picky = Home(tmp_path), held(tmp_path)
    wrong: Any = 5
    async with home.open(picky) as app:
        job = await app.send(pictures(tmp_path, 1), to="picky:")
        for told_of in (app.events, app.records):
            with pytest.raises(UsageError, match="an id is a str, not int"):
                _ = [one async for one in told_of(wrong)]
        mistaken: Any = job
        with pytest.raises(UsageError, match="an id is a str, not Job"):
            await app.cancel(mistaken)
        with pytest.raises(UsageError, match="a password is a str"):
            await app.give_password(job.id, wrong)


async def test_a_pause_and_what_ends_it_are_told(tmp_path: Path) -> None:
    home, picky = Home(tmp_path), held(tmp_path)
    async with home.open(picky) as app:
        job = await app.send(pictures(tmp_path, 3), to="picky:")
        await picky.reached.wait()
        await app.pause(job.id)
        async for event in app.events(job.id):
            assert isinstance(event.news, Snapshot)
            seen_first = event.news.job
            assert (seen_first.state, seen_first.wait_reason) == ("waiting", "paused")
            break
        picky.gate.set()
        await app.resume(job.id)
        assert (await app.wait(job.id)).state is JobState.SUCCEEDED
        seen = await states_told(app, job)
    assert seen == ["queued", "running", "waiting", "queued", "running", "succeeded"]


async def test_the_last_progress_is_that_of_all_rows(tmp_path: Path) -> None:
    """Folders are listed but are no items; an archive inside, opened before, is counted once."""
    inside = packed(tmp_path / "in.zip", {f"{n}.jpg": photo(n) for n in range(12)})
    entries = {"sub/": b"", "sub/in.zip": inside.read_bytes()}
    entries |= {f"sub/{n}.jpg": photo(100 + n) for n in range(5)}
    source = packed(tmp_path / "out.zip", entries)
    home = Home(tmp_path)
    async with home.open(picky := held(tmp_path)) as app:
        job = await app.send(source, to="picky:")
        await picky.reached.wait()
    async with home.open(Picky(tmp_path / "library", {"sub/1.jpg": 1})) as app:
        await app.send(source, to="picky:")
        news = [event.news async for event in app.events(job.id)]
        report = await app.report(job.id)
    assert (report.totals.entries, report.totals.recovered) == (18, 1)
    shown = [one for one in news if isinstance(one, JobProgress)]
    assert all(one.items_total is None or one.items <= one.items_total for one in shown)
    assert all(one.overall is None or one.overall < 1 for one in shown[:-1])
    last = shown[-1]
    assert (last.items, last.items_total, last.overall) == (18, 18, 1.0)


async def test_a_job_that_lost_something_never_claims_the_end(tmp_path: Path) -> None:
    async with Home(tmp_path).open(Picky(tmp_path / "library", {"0.jpg": 9})) as app:
        job = (await finished(app, pictures(tmp_path, 2), to="picky:")).job
        progress = (await app.installation.ledger.heads([job.id]))[job.id].progress
    assert progress is not None
    assert (progress.items, progress.items_total) == (2, 2)
    assert progress.overall is None or progress.overall < 1


async def test_a_dropped_original_is_no_longer_counted_as_kept(tmp_path: Path) -> None:
    async with Home(tmp_path).open(Picky(tmp_path / "library", {"0.jpg": 9})) as app:
        job = (await finished(app, pictures(tmp_path, 2), to="picky:")).job
        (kept,) = await app.quarantined(job.id)
        await app.drop_quarantined(kept.id)
        report = await app.report(job.id)
        assert (report.totals.quarantined, report.totals.failed) == (0, 1)
        error = report.as_dict()["items"][0]["error"]
        assert f"`transload retry {job.id}`" in error["suggestion"]
        again = await app.retry(job.id)
        assert (await app.wait(again.id)).state is JobState.PARTIAL
        assert (await app.report(job.id)).totals.quarantined == 1


def locked(folder: Path) -> Path:
    """A zip whose first photo says that it is encrypted."""
    source = pictures(folder, 2, "locked")
    data = bytearray(source.read_bytes())
    data[6] |= 1  # the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the directory
    source.write_bytes(data)
    return source


async def test_a_job_that_needs_a_password_is_waited_for_until_it_waits(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with home.open() as app:
        job = await app.send(str(locked(tmp_path)), to=home.to, passwords=["one"])
        for word in ("two", "three"):
            waiting = await app.wait(job.id)
            assert needs_password(waiting)
            assert (await app.wait(job.id[:12])).state is JobState.WAITING
            assert (await app.give_password(job.id[:12], word)).state is JobState.QUEUED
        await app.wait(job.id)
        report = await app.report(job.id)
        assert (report.totals.sent, report.totals.failed) == (1, 0)
        given = await app.installation.ledger.passwords(job.id)
        assert [secret.text for secret in given] == ["one", "two", "three"]
        await app.cancel(job.id)
        assert (await app.wait(job.id)).state is JobState.CANCELLED
        with pytest.raises(UsageError, match="has ended"):
            await app.give_password(job.id, "four")
    assert len(home.delivered()) == 1
