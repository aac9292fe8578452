"""What a dry run found, in words: an entry, and the sums over a source."""

from dataclasses import dataclass

from transload.errors import KINDS, LOCKED
from transload.faults import EXIT_INPUT, EXIT_OK, EXIT_PARTIAL, Fault
from transload.json_codec import JsonObject
from transload.model import Inspection, ItemKind, Verdict
from transload.present.next_steps import reason_text
from transload.present.text import clean, count_text, size_text, time_text


@dataclass(slots=True)
class Cost:
    """Sums over the entries of a source: numbers, bytes, seconds of processor time."""

    entries: int = 0
    opened: int = 0  # archives, of those that are skipped
    fault: Fault | None = None  # what nothing could be sent for
    delivered: int = 0
    skipped: int = 0
    unsavable: int = 0
    locked: int = 0
    converted: int = 0
    deliver_bytes: int = 0
    scratch_bytes: int = 0
    convert_s: float = 0.0

    def add(self, one: Inspection) -> None:
        """Count one entry."""
        self.entries += 1
        match one.judgement.verdict:
            case Verdict.SKIP:
                self.skipped += 1
                self.opened += one.judgement.kind is ItemKind.ARCHIVE
            case Verdict.UNSAVABLE if _is_locked(one):
                self.locked += 1
            case Verdict.UNSAVABLE:
                self.unsavable += 1
            case verdict:
                self.delivered += 1
                self.deliver_bytes += one.size or 0
                self.converted += verdict is not Verdict.AS_IS
                self.convert_s += one.judgement.cost_s

    @property
    def exit_status(self) -> int:
        """What a job would end with: whether a password is needed, or something could not be delivered."""
        if self.fault is not None:
            return KINDS[self.fault.kind].exit_status
        if self.locked:
            return EXIT_INPUT
        return EXIT_PARTIAL if self.unsavable else EXIT_OK

    def as_dict(self) -> JsonObject:
        """The sums as JSON types."""
        sums = set(type(self).__slots__) - {"fault", "opened"}
        return {name: getattr(self, name) for name in type(self).__slots__ if name in sums}


def _is_locked(one: Inspection) -> bool:
    fault = one.judgement.fault
    return fault is not None and fault.kind in LOCKED


def entry_line(one: Inspection) -> str:
    """One entry for a person."""
    judgement = one.judgement
    verdict = "locked" if _is_locked(one) else judgement.verdict.value
    words = f"{verdict:<10} {size_text(one.size):>9}  {clean(one.name)}"
    return f"{words}  ({clean(reason_text(judgement.why))})"


def cost_lines(cost: Cost, unlock: str) -> list[str]:
    """The sums for a person; `unlock` says how to give a password."""
    return [
        f"{count_text(cost.delivered, 'item')} of {cost.entries:,} would be delivered, {size_text(cost.deliver_bytes)}",
        f"  skipped {cost.skipped:,}, cannot be saved {cost.unsavable:,}",
        *([f"  locked {cost.locked:,}: {unlock}"] if cost.locked else []),
        f"  converted {cost.converted:,}, about {time_text(cost.convert_s)} of processor time",
        f"  disk needed on the way: at most {size_text(cost.scratch_bytes)}",
        "nothing was sent",
    ]
