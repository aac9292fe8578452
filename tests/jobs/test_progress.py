"""Progress is made of real counters and never claims the end."""

from transload.jobs.progress import TaskMeter
from transload.model import Done, Progress


def test_a_known_total_gives_a_share_that_stays_below_one() -> None:
    meter = TaskMeter("fetch", Done())
    meter.expect(4, 400)
    meter.closed(1, 100)
    told = meter.tell()
    assert (told["done"], told["total"], told["overall"], told["unit"]) == (100, 400, 0.25, "bytes")
    assert not meter.changed
    meter.sent(3, 300)
    told = meter.tell()
    assert told["overall"] == 0.999
    assert (told["items"], told["items_total"]) == (4, 4)


def test_without_a_total_there_is_no_share() -> None:
    meter = TaskMeter("fetch", Done())
    meter.read(50)
    assert meter.tell()["overall"] is None


def test_a_conversion_moves_the_share_by_its_part_of_the_item() -> None:
    meter = TaskMeter("convert", Done(9, 900, 10, 1000))
    meter.weigh(7, 100)
    meter.converting(7, Progress("convert", 5_000_000, 10_000_000, "us", rate=2.0, eta_s=3.0))
    told = meter.tell()
    assert told["overall"] == 0.95
    assert (told["stage"], told["unit"], told["done"], told["eta_s"]) == (
        "convert",
        "us",
        5_000_000,
        3.0,
    )
