"""How an attempt failed is in the rows: a wait, a need of a password, an end with its reason."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.jobs.site import pictures, site
from transload.entry import Opening, Secret
from transload.errors import (
    DiskFullError,
    LostLeaseError,
    PasswordNeededError,
    RemoteBusyError,
    UnreadableError,
    WrongPasswordError,
)
from transload.jobs.failures import first_of
from transload.model import ItemState, JobState, Lane
from transload.ports import Source, SourceRef, Sources
from transload.sources.registry import SourceRegistry
from transload.states import needs_password

pytestmark = pytest.mark.anyio


def test_a_lost_lease_decides_over_a_full_disk_over_the_rest() -> None:
    disk, lease, bad = DiskFullError(), LostLeaseError(), UnreadableError()
    inner = ExceptionGroup("inner", [disk])
    assert first_of(ExceptionGroup("all", [bad, inner, lease])) is lease
    assert first_of(ExceptionGroup("all", [bad, inner])) is disk
    assert first_of(bad) is bad


async def test_an_unforeseen_error_ends_the_job_as_our_bug_with_its_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(tmp_path) as here:
        job = await here.submit(pictures(tmp_path))
        here.picky.fault = ZeroDivisionError("cannot happen")
        with caplog.at_level(logging.ERROR):
            await here.run()
        ended = await here.parts.ledger.job(job.id)
        assert ended.state is JobState.FAILED
        assert ended.fault is not None
        assert ended.fault.kind == "internal.bug"
        assert set(await here.states(job)) == {ItemState.FAILED}
    (crash,) = [record for record in caplog.records if record.message == "task_crashed"]
    assert crash.exc_info is not None
    assert crash.exc_info[0] is ZeroDivisionError


async def test_a_full_disk_is_a_wait_that_ends_by_itself(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        job = await here.submit(pictures(tmp_path))
        here.picky.fault = DiskFullError()
        await here.run()
        waiting = await here.parts.ledger.job(job.id)
        assert (waiting.state, waiting.wait_reason) == (JobState.WAITING, "space")
        assert waiting.wait_until_ms == here.now_ms + 30_000
        assert await here.parts.leases.take(Lane.TRANSFER) is None
        here.picky.fault = None
        here.now_ms += 30_000
        await here.run()
        assert (await here.parts.ledger.job(job.id)).state is JobState.SUCCEEDED
        assert await here.states(job) == [ItemState.SENT] * 3


async def test_a_server_is_left_alone_as_long_as_it_asks(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        job = await here.submit(pictures(tmp_path))
        busy = RemoteBusyError()
        busy.retry_after_s = 90
        here.picky.fault = busy
        for _ in range(9):  # more than there are tries: being asked to wait is none
            await here.run()
            waiting = await here.parts.ledger.job(job.id)
            assert (waiting.state, waiting.wait_reason) == (JobState.WAITING, "retry")
            assert waiting.wait_until_ms is not None
            assert 90_000 <= waiting.wait_until_ms - here.now_ms <= 110_000
            here.now_ms = waiting.wait_until_ms
        here.picky.fault = None
        await here.run()
        assert (await here.parts.ledger.job(job.id)).state is JobState.SUCCEEDED


async def test_a_source_that_is_gone_fails_the_job_with_its_reason(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        source = pictures(tmp_path)
        job = await here.submit(source)
        source.unlink()
        await here.run()
        ended = await here.parts.ledger.job(job.id)
        assert ended.fault is not None
        assert (ended.state, ended.fault.kind) == (JobState.FAILED, "input.not_found")


@dataclass
class Sealed:
    """Sources under the scheme `sealed:`, whose names nobody reads without the right password."""

    inner: Sources

    def check(self, text: str) -> None:
        self.inner.check(text.removeprefix("sealed:"))

    def resolve(self, text: str) -> SourceRef:
        ref = self.inner.resolve(text.removeprefix("sealed:"))
        return replace(ref, ref=f"sealed:{ref.ref}")

    def open(self, ref: str, opening: Opening) -> Source:
        if not opening.passwords:
            raise PasswordNeededError("the names are encrypted")
        if Secret("right") not in opening.passwords:
            raise WrongPasswordError("the names are encrypted")
        return self.inner.open(ref.removeprefix("sealed:"), opening)


async def test_hidden_names_wait_for_the_right_password(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ledger = here.parts.ledger
        sources = here.parts.sources
        assert isinstance(sources, SourceRegistry)
        sources.add("sealed", lambda: Sealed(sources))
        job = await here.submit(Path(f"sealed:{pictures(tmp_path)}"))
        for kind, word in (
            ("input.password_needed", "wrong"),
            ("input.wrong_password", "right"),
        ):
            await here.run()
            waiting = await ledger.job(job.id)
            assert needs_password(waiting)
            assert waiting.fault is not None
            assert waiting.fault.kind == kind
            here.now_ms += 10**9
            assert await here.parts.leases.take(Lane.TRANSFER) is None
            await ledger.give_password(job.id, word)
        await here.run()
        assert (await ledger.job(job.id)).state is JobState.SUCCEEDED
        assert set(await here.states(job)) == {ItemState.SENT}
