"""What became of items, in words: each outcome has one wording, whoever tells it."""

from collections import Counter
from dataclasses import dataclass

from transload.errors import KINDS
from transload.faults import NextStep, Step
from transload.model import Item, ItemState, Verdict
from transload.present.next_steps import next_step, reason_text, sentence

LOST = frozenset({ItemState.QUARANTINED, ItemState.FAILED})
"""Did not arrive although nobody called it off."""
NOTHING_NEW = "nothing was sent, it was all done before"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A way of converting: of one item and of many after a number, and as what was done to one."""

    one: str
    many: str
    done: str


CONVERSIONS = {
    Verdict.REWRAP: Conversion(
        "repacked without loss", "repacked without loss", "Repacked without loss"
    ),
    Verdict.AUDIO: Conversion(
        "sound track", "sound tracks", "Sound track converted, picture untouched"
    ),
    Verdict.TRANSCODE: Conversion("video", "videos", "Video converted"),
    Verdict.SHRINK: Conversion("photo", "photos", "Photo converted"),
    Verdict.ANIMATION: Conversion("animation", "animations", "Animation converted"),
}


@dataclass(frozen=True, slots=True)
class Loss:
    """Why an item did not arrive and what can be done about it."""

    title: str
    detail: str
    step: str


def conversions_text(numbers: Counter[Verdict]) -> str:
    """`6 photos, 1 sound track`."""
    return ", ".join(
        f"{number:,} {CONVERSIONS[verdict].one if number == 1 else CONVERSIONS[verdict].many}"
        for verdict, number in numbers.items()
    )


def conversion_text(item: Item) -> str:
    """What was done to a delivered item and why; empty when it is as it was."""
    if item.verdict is None or item.verdict not in CONVERSIONS:
        return ""
    done = CONVERSIONS[item.verdict].done
    return f"{done}: {item.why}" if item.why else done


def loss_of(item: Item) -> Loss:
    """What is told of an item that did not arrive."""
    if item.fault is None:
        title = "Cancelled" if item.state is ItemState.CANCELLED else "Not delivered"
        return Loss(title, item.why, sentence(Step(NextStep.RETRY_JOB), job_id=item.job_id))
    step = next_step(item.fault, job_id=item.job_id, command="send")
    return Loss(KINDS[item.fault.kind].title, item.fault.detail, step)


def count_reason(reasons: Counter[str], why: str, most: int) -> None:
    """Count a reason; after the first `most` of them all others are one."""
    told = reason_text(why)
    known = told in reasons or len(reasons) < most
    reasons[told if known else "other reasons"] += 1
