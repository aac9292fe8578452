"""One wording of each outcome."""

from collections import Counter

from transload.faults import Fault
from transload.model import Item, ItemState, Verdict
from transload.present.status import (
    CONVERSIONS,
    conversion_text,
    conversions_text,
    count_reason,
    loss_of,
)


def an_item(state: ItemState, verdict: Verdict | None = None, fault: Fault | None = None) -> Item:
    """An item in a state."""
    return Item(0, "01J", 0, "a.jpg", 5, state, verdict=verdict, why="so", fault=fault)


def test_whatever_is_delivered_changed_has_words() -> None:
    untouched = {Verdict.AS_IS, Verdict.SKIP, Verdict.UNSAVABLE}
    assert CONVERSIONS.keys() == set(Verdict) - untouched


def test_conversions_are_counted_in_words() -> None:
    numbers = Counter({Verdict.SHRINK: 2, Verdict.TRANSCODE: 1, Verdict.REWRAP: 1})
    assert conversions_text(numbers) == "2 photos, 1 video, 1 repacked without loss"


def test_a_conversion_comes_with_its_reason() -> None:
    assert conversion_text(an_item(ItemState.SENT, Verdict.SHRINK)) == "Photo converted: so"
    assert conversion_text(an_item(ItemState.SENT, Verdict.AS_IS)) == ""


def test_a_loss_names_reason_and_next_step() -> None:
    loss = loss_of(an_item(ItemState.FAILED, fault=Fault("convert.failed", "no frame")))
    assert (loss.title, loss.detail) == ("Conversion failed", "no frame")
    assert "quarantine list" in loss.step


def test_a_loss_without_a_fault_can_be_retried() -> None:
    loss = loss_of(an_item(ItemState.CANCELLED))
    assert (loss.title, loss.detail) == ("Cancelled", "so")
    assert "`transload retry 01J`" in loss.step


def test_reasons_are_bounded() -> None:
    reasons = Counter[str]()
    for number in range(10):
        count_reason(reasons, f"why {number % 5}", 3)
    assert reasons == {"why 0": 2, "why 1": 2, "why 2": 2, "other reasons": 4}
