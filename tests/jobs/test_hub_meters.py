"""Progress is made of rows and of the work under way, and never claims the end."""

from transload.jobs.hub import TaskMeter
from transload.model import Done, Progress


def test_a_known_total_gives_a_share_that_stays_below_one() -> None:
    meter = TaskMeter("fetch")
    meter.expect(4, 400)
    told = meter.tell(Done(1, 100, 2, 200))
    assert (told.done, told.total, told.overall, told.unit) == (100, 400, 0.25, "bytes")
    told = meter.tell(Done(4, 400, 4, 400))
    assert told.overall == 0.999
    assert (told.items, told.items_total) == (4, 4)


def test_before_the_source_told_there_is_no_share() -> None:
    meter = TaskMeter("fetch")
    meter.read(50)
    told = meter.tell(Done(9, 900, 10, 1000))
    assert (told.overall, told.items_total, told.items) == (None, None, 9)


def test_rows_that_the_listing_does_not_name_are_expected_too() -> None:
    """An archive inside that was opened by an earlier run is not opened again."""
    meter = TaskMeter("fetch")
    meter.expect(8, 800)
    told = meter.tell(Done(17, 1700, 17, 1700))
    assert (told.items, told.items_total) == (17, 17)
    assert told.overall == 0.999
    assert told.eta_s is None or told.eta_s >= 0


def test_a_conversion_moves_the_share_by_its_part_of_the_item() -> None:
    meter = TaskMeter("convert", item="clip.avi")
    meter.weigh(7, 100)
    meter.converting(7, Progress("convert", 5_000_000, 10_000_000, "us", rate=2.0, eta_s=3.0))
    rows = Done(9, 900, 10, 1000)
    told = meter.tell(rows)
    assert told.overall == 0.95
    assert (told.stage, told.unit, told.done, told.eta_s, told.item) == (
        "convert",
        "us",
        5_000_000,
        3.0,
        "clip.avi",
    )
    meter.leave(7)
    assert meter.tell(rows).overall == 0.9


def test_what_is_converted_is_never_more_than_all() -> None:
    meter = TaskMeter("convert", item="clip.avi")
    meter.weigh(7, 100)
    meter.converting(7, Progress("convert", 10_000_000, 10_000_000, "us"))
    assert meter.tell(Done(10, 1000, 10, 1000)).overall == 0.999


def test_a_share_never_goes_back() -> None:
    meter = TaskMeter("fetch")
    meter.expect(4, 400)
    half, quarter = meter.tell(Done(2, 200, 4, 400)), meter.tell(Done(1, 100, 4, 400))
    assert quarter.after(None) == quarter
    assert (quarter.after(half).overall, quarter.after(half).items) == (0.5, 1)
    assert TaskMeter("fetch").tell(Done()).after(half).overall == 0.5
