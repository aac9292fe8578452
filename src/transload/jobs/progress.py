"""Counters of one running task and the progress object made of them. Only real work moves them."""

import time
from typing import Any

from transload.model import Done, Progress

RATE_WINDOW_S = 5.0  # the rate shown is that of the last seconds, so that it follows a slower disk


class TaskMeter:
    """The `Meter` port: counts, and tells. `changed` is true once after each change."""

    def __init__(self, stage: str, before: Done) -> None:
        self._stage = stage
        self._items, self._bytes = before.items, before.size_bytes
        self._total_items, self._total_bytes = before.total_items, before.total_bytes
        self._read = 0
        self._running: dict[int, Progress] = {}
        self._sizes: dict[int, int] = {}
        self._marks = [(time.monotonic(), 0)]
        self.item: str | None = None  # the name of the one item this task is about
        self.changed = True

    def expect(self, entries: int | None, size: int | None) -> None:
        """Set the totals of the job where they are known."""
        self._total_items, self._total_bytes = entries, size
        self.changed = True

    def read(self, size: int) -> None:
        """Add bytes taken from the source."""
        self._read += size
        self.changed = True

    def sent(self, items: int, size: int) -> None:
        """Add deliveries; what was converted for them is done."""
        self._running.clear()
        self.closed(items, size)

    def closed(self, items: int, size: int) -> None:
        """Add items that are finished with."""
        self._items += items
        self._bytes += size
        self.changed = True

    def converting(self, item_id: int, progress: Progress) -> None:
        """The state of a running conversion."""
        self._running[item_id] = progress
        self.changed = True

    def weigh(self, item_id: int, size: int) -> None:
        """Tell how many source bytes a conversion stands for."""
        self._sizes[item_id] = size

    def _partly(self) -> int:
        """Bytes that running conversions have worked off."""
        return sum(
            int(self._sizes.get(item_id, 0) * min(1.0, one.done / one.total))
            for item_id, one in self._running.items()
            if one.total
        )

    def _rate(self) -> float | None:
        now = time.monotonic()
        self._marks = [m for m in self._marks if now - m[0] <= RATE_WINDOW_S] + [(now, self._read)]
        (first, read), (last, _) = self._marks[0], self._marks[-1]
        return (self._read - read) / (last - first) if last - first > 1 else None

    def tell(self) -> dict[str, Any]:
        """The progress object of the contract, as JSON types; also the counters of items."""
        self.changed = False
        inner = next(iter(self._running.values()), None)
        done, total, rate = self._bytes + self._partly(), self._total_bytes, self._rate()
        overall = None if not total else min(0.999, done / total)  # 1.0 only with `succeeded`
        eta = (total - done) / rate if total and rate else None
        return {
            "stage": self._stage,
            "item": self.item,
            "done": inner.done if inner else done,
            "total": inner.total if inner else total,
            "unit": inner.unit if inner else "bytes",
            "rate": inner.rate if inner else rate,
            "eta_s": inner.eta_s if inner else eta,
            "overall": overall,
            "items": self._items,
            "items_total": self._total_items,
        }
