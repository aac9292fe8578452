"""What goes into a row comes out the same."""

import pytest

from tests.ledger.conftest import Desk
from transload.events import Warned
from transload.faults import Fault
from transload.ledger.rows import (
    OPTIONS,
    announce,
    fault_or_none,
    fault_to_json,
    job_options,
    judgement_from_json,
    judgement_to_json,
)
from transload.model import ItemKind, Judgement, Verdict
from transload.plans import TranscodePlan


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(ItemKind.PHOTO, Verdict.AS_IS, "a photo"),
        Judgement(
            ItemKind.VIDEO, Verdict.TRANSCODE, "old", suffix=".mp4", deferred=True, partial=True, cost_s=1.5,
            plan=TranscodePlan(sniffed="mov", hdr=True),
            fault=Fault("input.corrupt", "x"), width=1, height=2, duration_s=3.0,
        ),
    ],
)  # fmt: skip
def test_a_judgement_survives_its_row(judgement: Judgement) -> None:
    assert judgement_from_json(judgement_to_json(judgement)) == judgement


def test_no_fault_stays_none() -> None:
    assert fault_or_none(None) is None
    assert fault_to_json(None) is None
    fault = Fault("input.corrupt", "x")
    assert fault_or_none(fault_to_json(fault)) == fault


@pytest.mark.anyio
async def test_the_options_of_a_job_survive_its_row(desk: Desk) -> None:
    job = await desk.submit(
        include=("*.jpg",), exclude=("a", "b"), sort="name", originals="drop", caption="hi"
    )
    told = job_options(job)
    assert (told["include"], told["exclude"]) == (["*.jpg"], ["a", "b"])
    assert (told["sort"], told["originals"], told["caption"]) == ("name", "drop", "hi")
    assert set(job_options(job)) == set(OPTIONS)


pytestmark = pytest.mark.anyio


async def test_numbers_follow_each_other_and_a_failed_change_takes_none(desk: Desk) -> None:
    job = await desk.submit()

    def fail() -> None:
        with desk.database.begin() as db:
            announce(db, job.id, 1, Warned("lost"))
            raise ZeroDivisionError

    for n in range(3):
        with desk.database.begin() as db:
            announce(db, job.id, n, Warned(f"{n}"))
        with pytest.raises(ZeroDivisionError):
            fail()
    told = await desk.events(job.id, job.seq)
    assert [(event.seq, event.news) for event in told] == [
        (job.seq + 1 + n, Warned(f"{n}")) for n in range(3)
    ]
    assert (await desk.ledger.job(job.id)).seq == job.seq + 3
