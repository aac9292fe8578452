"""What a running task tells of itself, and the progress object made of it and of the job's rows.

Items and bytes that are finished are counted by the rows of the ledger alone: a task that begins again, an item that
was refused and then recovered, an archive that was opened before are counted once, however often they are met.
"""

import time

from transload.model import Done, JobProgress, Progress

RATE_WINDOW_S = 5.0  # the rate shown is that of the last seconds, so that it follows a slower disk
BELOW_END = 0.999  # `overall` of a job that has not succeeded yet


class TaskMeter:
    """The `Meter` port: the rate of reading, what is expected, the conversions under way."""

    def __init__(self, stage: str, *, item: str | None = None) -> None:
        self._stage = stage
        self._item = item  # the name of the one item this task is about
        # What one item is converted for was read through before: its job's rows are all there is.
        self._entries: int | None = None if item is None else 0
        self._size: int | None = None if item is None else 0
        self._read = 0
        self._running: dict[int, Progress] = {}
        self._sizes: dict[int, int] = {}
        self._marks = [(time.monotonic(), 0)]

    def expect(self, entries: int | None, size: int | None) -> None:
        """Set what the source's listing names, None where it does not tell."""
        self._entries, self._size = entries, size

    def read(self, size: int) -> None:
        """Add bytes taken from the source."""
        self._read += size

    def converting(self, item_id: int, progress: Progress) -> None:
        """The state of a running conversion."""
        self._running[item_id] = progress

    def weigh(self, item_id: int, size: int) -> None:
        """Tell how many source bytes a conversion stands for."""
        self._sizes[item_id] = size

    def leave(self, *item_ids: int) -> None:
        """Forget the conversions of items whose rows are about to say what became of them."""
        for item_id in item_ids:
            self._running.pop(item_id, None)
            self._sizes.pop(item_id, None)

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

    def tell(self, rows: Done) -> JobProgress:
        """The progress of the job, of which `rows` is what is finished."""
        inner = next(iter(self._running.values()), None)
        # A listing may name less than there are rows: archives inside, opened before, are not opened again.
        entries = None if self._entries is None else max(self._entries, rows.total_items)
        total = None if self._size is None else max(self._size, rows.total_bytes)
        done = rows.size_bytes + self._partly()
        done = done if total is None else min(done, total)
        rate = self._rate()
        shown = inner or Progress(
            self._stage,
            done,
            total,
            "bytes",
            rate,
            (total - done) / rate if total and rate else None,
        )
        return JobProgress(
            stage=self._stage,
            item=self._item,
            done=shown.done,
            total=shown.total,
            unit=shown.unit,
            rate=shown.rate,
            eta_s=shown.eta_s,
            overall=min(BELOW_END, done / total) if total else None,
            items=rows.items,
            items_total=entries,
        )
