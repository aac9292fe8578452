"""Progress is made of rows and of the work under way, and never claims the end."""

from transload.jobs.hub import TaskMeter
from transload.model import FinishedPart, Progress


def test_a_known_total_gives_a_share_that_stays_below_one() -> None:
    meter = TaskMeter("fetch")
    meter.expect(4, 400)
    now = meter.progress(FinishedPart(1, 100, 2, 200))
    assert (now.done, now.total, now.overall, now.unit) == (100, 400, 0.25, "bytes")
    now = meter.progress(FinishedPart(4, 400, 4, 400))
    assert now.overall == 0.999
    assert (now.items, now.items_total) == (4, 4)


def test_before_the_source_told_there_is_no_share() -> None:
    meter = TaskMeter("fetch")
    meter.read(50)
    now = meter.progress(FinishedPart(9, 900, 10, 1000))
    assert (now.overall, now.items_total, now.items) == (None, None, 9)


def test_rows_that_the_listing_does_not_name_are_expected_too() -> None:
    """An archive inside that was opened by an earlier run is not opened again."""
    meter = TaskMeter("fetch")
    meter.expect(8, 800)
    now = meter.progress(FinishedPart(17, 1700, 17, 1700))
    assert (now.items, now.items_total) == (17, 17)
    assert now.overall == 0.999
    assert now.eta_s is None or now.eta_s >= 0


def test_a_conversion_moves_the_share_by_its_part_of_the_item() -> None:
    meter = TaskMeter("convert", item="clip.avi")
    meter.weigh(7, 100)
    meter.under_way(7, Progress("convert", 5_000_000, 10_000_000, "us", rate=2.0, eta_s=3.0))
    rows = FinishedPart(9, 900, 10, 1000)
    now = meter.progress(rows)
    assert now.overall == 0.95
    assert (now.stage, now.unit, now.done, now.eta_s, now.item) == (
        "convert",
        "us",
        5_000_000,
        3.0,
        "clip.avi",
    )
    meter.leave(7)
    assert meter.progress(rows).overall == 0.9


def test_what_is_converted_is_never_more_than_all() -> None:
    meter = TaskMeter("convert", item="clip.avi")
    meter.weigh(7, 100)
    meter.under_way(7, Progress("convert", 10_000_000, 10_000_000, "us"))
    assert meter.progress(FinishedPart(10, 1000, 10, 1000)).overall == 0.999


def test_a_share_never_goes_back() -> None:
    meter = TaskMeter("fetch")
    meter.expect(4, 400)
    half, quarter = (
        meter.progress(FinishedPart(2, 200, 4, 400)),
        meter.progress(FinishedPart(1, 100, 4, 400)),
    )
    assert quarter.after(None) == quarter
    assert (quarter.after(half).overall, quarter.after(half).items) == (0.5, 1)
    assert TaskMeter("fetch").progress(FinishedPart()).after(half).overall == 0.5
