"""How far a conversion is: never back, never beyond the whole, at the rate of this run."""

import anyio
import pytest

from transload.media.encode.ffmpeg import Counters
from transload.media.encode.progress import ProgressReporter
from transload.model import Progress


@pytest.mark.anyio
async def test_it_never_goes_back_nor_beyond_the_whole() -> None:
    told: list[Progress] = []
    teller = ProgressReporter(2.0, told.append, anyio.current_time() - 1.0)
    for out_us in (500_000, 400_000, 1_500_000, 2_600_000):
        teller.tell(Counters(out_us=out_us))
    assert [one.done for one in told] == [500_000, 500_000, 1_500_000, 2_000_000]
    assert {one.total for one in told} == {2_000_000}
    assert told[0].eta_s == pytest.approx(3.0, rel=0.2)
    assert told[-1].eta_s == 0


@pytest.mark.anyio
async def test_what_an_earlier_run_made_is_no_rate_of_this_one() -> None:
    told: list[Progress] = []
    teller = ProgressReporter(10.0, told.append, anyio.current_time() - 1.0)
    teller.reached(6_000_000)
    teller.reached(7_000_000)
    assert told[0].rate is None
    assert told[1].rate == pytest.approx(1_000_000, rel=0.2)


@pytest.mark.anyio
async def test_without_a_length_only_what_is_done_is_told() -> None:
    told: list[Progress] = []
    ProgressReporter(None, told.append, anyio.current_time() - 1.0).tell(Counters(out_us=700_000))
    assert (told[0].done, told[0].total, told[0].eta_s) == (700_000, None, None)
